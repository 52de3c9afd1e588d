"""
Capacity: what the people of a plan's year can carry, month by month, with those still to be hired.

Definitions (printed on the page):
full quota = what somebody brings in the year who is ramped up and there full time: typed for the person, else for the unit or
one above; else the median of last year's revenue of the ramped people of the unit (of the company where they are fewer than
four). Nobody's full quota is guessed beyond that: "not set" is not zero.
Capacity of a month = Σ people: full quota × the month's share of the year × ramp by months since the hire × presence × the
share expected to stay + Σ planned hires: full quota × share of the year × ramp × the share who come and stay.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from planning.models import Plan, PlanVersion
from teams.models import PlannedHire
from teams.queries import Rules

from .capacity_ground import NOTHING, Ground, Months, Quota


@dataclass(frozen=True)
class PersonCapacity:
    """
    What one person can carry. Shapes: months, factors (12,).

    :param unit: the unit of today, or of the last day held
    :param factors: ramp × presence × staying × the share of the month in a unit, in [0, 1]
    :param months: None without a full quota
    """

    person: int
    unit: int
    hired: date
    quota: Quota
    factors: tuple[float, ...]
    months: Months | None

    @property
    def total(self) -> Decimal | None:
        return sum(self.months, Decimal("0.00")) if self.months is not None else None


@dataclass(frozen=True)
class UnitCapacity:
    """
    What a unit with all below can carry. Shapes: people, hires (12,).

    :param without: how many people, and planned hires, have no full quota: they are not in the sums
    """

    people: Months = NOTHING
    hires: Months = NOTHING
    head_count: int = 0
    planned: int = 0
    without: int = 0

    @property
    def months(self) -> Months | None:
        """People and hires together; None where nobody has a full quota."""
        if self.without and self.without == self.head_count + self.planned:
            return None
        return tuple(there + coming for there, coming in zip(self.people, self.hires, strict=True))

    @property
    def total(self) -> Decimal | None:
        return sum(self.months, Decimal("0.00")) if self.months is not None else None


@dataclass(frozen=True)
class Capacity:
    """The capacity of a plan's year, by person and unit, and what it rests on."""

    months: tuple[date, ...]
    shares: tuple[float, ...]  # of the year that falls to each month, adding up to 1
    shares_of_target: bool  # in the shape of the company's target; else by working days
    people: Mapping[int, PersonCapacity]
    units: Mapping[int, UnitCapacity]
    quotas: Mapping[int, Quota]  # of somebody in a unit who has none of their own
    unset_hires: frozenset[int]  # units with planned hires and no full quota for them
    rules: Rules = field(repr=False)

    def of(self, *, unit: int | None = None, person: int | None = None) -> Months | None:
        """Return the twelve months of a unit or a person; None where no full quota is set, or nobody is there."""
        if person is not None:
            found = self.people.get(person)
            return found.months if found else None
        there = self.units.get(unit or 0)
        return there.months if there else None

    def total(self, *, unit: int | None = None, person: int | None = None) -> Decimal | None:
        """Return the year of a unit or a person; None where no full quota is set, or nobody is there."""
        months = self.of(unit=unit, person=person)
        return sum(months, Decimal("0.00")) if months is not None else None


@dataclass(frozen=True)
class Case:
    """
    One way to reckon.

    :param stretch: how much longer the ramp takes than the rules say
    :param more: hires besides those that are planned, not saved
    :param planned: whether the planned hires count
    :param fill: whoever has no full quota is given the mean of those in the unit, or in the nearest one above with any
    """

    stretch: float = 1.0
    more: tuple[PlannedHire, ...] = ()
    planned: bool = True
    fill: bool = False


def capacity_of(plan: Plan, *, as_of: date, version: PlanVersion | None = None) -> Capacity:
    """
    Reckon what everybody can carry in a plan's year. A fixed number of queries, whatever the number of people.

    Months add up to the year and people to their units, to the cent. A move counts by the days of its month, in both units.

    :param as_of: the day from which people are expected to leave by the attrition rate
    :param version: whose company target gives the months their shares of the year; None = the active one
    """
    return capacities_of(plan, as_of=as_of, version=version, cases=(Case(),))[0]


def capacities_of(
    plan: Plan, *, as_of: date, cases: Iterable[Case], version: PlanVersion | None = None
) -> list[Capacity]:
    """Reckon the capacity in several cases, with the queries of one."""
    ground = Ground(plan, as_of, version)
    return [_reckoned(ground, case) for case in cases]


def _reckoned(ground: Ground, case: Case) -> Capacity:
    people: dict[int, PersonCapacity] = {}
    sums: dict[int, list[Decimal]] = defaultdict(lambda: list(NOTHING))
    for key, places in ground.places.items():
        carried: Months | None = None
        factors: tuple[float, ...] = _NOBODY
        for place in places:
            part = ground.factors(place, case.stretch)
            factors = part if factors is _NOBODY else _plus(factors, part)  # most people are in one unit all year
            months = ground.carried(ground.quota_of(key, place.unit_id, fill=case.fill), part)
            if months is None:
                continue
            carried = months if carried is None else _added(carried, months)
            sums[place.unit_id] = [before + added for before, added in zip(sums[place.unit_id], months, strict=True)]
        if any(factors):
            unit = ground.unit_at[key]
            people[key] = PersonCapacity(
                person=key,
                unit=unit,
                hired=ground.hired[key],
                quota=ground.quota_of(key, unit, fill=case.fill),
                factors=factors,
                months=carried,
            )
    hires = [*(ground.hires if case.planned else ()), *case.more]
    unset = frozenset(hire.unit_id for hire in hires if ground.unit_quota(hire.unit_id, fill=case.fill).amount is None)
    return Capacity(
        months=ground.months,
        shares=ground.shares,
        shares_of_target=ground.shares_of_target,
        people=people,
        units=_unit_sums(ground, case, people, sums, hires),
        quotas={unit: ground.unit_quota(unit) for unit in ground.parents},
        unset_hires=unset,
        rules=ground.rules,
    )


def _unit_sums(
    ground: Ground,
    case: Case,
    people: Mapping[int, PersonCapacity],
    sums: Mapping[int, Iterable[Decimal]],
    hires: Iterable[PlannedHire],
) -> dict[int, UnitCapacity]:
    units: dict[int, UnitCapacity] = defaultdict(UnitCapacity)
    for unit_key, months in sums.items():
        for above in ground.chain(unit_key):
            units[above] = replace(units[above], people=_added(units[above].people, months))
    heads = Counter(one.unit for one in people.values())
    unset = Counter(one.unit for one in people.values() if one.months is None)
    for unit_key, count in heads.items():
        for above in ground.chain(unit_key):
            there = units[above]
            without = there.without + unset[unit_key]
            units[above] = replace(there, head_count=there.head_count + count, without=without)
    for hire in hires:
        quota = ground.unit_quota(hire.unit_id, fill=case.fill)
        coming = ground.carried(quota, ground.coming(hire, case.stretch))
        for above in ground.chain(hire.unit_id):
            there = units[above]
            units[above] = replace(
                there,
                planned=there.planned + hire.count,
                hires=_added(there.hires, coming or NOTHING),
                without=there.without + (hire.count if coming is None else 0),
            )
    return dict(units)


@dataclass(frozen=True)
class Heads:
    """
    How many people are there, month by month, in full-time people who are ramped up. Shapes: (12,) each.

    :param people: of a person ramp × presence × staying; `units`: of everybody in a unit and below
    :param hires: of the planned hires of a unit and below: ramp × the share who come and stay
    """

    people: Mapping[int, tuple[float, ...]]
    units: Mapping[int, tuple[float, ...]]
    hires: Mapping[int, tuple[float, ...]]

    def of(self, *, unit: int | None = None, person: int | None = None) -> tuple[float, ...]:
        """Return the people of a unit with its hires, or of one person; nobody is zero."""
        if person is not None:
            return self.people.get(person, _NOBODY)
        return _plus(self.units.get(unit or 0, _NOBODY), self.hires.get(unit or 0, _NOBODY))


_NOBODY = (0.0,) * 12


def heads_of(plan: Plan, *, as_of: date) -> Heads:
    """Return who is there in a plan's year by the rules of `capacity_of`, whatever they bring. A fixed number of queries."""
    ground = Ground(plan, as_of, None)
    people: dict[int, tuple[float, ...]] = defaultdict(lambda: _NOBODY)
    units: dict[int, tuple[float, ...]] = defaultdict(lambda: _NOBODY)
    hires: dict[int, tuple[float, ...]] = defaultdict(lambda: _NOBODY)
    for key, places in ground.places.items():
        for place in places:
            part = ground.factors(place, 1.0)
            people[key] = _plus(people[key], part)
            for above in ground.chain(place.unit_id):
                units[above] = _plus(units[above], part)
    for hire in ground.hires:
        coming = ground.coming(hire, 1.0)
        for above in ground.chain(hire.unit_id):
            hires[above] = _plus(hires[above], coming)
    return Heads(dict(people), dict(units), dict(hires))


def _plus(one: Iterable[float], other: Iterable[float]) -> tuple[float, ...]:
    return tuple(before + more for before, more in zip(one, other, strict=True))


def _added(one: Iterable[Decimal], other: Iterable[Decimal]) -> Months:
    return tuple(before + more for before, more in zip(one, other, strict=True))
