"""What a year's capacity rests on: who is there when, how far ramped up, with which full quota; see `capacity`."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from statistics import fmean, median

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.periods import add_months, month_span, month_start, months_apart
from planning.forecasting.capacity import ramp_share, staying
from planning.models import FEWEST_PEOPLE, MONTHS, FullQuota, Plan, PlanVersion, Target
from teams.models import Capability, Membership, OrgUnit, PlannedHire, Presence
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
    MEAN = "mean", _("mean of those beside, as asked for")
    NOT_SET = "not_set", _("not set")


@dataclass(frozen=True)
class Quota:
    """A full quota of the year, and where it comes from; None = not set."""

    amount: Decimal | None
    origin: Origin


NOT_SET = Quota(None, Origin.NOT_SET)


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
        self._quotas: dict[int, Quota] = {}

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

    def coming(self, hire: PlannedHire, stretch: float) -> list[float]:
        """(12,) people × ramp × the share who come and stay, of what one planned row hires."""
        rule = self.rules.of(hire.unit_id)
        survival = rule.survival if hire.survival is None else hire.survival
        worked = [months_apart(hire.start_month, month) + 1 for month in self.months]
        return [hire.count * survival * ramp_share(rule.ramp, count, stretch=stretch) for count in worked]


def _on(places: list[Membership], day: date) -> Membership:
    """The place held on a day; else the last one before it; else the first one after."""
    before = [place for place in places if place.valid_from <= day]
    return before[-1] if before else places[0]
