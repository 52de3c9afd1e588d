"""What a year's capacity rests on: who is there when, how far ramped up, with which full quota; see `capacity`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from math import ceil
from statistics import fmean, median
from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.periods import add_months, month_start, months_apart
from planning.forecasting.capacity import ramp_share, staying
from planning.models import FEWEST_PEOPLE, MONTHS, FullQuota, Plan, PlanVersion, Target
from teams.models import Capability, Membership, OrgUnit, PlannedHire, Presence
from teams.queries import Rules

from .actuals import revenue_by_owner, unit_parents
from .calendars import WorkCalendar, fiscal_months

Months = tuple[Decimal, ...]
NOTHING: Months = (Decimal("0.00"),) * 12


class Origin(models.TextChoices):
    """Where a full quota comes from."""

    PERSON = "person", _("typed for the person")
    UNIT = "unit", _("typed for the unit")
    UNIT_MEDIAN = "unit_median", _("median of the unit's ramped people last year")
    COMPANY_MEDIAN = "company_median", _("median of the company's ramped people last year")
    MEAN = "mean", _("mean of those beside, as asked for")
    NOT_SET = "not_set", _("not set")


@dataclass(frozen=True)
class Quota:
    """A full quota of the year, and where it comes from; None = not set."""

    amount: Decimal | None
    origin: Origin


NOT_SET = Quota(None, Origin.NOT_SET)


class Place(NamedTuple):
    """A unit that somebody belongs to for a time, with what is known of the person: read for everybody, so no model."""

    user_id: int
    unit_id: int
    valid_from: date
    valid_to: date | None
    capabilities: list[str]
    is_active: bool
    hired_date: date | None
    left_date: date | None

    @property
    def sells(self) -> bool:
        return Capability.REP in self.capabilities


class Stay(NamedTuple):
    """When somebody is there within the year, in which month since the hire it begins, and by which rules they ramp up."""

    start: date
    stop: date
    worked: int
    ramp: tuple[float, ...]
    attrition: float
    stretch: float


_PERSON = ("user__capabilities", "user__is_active", "user__hired_date", "user__left_date")


class Ground:
    """What a year's capacity rests on, read once."""

    def __init__(self, plan: Plan, as_of: date, version: PlanVersion | None) -> None:
        year = plan.fiscal_year
        self.as_of, self._plan, self._version = as_of, plan, version
        self.months = fiscal_months(year)
        self.parents = unit_parents()
        self.rules = Rules()
        typed = FullQuota.objects.filter(plan=plan, amount__isnull=False)
        self._typed = {(row.unit_id, row.person_id): row.amount for row in typed}
        held = Membership.objects.during(year.first_date, year.after_date).order_by("user", "valid_from")
        self.places: dict[int, list[Place]] = {}
        for place in map(Place._make, held.values_list("user_id", "unit_id", "valid_from", "valid_to", *_PERSON)):
            if place.sells or (None, place.user_id) in self._typed:
                self.places.setdefault(place.user_id, []).append(place)
        since = Membership.objects.order_by().values_list("user").annotate(first=models.Min("valid_from"))
        first = dict(since)
        self.hired = {key: places[0].hired_date or first[key] for key, places in self.places.items()}
        day = min(max(as_of, year.first_date), year.after_date - timedelta(days=1))
        self.unit_at = {key: _on(places, day).unit_id for key, places in self.places.items()}
        self._presences: dict[int, list[Presence]] = defaultdict(list)
        for row in Presence.objects.filter(share__lt=1):
            self._presences[row.person_id].append(row)
        self.hires = list(PlannedHire.objects.filter(count__gt=0))
        self._quotas: dict[int, Quota] = {}
        self._days = [(month, add_months(month, 1)) for month in self.months]
        self._usual: dict[Stay, tuple[float, ...]] = {}
        self._carried: dict[tuple[Decimal, tuple[float, ...]], Months] = {}

    def chain(self, unit: int | None) -> list[int]:
        """A unit and all above it."""
        found = []
        while unit is not None:
            found.append(unit)
            unit = self.parents.get(unit)
        return found

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """(12,) share of the year that falls to each month, adding up to 1."""
        weights = self._target_shape or [float(days) for days in WorkCalendar().by_month(self.months)]
        return tuple(weight / sum(weights) for weight in weights)

    @property
    def shares_of_target(self) -> bool:
        return bool(self._target_shape)

    @cached_property
    def _target_shape(self) -> list[float]:
        """The months of the company's target; empty where it asks for nothing."""
        version = self._version
        versions = PlanVersion.objects.filter(pk=version.pk) if version else self._plan.versions.active()
        row = Target.objects.plain().filter(version__in=versions, unit__kind=OrgUnit.Kind.COMPANY).first()
        weights = [float(getattr(row, month)) for month in MONTHS] if row else []
        return weights if sum(weights) else []

    @cached_property
    def _medians(self) -> dict[int, Decimal]:
        """Median revenue of the twelve months before, of those who were ramped up and there full time throughout."""
        plan = self._plan
        after = min(plan.fiscal_year.first_date, month_start(self.as_of))
        first = add_months(after, -12)
        won: dict[int, Decimal] = defaultdict(Decimal)
        for owner, revenue in revenue_by_owner(first=first, after=after, time_zone=plan.time_zone):
            won[owner] += revenue
        of_unit: dict[int, list[Decimal]] = defaultdict(list)
        for key, places in self.places.items():
            person, unit = places[0], self.unit_at[key]
            ramped = add_months(month_start(self.hired[key]), self.rules.of(unit).ramp_months)
            away = any(row.first_month < after and (row.last_month or after) >= first for row in self._presences[key])
            if ramped <= first and not away and person.is_active and person.sells:
                for above in self.chain(unit):
                    of_unit[above].append(won[key])
        return {unit: median(found) for unit, found in of_unit.items() if len(found) >= FEWEST_PEOPLE and median(found)}

    def quota_of(self, person: int, unit: int, *, fill: bool = False) -> Quota:
        """Somebody's full quota of the year; with `fill`, the mean of those beside where there is none."""
        own = self._typed.get((None, person))
        return Quota(own, Origin.PERSON) if own is not None else self.unit_quota(unit, fill=fill)

    def unit_quota(self, unit: int, *, fill: bool = False) -> Quota:
        """The full quota of somebody in a unit who has none of their own."""
        if unit not in self._quotas:
            self._quotas[unit] = self._found(unit)
        found = self._quotas[unit]
        if found.amount is None and fill:
            means = (self._means[above] for above in self.chain(unit) if above in self._means)
            return next((Quota(mean, Origin.MEAN) for mean in means), NOT_SET)
        return found

    @cached_property
    def _means(self) -> dict[int, Decimal]:
        """By unit, the mean of the full quotas that are known of the people in it and below."""
        known: dict[int, list[float]] = defaultdict(list)
        for key, unit in self.unit_at.items():
            amount = self.quota_of(key, unit).amount
            for above in self.chain(unit) if amount is not None else ():
                known[above].append(float(amount or 0))
        return {unit: Decimal(f"{fmean(amounts):.2f}") for unit, amounts in known.items()}

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

    def factors(self, place: Place, stretch: float) -> tuple[float, ...]:
        """(12,) ramp × presence × staying × the share of each month's days that a person holds a place."""
        rule = self.rules.of(place.unit_id)
        gone = place.left_date or (None if place.is_active else self.as_of)
        hired = self.hired[place.user_id]
        first, after = self._days[0][0], self._days[-1][1]
        start = max(place.valid_from, hired, first)
        stop = min(place.valid_to or after, gone or after, after)
        worked = min(months_apart(month_start(hired), first) + 1, ceil(len(rule.ramp) * stretch) + 1)
        stay = Stay(start, stop, worked, tuple(rule.ramp), rule.attrition, stretch)
        away = self._presences.get(place.user_id)
        if away:
            return self._reckoned(stay, away)
        if stay not in self._usual:  # most people are there all year, ramped up: the same months for all of them
            self._usual[stay] = self._reckoned(stay, ())
        return self._usual[stay]

    def _reckoned(self, stay: Stay, away: Sequence[Presence]) -> tuple[float, ...]:
        found = []
        for place, (month, (first, after)) in enumerate(zip(self.months, self._days, strict=True)):
            days = (min(stay.stop, after) - max(stay.start, first)).days
            if days <= 0:
                found.append(0.0)
                continue
            presence = 1.0
            for row in away:
                if row.first_month <= month and (row.last_month is None or month <= row.last_month):
                    presence *= row.share
            share = ramp_share(stay.ramp, stay.worked + place, stretch=stay.stretch)
            left = staying(stay.attrition, months_apart(month_start(self.as_of), month))
            found.append(share * presence * left * days / (after - first).days)
        return tuple(found)

    def carried(self, quota: Quota, factors: Sequence[float]) -> Months | None:
        """(12,) money to the cent; None without a full quota."""
        if quota.amount is None:
            return None
        asked = (quota.amount, tuple(factors))
        if asked not in self._carried:
            year = float(quota.amount)
            self._carried[asked] = tuple(
                Decimal(f"{year * share * factor:.2f}") for share, factor in zip(self.shares, factors, strict=True)
            )
        return self._carried[asked]

    def coming(self, hire: PlannedHire, stretch: float) -> list[float]:
        """(12,) people × ramp × the share who come and stay, of what one planned row hires."""
        rule = self.rules.of(hire.unit_id)
        survival = rule.survival if hire.survival is None else hire.survival
        worked = [months_apart(hire.start_month, month) + 1 for month in self.months]
        return [hire.count * survival * ramp_share(rule.ramp, count, stretch=stretch) for count in worked]


def _on(places: list[Place], day: date) -> Place:
    """The place held on a day; else the last one before it; else the first one after."""
    before = [place for place in places if place.valid_from <= day]
    return before[-1] if before else places[0]
