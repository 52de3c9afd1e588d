"""
What was won, by whom, in which unit, in which month.

Definition (printed on the pages): revenue of deals in the won stage, in the month of the business day on which they were
won. The plan's time zone decides which day that was; the deal counts for the person who owned it at that moment, and for the
unit this person belonged to on that day with all units above. A win without an amount is a win of unknown revenue: counted,
never taken for zero.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection

from planning.models import FiscalYear, Plan
from teams.models import OrgUnit

_WON = """
WITH won AS (
    SELECT deal.id, deal.amount, deal.owner_id, deal.stage_since,
           (deal.stage_since AT TIME ZONE %(zone)s)::date AS day
    FROM customers_deal deal
    JOIN customers_stage stage ON stage.id = deal.stage_id AND stage.kind = 'won'
    -- closed_date has the index; it is at most a day away from the day in the plan's zone
    WHERE deal.closed_date BETWEEN %(first)s::date - 1 AND %(after)s::date
), owned AS (
    SELECT won.day, won.amount, COALESCE(held.owner_id, won.owner_id) AS owner_id
    FROM won
    LEFT JOIN customers_dealownership held
      ON held.deal_id = won.id AND held.valid_from <= won.stage_since
     AND (held.valid_to IS NULL OR held.valid_to > won.stage_since)
    WHERE won.day >= %(first)s AND won.day < %(after)s
      AND (%(owner)s::bigint IS NULL OR COALESCE(held.owner_id, won.owner_id) = %(owner)s)
)
SELECT owned.owner_id, member.unit_id, date_trunc('month', owned.day)::date AS month,
       COALESCE(sum(owned.amount), 0), count(*), count(*) - count(owned.amount),
       COALESCE(sum(owned.amount * owned.amount), 0)::float8
FROM owned
LEFT JOIN teams_membership member
  ON member.user_id = owned.owner_id AND member.valid_from <= owned.day
 AND (member.valid_to IS NULL OR member.valid_to > owned.day)
GROUP BY 1, 2, 3
ORDER BY 3, 2, 1
"""


@dataclass(frozen=True, slots=True)
class Won:
    """Revenue and number of deals won. `unknown` of the wins have no amount, and no part in the revenue."""

    revenue: Decimal = Decimal("0.00")
    wins: int = 0
    unknown: int = 0

    def __add__(self, other: "Won") -> "Won":
        return Won(self.revenue + other.revenue, self.wins + other.wins, self.unknown + other.unknown)

    @classmethod
    def of_cents(cls, *, cents: int, wins: int, unknown: int) -> "Won":
        return cls(Decimal(cents).scaleb(-2), wins, unknown)


NOTHING = Won()


@dataclass(frozen=True, slots=True)
class Actual:
    """
    What one person won in one month while in one unit.

    :param unit: the key of the unit on the day of the deal; None = the person was in no unit that day
    :param month: the month's first day
    :param squares: sum of the squares of the single amounts: how lumpy the revenue is
    """

    owner: int
    unit: int | None
    month: date
    won: Won
    squares: float = field(default=0.0, compare=False)


ByMonth = Mapping[date, Won]


def actuals(*, first: date, after: date, time_zone: str, owner: int | None = None) -> list[Actual]:
    """
    Return what was won on the business days [first, after) of a time zone. One query, whatever the number of deals.

    :param owner: only what this person won; None = everybody
    """
    with connection.cursor() as cursor:
        cursor.execute(_WON, {"first": first, "after": after, "zone": time_zone, "owner": owner})
        return [
            Actual(owner, unit, month, Won(Decimal(revenue), wins, unknown), squares)
            for owner, unit, month, revenue, wins, unknown, squares in cursor.fetchall()
        ]


def year_actuals(plan: Plan, *, as_of: date) -> list[Actual]:
    """Return what was won in a plan's year up to and including a day."""
    year: FiscalYear = plan.fiscal_year
    after = min(year.after_date, as_of + timedelta(days=1))
    if after <= year.first_date:
        return []
    return actuals(first=year.first_date, after=after, time_zone=plan.time_zone)


def by_person(rows: Iterable[Actual]) -> dict[int, dict[date, Won]]:
    """Return each person's own wins by month, in whatever units they were."""
    found: dict[int, dict[date, Won]] = {}
    for row in rows:
        _add(found.setdefault(row.owner, {}), row)
    return found


def by_unit(rows: Iterable[Actual], parents: Mapping[int, int | None]) -> dict[int, dict[date, Won]]:
    """
    Return each unit's wins by month: of its whole subtree, everybody in the unit of the day of the deal.

    Wins of people who were in no unit that day count for the company alone, so that its figure is everything that was won.

    :param parents: the whole tree, unit → parent (see `unit_parents`)
    """
    root = next((unit for unit, parent in parents.items() if parent is None), None)
    found: dict[int, dict[date, Won]] = {}
    for row in rows:
        unit = row.unit if row.unit is not None else root
        while unit is not None:
            _add(found.setdefault(unit, {}), row)
            unit = parents.get(unit)
    return found


def in_no_unit(rows: Iterable[Actual]) -> Won:
    """Return what was won by people who were in no unit on the day."""
    return sum((row.won for row in rows if row.unit is None), NOTHING)


def sum_of(months: ByMonth, among: Sequence[date] | None = None) -> Won:
    """Return the sum over the months given by their first days; None = all."""
    return sum((won for month, won in months.items() if among is None or month in among), NOTHING)


def unit_parents() -> dict[int, int | None]:
    """Return the tree of units, unit → parent."""
    return dict(OrgUnit.objects.values_list("pk", "parent_id"))


def _add(months: dict[date, Won], row: Actual) -> None:
    months[row.month] = months.get(row.month, NOTHING) + row.won
