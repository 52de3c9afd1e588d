"""
Scenarios: what the published night becomes when levers are moved. No forecast is run; the answer is a few sums per period.

Win rate moves the open pipeline and deals not yet created, the price both of them, lead volume the deals not yet created (the
forecast has their lag from creation to win). People: the difference of two capacities, with and without the change, in the
months after the night's own; the forecast itself knows no hires, planned ones neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Q

from core.models import JobRun
from core.periods import month_start
from planning.forecasting.scenarios import Landing, Levers, Moved, moved
from planning.models import NodeForecast, Plan, Scenario
from teams.models import OrgUnit, PlannedHire, User

from .capacity import Case, capacities_of
from .forecasts import MONTH_PERIODS, QUANTILES, QUARTER_PERIODS, YEAR, Node
from .outline import row_key
from .snapshot import PERIODS, SPANS

SHOWN = (*MONTH_PERIODS, *QUARTER_PERIODS, YEAR)
_SPAN = {period: SPANS[PERIODS.index(period)].tolist() for period in SHOWN}


@dataclass(frozen=True)
class Wish:
    """The levers of a scenario; `hires` people start in `unit` in the month `month`."""

    win_rate: float = 1.0
    price: float = 1.0
    leads: float = 1.0
    ramp: float = 1.0
    hires: int = 0
    unit: OrgUnit | None = None
    month: date | None = None

    @classmethod
    def of(cls, row: Scenario) -> "Wish":
        return cls(row.win_rate, row.price, row.leads, row.ramp, row.hires, row.hires_unit, row.hires_month)

    @property
    def moves_people(self) -> bool:
        return bool(self.hires) or self.ramp != 1.0

    @property
    def is_baseline(self) -> bool:
        return not self.moves_people and (self.win_rate, self.price, self.leads) == (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class PeriodPlay:
    """One period of a node: the night's row, and what it becomes."""

    row: NodeForecast
    moved: Moved


@dataclass(frozen=True)
class Play:
    """
    What a wish leads to, by key of the node and period.

    :param without: people whose change in capacity is not known for want of a full quota
    """

    wish: Wish
    by_key: Mapping[str, Mapping[str, PeriodPlay]]
    without: int

    def of(self, node: Node) -> Mapping[str, PeriodPlay]:
        unit, person = node.unit.pk if node.unit else None, node.person.pk if node.person else None
        return self.by_key.get(row_key(unit=unit, person=person), {})

    def year(self, node: Node) -> PeriodPlay | None:
        return self.of(node).get(YEAR)


def night_rows(run: JobRun, user: User, *, node: Node | None = None) -> list[NodeForecast]:
    """
    Return the months, quarters and years of a night that somebody sees. One query.

    :param node: only its own, and the years of the units directly below: what a page shows; None = everybody's
    """
    rows = NodeForecast.objects.filter(run=run, period__in=SHOWN).visible_to(user)
    if node is not None:
        shown = Q(unit=node.unit, person=node.person)
        rows = rows.filter(shown | Q(unit__parent=node.unit, period=YEAR) if node.unit else shown)
    return list(rows.select_related("unit", "person").order_by("pk"))


def plays(*, plan: Plan, run: JobRun, rows: Sequence[NodeForecast], wishes: Sequence[Wish]) -> list[Play]:
    """Return what several wishes make of a night. The queries do not depend on the number of rows or wishes."""
    people = [wish for wish in wishes if wish.moves_people]
    added = dict(zip(map(id, people), _people(plan, run, people), strict=True)) if people else {}
    return [_play(wish, rows, *added.get(id(wish), ({}, 0))) for wish in wishes]


def _play(wish: Wish, rows: Sequence[NodeForecast], added: Mapping[str, Sequence[float]], without: int) -> Play:
    levers = Levers(wish.win_rate, wish.price, wish.leads)
    found: dict[str, dict[str, PeriodPlay]] = {}
    for row in rows:
        key = row_key(unit=row.unit_id, person=row.person_id)
        first, stop = _SPAN[row.period]
        more = sum(added[key][first:stop]) if key in added else 0.0
        found.setdefault(key, {})[row.period] = PeriodPlay(row, moved(landing_of(row), levers, added=more))
    return Play(wish, found, without)


def landing_of(row: NodeForecast) -> Landing:
    """A night's row as the arithmetic reads it."""
    return Landing(
        booked=float(row.booked),
        open=float(row.open),
        new=float(row.new),
        levels=tuple(QUANTILES.values()),
        quantiles=[float(getattr(row, name)) for name in QUANTILES],
        target=None if row.target is None else float(row.target),
        chance=row.p_attain,
    )


def _people(plan: Plan, run: JobRun, wishes: Sequence[Wish]) -> list[tuple[dict[str, list[float]], int]]:
    """Of each wish, by key: what people bring more (or less) in each month after the night's own; and how many are unknown."""
    cases = [Case(planned=False)]
    for wish in wishes:
        more: tuple[PlannedHire, ...] = ()
        if wish.hires and wish.month:
            more = (PlannedHire(unit=wish.unit, start_month=wish.month, count=wish.hires),)
        cases.append(Case(stretch=wish.ramp, more=more, planned=False))
    base, *others = capacities_of(plan, as_of=run.business_date, cases=cases)
    ahead = [month > month_start(run.business_date) for month in base.months]
    found = []
    for other in others:
        added: dict[str, list[float]] = {}
        for person in other.people:
            added[row_key(person=person)] = _difference(base.of(person=person), other.of(person=person), ahead)
        for unit in other.units:
            there = base.units.get(unit)
            before = there.months if there else None
            added[row_key(unit=unit)] = _difference(before, other.of(unit=unit), ahead)
        root = max((sums.without for sums in other.units.values()), default=0)
        found.append((added, root))
    return found


def _difference(
    before: Sequence[Decimal] | None, after: Sequence[Decimal] | None, ahead: Sequence[bool]
) -> list[float]:
    if after is None:
        return [0.0] * len(ahead)
    base = before or [Decimal(0)] * len(ahead)
    return [float(new - old) if is_ahead else 0.0 for new, old, is_ahead in zip(after, base, ahead, strict=True)]
