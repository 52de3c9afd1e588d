"""
Capacity: what the people of a plan's year can carry, month by month, with those still to be hired.

Definitions (printed on the page):
full quota = what somebody brings in the year who is ramped up and there full time: typed for the person, else for the unit or
one above; else the median of last year's revenue of the ramped people of the unit (of the company where they are fewer than
four). Nobody's full quota is guessed beyond that: "not set" is not zero.
Capacity of a month = Σ people: full quota × the month's share of the year × ramp by months since the hire × presence × the
share expected to stay + Σ planned hires: full quota × share of the year × ramp × the share who come and stay.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from statistics import median

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.periods import add_months, month_span, month_start, months_apart
from planning.forecasting.capacity import ramp_share, staying
from planning.models import FEWEST_PEOPLE, MONTHS, FullQuota, Plan, PlanVersion, Target
from teams.models import Capability, Membership, OrgUnit, PlannedHire, Presence, User
from teams.queries import Rules

from .actuals import actuals, unit_parents
from .calendars import WorkCalendar, fiscal_months

Months = tuple[Decimal, ...]
NOTHING: Months = (Decimal("0.00"),) * 12


class Origin(models.TextChoices):
    """Where a full quota comes from."""

    PERSON = "person", _("typed for the person")
    UNIT = "unit", _("typed for the unit")
    UNIT_MEDIAN = "unit_median", _("median of the unit's ramped people last year")
    COMPANY_MEDIAN = "company_median", _("median of the company's ramped people last year")
    NOT_SET = "not_set", _("not set")


@dataclass(frozen=True)
class Quota:
    """A full quota of the year, and where it comes from; None = not set."""

    amount: Decimal | None
    origin: Origin


NOT_SET = Quota(None, Origin.NOT_SET)


@dataclass(frozen=True)
class PersonCapacity:
    """
    What one person can carry. Shapes: months, factors (12,).

    :param unit: the unit of today, or of the last day held
    :param factors: ramp × presence × staying × the share of the month in a unit, in [0, 1]
    :param months: None without a full quota
    """

    person: User
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
    """

    stretch: float = 1.0
    more: tuple[PlannedHire, ...] = ()
    planned: bool = True


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
    ground = _Ground(plan, as_of, version)
    return [_reckoned(ground, case) for case in cases]


def _reckoned(ground: "_Ground", case: Case) -> Capacity:
    people: dict[int, PersonCapacity] = {}
    sums: dict[int, list[Decimal]] = defaultdict(lambda: list(NOTHING))
    for key, places in ground.places.items():
        carried: list[Decimal] | None = None
        factors = [0.0] * 12
        for place in places:
            part = ground.factors(place, case.stretch)
            factors = [before + added for before, added in zip(factors, part, strict=True)]
            months = ground.carried(ground.quota_of(key, place.unit_id), part)
            if months is None:
                continue
            carried = [before + added for before, added in zip(carried or NOTHING, months, strict=True)]
            sums[place.unit_id] = [before + added for before, added in zip(sums[place.unit_id], months, strict=True)]
        if any(factors):
            unit = ground.unit_at[key]
            people[key] = PersonCapacity(
                person=places[0].user,
                unit=unit,
                hired=ground.hired[key],
                quota=ground.quota_of(key, unit),
                factors=tuple(factors),
                months=tuple(carried) if carried is not None else None,
            )
    return Capacity(
        months=ground.months,
        shares=ground.shares,
        shares_of_target=ground.shares_of_target,
        people=people,
        units=_unit_sums(ground, case, people, sums),
        quotas={unit: ground.unit_quota(unit) for unit in ground.parents},
        rules=ground.rules,
    )


def _unit_sums(
    ground: "_Ground", case: Case, people: Mapping[int, PersonCapacity], sums: Mapping[int, Iterable[Decimal]]
) -> dict[int, UnitCapacity]:
    units: dict[int, UnitCapacity] = defaultdict(UnitCapacity)
    for unit_key, months in sums.items():
        for above in ground.chain(unit_key):
            units[above] = replace(units[above], people=_added(units[above].people, months))
    for one in people.values():
        for above in ground.chain(one.unit):
            there = units[above]
            without = there.without + (one.months is None)
            units[above] = replace(there, head_count=there.head_count + 1, without=without)
    for hire in [*(ground.hires if case.planned else ()), *case.more]:
        coming = ground.coming(hire, case.stretch)
        for above in ground.chain(hire.unit_id):
            there = units[above]
            units[above] = replace(
                there,
                planned=there.planned + hire.count,
                hires=_added(there.hires, coming or NOTHING),
                without=there.without + (hire.count if coming is None else 0),
            )
    return dict(units)


class _Ground:
    """What a year's capacity rests on, read once."""

    def __init__(self, plan: Plan, as_of: date, version: PlanVersion | None) -> None:
        year = plan.fiscal_year
        self.as_of = as_of
        self.months = fiscal_months(year)
        self.parents = unit_parents()
        self.rules = Rules()
        typed = FullQuota.objects.filter(plan=plan, amount__isnull=False)
        self._typed = {(row.unit_id, row.person_id): row.amount for row in typed}
        held = Membership.objects.during(year.first_date, year.after_date).select_related("user")
        self.places: dict[int, list[Membership]] = {}
        for place in held.order_by("user", "valid_from"):
            if Capability.REP in place.user.capabilities or (None, place.user_id) in self._typed:
                self.places.setdefault(place.user_id, []).append(place)
        since = Membership.objects.order_by().values_list("user").annotate(first=models.Min("valid_from"))
        first = dict(since)
        self.hired = {key: places[0].user.hired_date or first[key] for key, places in self.places.items()}
        day = min(max(as_of, year.first_date), year.after_date - timedelta(days=1))
        self.unit_at = {key: _on(places, day).unit_id for key, places in self.places.items()}
        self._presences: dict[int, list[Presence]] = defaultdict(list)
        for row in Presence.objects.filter(share__lt=1):
            self._presences[row.person_id].append(row)
        self.hires = list(PlannedHire.objects.filter(count__gt=0))
        self.shares, self.shares_of_target = self._month_shares(plan, version)
        self._medians = self._unit_medians(plan)
        self._quotas: dict[int, Quota] = {}

    def chain(self, unit: int | None) -> list[int]:
        """A unit and all above it."""
        found = []
        while unit is not None:
            found.append(unit)
            unit = self.parents.get(unit)
        return found

    def _month_shares(self, plan: Plan, version: PlanVersion | None) -> tuple[tuple[float, ...], bool]:
        versions = PlanVersion.objects.filter(pk=version.pk) if version else plan.versions.active()
        row = Target.objects.plain().filter(version__in=versions, unit__kind=OrgUnit.Kind.COMPANY).first()
        weights = [float(getattr(row, month)) for month in MONTHS] if row else []
        if not sum(weights):
            weights = [float(days) for days in WorkCalendar().by_month(self.months)]
            row = None
        return tuple(weight / sum(weights) for weight in weights), row is not None

    def _unit_medians(self, plan: Plan) -> dict[int, Decimal]:
        """Median revenue of the twelve months before, of those who were ramped up and there full time throughout."""
        after = min(plan.fiscal_year.first_date, month_start(self.as_of))
        first = add_months(after, -12)
        won: dict[int, Decimal] = defaultdict(Decimal)
        for row in actuals(first=first, after=after, time_zone=plan.time_zone):
            won[row.owner] += row.won.revenue
        of_unit: dict[int, list[Decimal]] = defaultdict(list)
        for key, places in self.places.items():
            person, unit = places[0].user, self.unit_at[key]
            ramped = add_months(month_start(self.hired[key]), self.rules.of(unit).ramp_months)
            away = any(row.first_month < after and (row.last_month or after) >= first for row in self._presences[key])
            if ramped <= first and not away and person.is_active and Capability.REP in person.capabilities:
                for above in self.chain(unit):
                    of_unit[above].append(won[key])
        return {unit: median(found) for unit, found in of_unit.items() if len(found) >= FEWEST_PEOPLE and median(found)}

    def quota_of(self, person: int, unit: int) -> Quota:
        own = self._typed.get((None, person))
        return Quota(own, Origin.PERSON) if own is not None else self.unit_quota(unit)

    def unit_quota(self, unit: int) -> Quota:
        """The full quota of somebody in a unit who has none of their own."""
        if unit not in self._quotas:
            self._quotas[unit] = self._found(unit)
        return self._quotas[unit]

    def _found(self, unit: int) -> Quota:
        chain = self.chain(unit)
        for above in chain:
            if (above, None) in self._typed:
                return Quota(self._typed[above, None], Origin.UNIT)
        for above in chain:
            if above in self._medians:
                is_company = self.parents[above] is None
                return Quota(self._medians[above], Origin.COMPANY_MEDIAN if is_company else Origin.UNIT_MEDIAN)
        return NOT_SET

    def factors(self, place: Membership, stretch: float) -> list[float]:
        """(12,) ramp × presence × staying × the share of each month's days that a person holds a place."""
        person, rule = place.user, self.rules.of(place.unit_id)
        gone = person.left_date or (None if person.is_active else self.as_of)
        stop = min(place.valid_to or date.max, gone or date.max)
        found = []
        for month in self.months:
            span = month_span(month)
            after = span.last + timedelta(days=1)
            days = (min(stop, after) - max(place.valid_from, self.hired[place.user_id], span.first)).days
            if days <= 0:
                found.append(0.0)
                continue
            presence = 1.0
            for row in self._presences[place.user_id]:
                if row.first_month <= month and (row.last_month is None or month <= row.last_month):
                    presence *= row.share
            worked = months_apart(month_start(self.hired[place.user_id]), month) + 1
            share = ramp_share(rule.ramp, worked, stretch=stretch)
            left = staying(rule.attrition, months_apart(month_start(self.as_of), month))
            found.append(share * presence * left * days / span.days)
        return found

    def carried(self, quota: Quota, factors: Iterable[float]) -> Months | None:
        """(12,) money to the cent; None without a full quota."""
        if quota.amount is None:
            return None
        year = float(quota.amount)
        return tuple(
            Decimal(f"{year * share * factor:.2f}") for share, factor in zip(self.shares, factors, strict=True)
        )

    def coming(self, hire: PlannedHire, stretch: float) -> Months | None:
        """(12,) what planned hires carry; None where their unit has no full quota."""
        rule = self.rules.of(hire.unit_id)
        survival = rule.survival if hire.survival is None else hire.survival
        worked = [months_apart(hire.start_month, month) + 1 for month in self.months]
        factors = [hire.count * survival * ramp_share(rule.ramp, count, stretch=stretch) for count in worked]
        return self.carried(self.unit_quota(hire.unit_id), factors)


def _on(places: list[Membership], day: date) -> Membership:
    """The place held on a day; else the last one before it; else the first one after."""
    before = [place for place in places if place.valid_from <= day]
    return before[-1] if before else places[0]


def _added(one: Iterable[Decimal], other: Iterable[Decimal]) -> Months:
    return tuple(before + more for before, more in zip(one, other, strict=True))
