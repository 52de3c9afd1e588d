"""
Ladders: what a year's growth asks of each quarter and month, and whether typed rates agree with each other.

"+25 % a year" can be climbed in several ways that all sound alike; each typed rate is therefore followed in every way in
which people mean it (`Reading`), and the gap is told in money. Arithmetic only: no Django, no tables, no clock.

Rates and growths are fractions (0.25 = +25 %); money is Decimal. A base is the twelve months that the growth is counted
from, in fiscal order; the n-th step of a ladder stands on the n-th month (or quarter) of the base, so that the base's
season stays in it.

Source of the equations: geometric series; the roots are bracketed between 0 and the growth, see `step_for_total`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from itertools import pairwise

from scipy.optimize import brentq

from core.money import CENT, split_amount

QUARTERS, MONTHS = 4, 12
AGREES = 0.0005  # growths closer than 0.05 points are one growth, typed with fewer digits
FAR = 0.005  # rates further apart than half a point are no matter of rounding
STEEP = 1.3  # an exit growth above this multiple of the year's leans on its last months


class Reading(StrEnum):
    """What a rate per step can mean."""

    EACH = "each"  # every period by so much above the same period of the base
    SUM = "sum"  # the rates of all steps, added up
    EXIT = "exit"  # compounded: the last step against the level before the first
    TOTAL = "total"  # compounded, and the year's total counted against the base's total


class Keep(StrEnum):
    """Which of the typed rates a repair keeps."""

    YEAR = "year"
    QUARTERS = "quarters"
    MONTHS = "months"


class Severity(StrEnum):
    """How much a finding matters."""

    AGREES = "agrees"
    ROUNDING = "rounding"
    CONTRADICTS = "contradicts"


@dataclass(frozen=True)
class Rates:
    """What was typed: growth of the year, and per quarter and month; None = not typed."""

    year: float
    quarter: float | None = None
    month: float | None = None


@dataclass(frozen=True)
class Step:
    """
    One rate per step, followed in one reading.

    :param steps: 4 quarters or 12 months
    :param typed: the rate that was typed; None where only what is needed is asked
    :param needed: the rate that leads to the year's growth
    :param leads_to: the growth of the year that the typed rate leads to
    :param gap: what the year would then bring less (below zero) or more than asked for, in money
    """

    steps: int
    reading: Reading
    needed: float
    typed: float | None = None
    leads_to: float | None = None
    gap: Decimal | None = None

    @property
    def agrees(self) -> bool:
        return self.typed is None or abs(self.typed - self.needed) < AGREES / self.steps


@dataclass(frozen=True)
class Finding:
    """
    Whether the typed rates agree, in the reading that suits them best.

    :param off: by how much the worst of them misses the year's growth in that reading
    :param quarter_by_months: what three typed months make of a quarter; None unless both were typed
    """

    severity: Severity
    reading: Reading | None
    off: float
    steps: tuple[Step, ...]
    quarter_by_months: float | None


@dataclass(frozen=True)
class Ladder:
    """
    Twelve months that are climbed.

    Shapes: months (12,), quarters (4,).  year, quarter, month: the growth of the total and the rates per step. exit: the
    last month against the base's last month. last_quarter, base_last_quarter: shares of the year, in [0, 1].
    """

    keep: Keep
    months: tuple[Decimal, ...]
    year: float
    quarter: float
    month: float
    exit: float
    last_quarter: float
    base_last_quarter: float

    @property
    def total(self) -> Decimal:
        return sum(self.months, Decimal(0))

    @property
    def quarters(self) -> tuple[Decimal, ...]:
        return by_quarter(self.months)

    @property
    def is_steep(self) -> bool:
        """Is the year's growth won only if its last months far exceed it?"""
        return self.year > 0 and self.exit > STEEP * self.year


def growth(total: Decimal, base: Decimal) -> float | None:
    """Return how much a total is above a base, as a fraction; None where there is no base to grow from."""
    return float(total / base) - 1 if base > 0 else None


def by_quarter(months: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """(12,) months → (4,) quarters."""
    return tuple(sum(months[first : first + 3], Decimal(0)) for first in range(0, MONTHS, 3))


def total_of_steps(rate: float, base: Sequence[float]) -> float:
    """
    Return the growth of the total when step k brings base[k] * (1 + rate) ** (k + 1).

    Shapes: base (n,), zero or more, not all zero; any unit.
    """
    return sum(part * (1 + rate) ** step for step, part in enumerate(base, 1)) / sum(base) - 1


def step_for_total(growth: float, base: Sequence[float]) -> float:
    """
    Return the rate per step with which the total grows by `growth` over the base's total.

    Shapes: base (n,), zero or more, not all zero. Method: the total rises strictly with the rate and is at least as far
    from the base's as one step is, so the only root lies between 0 and the growth (Brent's method, to 1e-14).
    :raises ValueError: for a growth of -1 or less, or a base that is all zero
    """
    if growth <= -1:
        raise ValueError("A total cannot shrink to nothing by steps.")
    if not any(part > 0 for part in base):
        raise ValueError("There is no base to grow from.")
    if growth == 0:
        return 0.0
    margin = 1e-9 * (1 + growth)  # where the first step has everything, the root is the growth itself
    low, high = min(0.0, growth) - margin, max(0.0, growth) + margin
    return float(brentq(lambda rate: total_of_steps(rate, base) - growth, low, high, xtol=1e-14))


def step_for_exit(growth: float, steps: int) -> float:
    """Return the rate per step that compounds to `growth` after so many steps. :raises ValueError: at -1 or below"""
    if growth <= -1:
        raise ValueError("A level cannot shrink to nothing by steps.")
    return (1 + growth) ** (1 / steps) - 1


def needed_steps(year: float, base: Sequence[Decimal]) -> tuple[Step, ...]:
    """Return what a quarter and a month must bring for a growth of the year, in every reading. Shapes: base (12,)"""
    return followed(Rates(year), base)


def followed(rates: Rates, base: Sequence[Decimal]) -> tuple[Step, ...]:
    """
    Follow every typed rate in every reading; a rate that was not typed is told as it is needed.

    Shapes: base (12,). :raises ValueError: as `step_for_total`
    """
    whole = sum(base, Decimal(0))
    return tuple(
        _step(rates.year, typed, parts, reading, whole)
        for typed, parts in (
            (rates.quarter, [float(part) for part in by_quarter(base)]),
            (rates.month, [float(part) for part in base]),
        )
        for reading in Reading
    )


def _step(year: float, typed: float | None, base: Sequence[float], reading: Reading, whole: Decimal) -> Step:
    steps = len(base)
    match reading:
        case Reading.EACH:
            needed, leads_to = year, typed
        case Reading.SUM:
            needed, leads_to = year / steps, None if typed is None else typed * steps
        case Reading.EXIT:
            needed, leads_to = step_for_exit(year, steps), None if typed is None else (1 + typed) ** steps - 1
        case Reading.TOTAL:
            needed, leads_to = step_for_total(year, base), None if typed is None else total_of_steps(typed, base)
    gap = None if leads_to is None else (whole * Decimal(repr(leads_to - year))).quantize(CENT)
    return Step(steps, reading, needed, typed, leads_to, gap)


def check(rates: Rates, base: Sequence[Decimal]) -> Finding:
    """
    Tell whether typed rates agree: there must be one reading in which every one of them leads to the year's growth.

    Shapes: base (12,). :raises ValueError: as `step_for_total`
    """
    steps = followed(rates, base)
    typed = [step for step in steps if step.leads_to is not None]
    by_months = None if rates.quarter is None or rates.month is None else (1 + rates.month) ** 3 - 1
    if not typed:
        return Finding(Severity.AGREES, None, 0.0, steps, by_months)
    off = {
        reading: max(abs((step.leads_to or 0.0) - rates.year) for step in typed if step.reading == reading)
        for reading in Reading
    }
    best = min(off, key=lambda reading: off[reading])
    if all(step.agrees for step in typed if step.reading == best):
        severity = Severity.AGREES
    else:
        severity = Severity.ROUNDING if off[best] <= FAR else Severity.CONTRADICTS
    return Finding(severity, best, off[best], steps, by_months)


def ladder(keep: Keep, rates: Rates, base: Sequence[Decimal], *, unit: Decimal = CENT) -> Ladder:
    """
    Return the twelve months of a ladder that keeps one of the typed rates and lets the others follow.

    Shapes: base (12,), zero or more, not all zero. The months add up to the total exactly (largest remainder).
    KEEP.YEAR climbs by one rate a month so that the total grows by the year's; QUARTERS climbs from quarter to quarter, and
    within a quarter as the base does with the matching rate a month; MONTHS climbs from month to month.
    :raises ValueError: where the rate to keep was not typed, is -1 or less, or the base is all zero
    """
    parts = [float(part) for part in base]
    if not any(part > 0 for part in parts):
        raise ValueError("There is no base to grow from.")
    whole = sum(base, Decimal(0))
    match keep:
        case Keep.YEAR:
            month = step_for_total(rates.year, parts)
            total = _money(whole, rates.year, unit)
            months = split_amount(total, _climbed(parts, month), unit=unit)
        case Keep.QUARTERS:
            if rates.quarter is None or rates.quarter <= -1:
                raise ValueError("There is no rate per quarter to keep.")
            month = step_for_exit(rates.quarter, 3)
            months = ()
            for number, whole_quarter in enumerate(by_quarter(base), 1):
                inside = parts[3 * number - 3 : 3 * number]
                total = _money(whole_quarter, (1 + rates.quarter) ** number - 1, unit)
                months += split_amount(total, _climbed(inside, month), unit=unit) if any(inside) else (Decimal(0),) * 3
        case Keep.MONTHS:
            if rates.month is None or rates.month <= -1:
                raise ValueError("There is no rate per month to keep.")
            month = rates.month
            months = tuple(_money(part, (1 + month) ** step - 1, unit) for step, part in enumerate(base, 1))
    reached = growth(sum(months, Decimal(0)), whole) or 0.0
    quarter = (
        rates.quarter
        if keep is Keep.QUARTERS and rates.quarter is not None
        else step_for_total(max(reached, -0.999999), [float(part) for part in by_quarter(base)])
    )
    return Ladder(
        keep=keep,
        months=months,
        year=rates.year if keep is Keep.YEAR else reached,
        quarter=quarter,
        month=month,
        exit=(1 + month) ** MONTHS - 1,
        last_quarter=_share(by_quarter(months)),
        base_last_quarter=_share(by_quarter(base)),
    )


def year_on_year(months: Sequence[Decimal], base: Sequence[Decimal]) -> tuple[float | None, ...]:
    """Return how much each period is above the base's; None where the base has nothing. Shapes: (n,), (n,) → (n,)"""
    return tuple(growth(part, was) for part, was in zip(months, base, strict=True))


def one_after_another(months: Sequence[Decimal]) -> tuple[float | None, ...]:
    """Return how much each period is above the one before it; None where that has nothing. Shapes: (n,) → (n - 1,)"""
    return tuple(growth(after, before) for before, after in pairwise(months))


def _climbed(base: Sequence[float], rate: float) -> list[float]:
    return [part * (1 + rate) ** step for step, part in enumerate(base, 1)]


def _money(amount: Decimal, growth: float, unit: Decimal) -> Decimal:
    """Return an amount grown and rounded to the unit, half to even."""
    with localcontext(prec=40):
        return ((amount * (1 + Decimal(repr(growth)))) / unit).quantize(Decimal(1)) * unit


def _share(quarters: Sequence[Decimal]) -> float:
    whole = sum(quarters, Decimal(0))
    return float(quarters[-1] / whole) if whole else 0.0
