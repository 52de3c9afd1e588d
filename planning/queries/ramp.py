"""
How a company's own hires ramped up, beside the curve that is reckoned with: what to set the curve by.

Share of the nth month since the hire = what the hires of three years won in their nth months ÷ what as many ramped people
won in the same calendar months, so that a season is no ramp. Of fewer than four hires there is no share to tell.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Min

from core.periods import add_months, month_start, months_apart
from planning.forecasting.capacity import ramp_share
from planning.models import FEWEST_PEOPLE, Plan
from teams.models import Capability, Membership, OrgUnit, User
from teams.queries import Rules

from .actuals import actuals

YEARS, MONTHS_SHOWN = 3, 12


@dataclass(frozen=True)
class RampPoint:
    """One month since the hire: the share that is reckoned with, and that of own hires (None = fewer than four)."""

    month: int
    rule: float
    measured: float | None
    people: int


def measured_ramp(*, plan: Plan, unit: OrgUnit, as_of: date) -> list[RampPoint]:
    """Return the first twelve months of the hires of a unit and all below it. Five queries, whatever the number of people."""
    after = month_start(as_of)
    since = add_months(after, -12 * YEARS)
    rules = Rules()
    rule = rules.of(unit.pk)
    won: dict[tuple[int, date], Decimal] = defaultdict(Decimal)
    for row in actuals(first=since, after=after, time_zone=plan.time_zone):
        won[row.owner, row.month] += row.won.revenue
    below = set(OrgUnit.objects.descendants(unit, include_self=True).values_list("pk", flat=True))
    months = [add_months(since, step) for step in range(12 * YEARS)]
    ramped: dict[date, list[Decimal]] = defaultdict(list)
    hires: list[tuple[int, date, date]] = []
    for person, place, hired in _sellers():
        gone = person.left_date or date.max
        for month in months:
            if _whole(month, hired, gone) and months_apart(month_start(hired), month) >= rules.of(place).ramp_months:
                ramped[month].append(won[person.pk, month])
        if hired >= since and place in below:
            hires.append((person.pk, hired, gone))
    return [_point(number, hires, ramped, won, rule.ramp) for number in range(1, MONTHS_SHOWN + 1)]


def _sellers() -> list[tuple[User, int, date]]:
    """Everybody who sells or sold, with the unit of today (or the last one) and the day of the hire."""
    first = dict(Membership.objects.order_by().values_list("user").annotate(first=Min("valid_from")))
    held = Membership.objects.filter(user__capabilities__contains=[Capability.REP]).select_related("user")
    last = {place.user_id: place for place in held.order_by("valid_from")}
    return [(place.user, place.unit_id, place.user.hired_date or first[key]) for key, place in last.items()]


def _whole(month: date, hired: date, gone: date) -> bool:
    """Whether somebody was there throughout a month; the month of the hire counts as the first."""
    return month_start(hired) <= month and add_months(month, 1) - timedelta(days=1) < gone


def _point(
    number: int,
    hires: list[tuple[int, date, date]],
    ramped: dict[date, list[Decimal]],
    won: dict[tuple[int, date], Decimal],
    curve: tuple[float, ...],
) -> RampPoint:
    brought, beside, people = Decimal(0), Decimal(0), 0
    for person, hired, gone in hires:
        month = add_months(month_start(hired), number - 1)
        peers = ramped.get(month)
        if peers and _whole(month, hired, gone):
            brought += won[person, month]
            beside += sum(peers, Decimal(0)) / len(peers)
            people += 1
    measured = float(brought / beside) if beside and people >= FEWEST_PEOPLE else None
    return RampPoint(number, ramp_share(curve, number), measured, people)
