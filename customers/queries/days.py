"""A rep's day: what is won so far, what to do next, whom to visit, which deals have gone quiet."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from core.periods import FiscalCalendar, Span, month_span
from customers.models import Activity, Contact, Deal
from customers.queries.credits import credited
from customers.queries.deals import IDLE_AFTER
from teams.models import Company, User

QUIET_DEALS = 5


@dataclass(frozen=True)
class Won:
    """
    What a person won in a span of business days: the credited share of every deal.

    :param count: deals won; `shared` more have a part in the amount and count for whoever they are credited to first
    :param unknown: of them all, how many have no amount and no part in the sum
    """

    span: Span
    amount: Decimal
    count: int
    shared: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Day:
    """What a person has to know today."""

    today: date
    quarter: int
    this_month: Won
    this_quarter: Won
    due: list[Activity]
    later: list[Activity]
    visits: list[Activity]
    quiet: list[Deal]


def my_day(*, user: User, company: Company, now: datetime) -> Day:
    """Return the day of a person, in the company's time zone and fiscal calendar."""
    zone = ZoneInfo(company.time_zone)
    today = now.astimezone(zone).date()
    calendar = FiscalCalendar(company.fiscal_start_month)
    year, quarter = calendar.year_of(today), calendar.quarter_of(today)
    midnight = datetime.combine(today + timedelta(days=1), time(), zone)
    week_end = datetime.combine(today + timedelta(days=7 - today.weekday()), time(), zone)
    planned = list(_planned(user).filter(due_at__lt=max(week_end, midnight)).order_by("due_at", "pk"))
    visits = [activity for activity in planned if activity.kind == Activity.Kind.VISIT and activity.due_at]
    due = [activity for activity in planned if activity.due_at and activity.due_at < midnight]
    return Day(
        today=today,
        quarter=quarter,
        this_month=_won(user, month_span(today), company.time_zone),
        this_quarter=_won(user, calendar.quarter(year, quarter), company.time_zone),
        due=due,
        later=[activity for activity in planned if activity not in due],
        visits=visits,
        quiet=list(_quiet(user, now)),
    )


def _planned(user: User) -> QuerySet[Activity]:
    """Return the person's open activities with their deal, customer and the customer's contacts."""
    contacts = Prefetch("customer__contacts", queryset=Contact.objects.order_by("name", "pk"))
    return (
        Activity.objects.filter(person=user)
        .planned()
        .with_sight(user)
        .select_related("deal__stage", "customer")
        .prefetch_related(contacts)
    )


_WON = f"""
WITH owned AS (
    SELECT deal.id AS deal_id, (deal.stage_since AT TIME ZONE %(zone)s)::date AS day, deal.amount AS value,
           COALESCE(held.owner_id, deal.owner_id) AS owner_id
    FROM customers_deal deal
    JOIN customers_stage stage ON stage.id = deal.stage_id AND stage.kind = 'won'
    LEFT JOIN customers_dealownership held
      ON held.deal_id = deal.id AND held.valid_from <= deal.stage_since
     AND (held.valid_to IS NULL OR held.valid_to > deal.stage_since)
    WHERE deal.closed_date BETWEEN %(first)s::date - 1 AND %(after)s::date
      AND (deal.stage_since AT TIME ZONE %(zone)s)::date >= %(first)s
      AND (deal.stage_since AT TIME ZONE %(zone)s)::date < %(after)s
      AND (COALESCE(held.owner_id, deal.owner_id) = %(person)s
           OR EXISTS (SELECT FROM customers_dealcredit named WHERE named.deal_id = deal.id AND named.person_id = %(person)s))
), {credited()}
SELECT COALESCE(sum(value), 0), count(*) FILTER (WHERE counts), count(*) FILTER (WHERE NOT counts),
       count(*) FILTER (WHERE value IS NULL)
FROM credited WHERE owner_id = %(person)s
"""  # noqa: S608  # both parts are constants


def _won(user: User, span: Span, zone: str) -> Won:
    """What is credited to a person, as every report counts it; see `credits`."""
    given: dict[str, Any] = {
        "person": user.pk,
        "first": span.first,
        "after": span.last + timedelta(days=1),
        "zone": zone,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WON, given)
        ((amount, count, shared, unknown),) = cursor.fetchall()
    return Won(span, Decimal(amount), count, shared, unknown)


def _quiet(user: User, now: datetime) -> QuerySet[Deal]:
    """Return the person's open deals without a next step and without a touch for a week, the quietest first."""
    next_step = Activity.objects.planned().filter(deal=OuterRef("pk"))
    mine: QuerySet[Any] = Deal.objects.filter(~Exists(next_step), owner=user).open().with_last_touch()
    quiet = mine.filter(touched_at__lt=now - IDLE_AFTER).select_related("customer", "stage")
    return quiet.order_by("touched_at")[:QUIET_DEALS]
