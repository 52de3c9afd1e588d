"""
What was achieved, by whom, in which unit, in which month: one statement for every metric and every report.

Definition of "won" (printed on the pages): revenue of deals in the won stage, in the month of the business day on which they
were won. The plan's time zone decides which day that was; the deal counts for the person who owned it at that moment, and for
the unit this person belonged to on that day with all units above. A win without an amount is a win of unknown revenue: counted,
never taken for zero.

Where people share the credit for a deal, its money follows their shares as agreed on that day, to the cent (largest remainder),
so that whoever is above several of them counts the deal once. The deal itself is one happening: of its owner, or of the largest
share where the owner has none. Overlay is in no sum; `overlays` tells it apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from customers.queries.credits import credited
from planning.models import REVENUE, FiscalYear, Metric, Plan
from teams.models import OrgUnit

# What happened, one line per deal: when, and what it counts. A value that is not known is null.
_WON = """
    SELECT deal.id AS deal_id, deal.stage_since AS at, {value} AS value
    FROM customers_deal deal
    JOIN customers_stage stage ON stage.id = deal.stage_id AND stage.kind = 'won'
    -- both have an index or are few; closed_date is at most a day away from the day in the plan's zone
    WHERE {day} BETWEEN %(first)s::date - 1 AND %(after)s::date
"""
_WON_ONCE = """
    SELECT DISTINCT ON (line.deal_id) line.deal_id, line.occurred_at AS at, {value} AS value
    FROM customers_stageevent line
    JOIN customers_stage stage ON stage.id = line.to_stage_id AND stage.kind = 'won'
    JOIN customers_deal deal ON deal.id = line.deal_id
    WHERE line.kind <> 'amend'
    ORDER BY line.deal_id, line.seq
"""
# A customer is new once: with the first deal won from it. Which customer a deal without one is from, nobody knows.
_NEW_CUSTOMERS = """
    SELECT DISTINCT ON (COALESCE(deal.customer_id, -deal.id)) won.deal_id, won.at,
           CASE WHEN deal.customer_id IS NULL THEN NULL ELSE 1 END AS value
    FROM ({won}) won
    JOIN customers_deal deal ON deal.id = won.deal_id
    ORDER BY COALESCE(deal.customer_id, -deal.id), won.at, won.deal_id
"""
# The first time a deal entered a stage; where what went back is taken off, the first time after it last went back.
_ENTERED = """
    SELECT DISTINCT ON (line.deal_id) line.deal_id, line.seq, line.occurred_at AS at, 1 AS value
    FROM customers_stageevent line
    WHERE line.to_stage_id = {stage} AND line.kind <> 'amend' {stayed}
    ORDER BY line.deal_id, line.seq
"""
_STAYED = """
      AND NOT EXISTS (
        SELECT FROM customers_stageevent later
        JOIN customers_stage back ON back.id = later.to_stage_id AND back.kind = 'open'
        JOIN customers_stage reached ON reached.id = line.to_stage_id
        WHERE later.deal_id = line.deal_id AND later.seq > line.seq
          AND (reached.kind <> 'open' OR back.position < reached.position)
          AND (later.occurred_at AT TIME ZONE %(zone)s)::date < %(after)s)
"""
_RATE = """
    SELECT began.deal_id, began.at,
           (EXISTS (SELECT FROM customers_stageevent line
                    WHERE line.deal_id = began.deal_id AND line.seq > began.seq AND line.to_stage_id = %(stage)s
                      AND line.kind <> 'amend' AND (line.occurred_at AT TIME ZONE %(zone)s)::date < %(after)s
                      {stayed}))::int AS value
    FROM ({began}) began
"""
_SUMS = """
WITH event AS ({event}), owned AS (
    SELECT event.deal_id, (event.at AT TIME ZONE %(zone)s)::date AS day, {counted} AS counted, event.value::numeric AS value,
           COALESCE(held.owner_id, deal.owner_id) AS owner_id {columns}
    FROM event
    JOIN customers_deal deal ON deal.id = event.deal_id {joins}
    LEFT JOIN customers_dealownership held
      ON held.deal_id = deal.id AND held.valid_from <= event.at AND (held.valid_to IS NULL OR held.valid_to > event.at)
    WHERE {counted} >= %(first)s AND {counted} < %(after)s
), {credited}
SELECT credited.owner_id, member.unit_id, {month} AS month,
       COALESCE(sum(credited.value), 0), count(*) FILTER (WHERE counts),
       count(*) FILTER (WHERE counts AND credited.value IS NULL),
       COALESCE(sum(credited.value * credited.value), 0)::float8 {names}
FROM credited
LEFT JOIN teams_membership member
  ON member.user_id = credited.owner_id AND member.valid_from <= credited.day
 AND (member.valid_to IS NULL OR member.valid_to > credited.day)
WHERE %(owner)s::bigint IS NULL OR credited.owner_id = %(owner)s
GROUP BY credited.owner_id, member.unit_id, 3 {names}
ORDER BY 3, 2, 1 {names}
"""
SCOPE = ("product_id", "region_id", "tier")
_VALUES = {
    Metric.Kind.REVENUE: "{amount}",
    Metric.Kind.MARGIN: "{amount} - deal.cost",
    Metric.Kind.UNITS: "deal.units",
    Metric.Kind.WINS: "1",
    Metric.Kind.CUSTOMERS: "1",
}


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
# The metric of a target that names none. Its definition is the product's own: the forecast learns from it.
REVENUE_OF_WINS = Metric(code=REVENUE, name="Revenue", kind=Metric.Kind.REVENUE, unit=Metric.Unit.MONEY)


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


@dataclass(frozen=True, slots=True)
class Achieved:
    """
    What a metric counted: `value` = the sum over `events` happenings, of which `missing` have no value and no part in it.

    Of a rate, `events` began and `value` of them got there.
    """

    value: Decimal = Decimal(0)
    events: int = 0
    missing: int = 0

    def __add__(self, other: "Achieved") -> "Achieved":
        return Achieved(self.value + other.value, self.events + other.events, self.missing + other.missing)

    @property
    def rate(self) -> float | None:
        """The share that got there, in [0, 1]; None where nothing began."""
        return float(self.value) / self.events if self.events else None


@dataclass(frozen=True, slots=True)
class Cell:
    """What one person achieved in one month while in one unit, with deals of one product line, region and customer tier."""

    owner: int
    unit: int | None
    month: date
    achieved: Achieved
    product: int | None
    region: int | None
    tier: str


ByMonth = Mapping[date, Won]


def actuals(*, first: date, after: date, time_zone: str, owner: int | None = None) -> list[Actual]:
    """
    Return what was won on the business days [first, after) of a time zone. One query, whatever the number of deals.

    :param owner: only what this person won; None = everybody
    """
    rows = _sums(REVENUE_OF_WINS, first=first, after=after, time_zone=time_zone, owner=owner)
    return [
        Actual(owner, unit, month, Won(Decimal(revenue), wins, unknown), squares)
        for owner, unit, month, revenue, wins, unknown, squares in rows
    ]


def metric_actuals(*, metric: Metric, first: date, after: date, time_zone: str) -> list[Cell]:
    """
    Return what a metric counted on the business days [first, after), by everything that a target may be narrowed to.

    One query, the same as `actuals` asks; credit goes the same way. A customer's tier is the one of today.
    """
    rows = _sums(metric, first=first, after=after, time_zone=time_zone, by_scope=True)
    return [
        Cell(owner, unit, month, Achieved(Decimal(value), events, missing), product, region, tier)
        for owner, unit, month, value, events, missing, _squares, product, region, tier in rows
    ]


def _sums(
    metric: Metric,
    *,
    first: date,
    after: date,
    time_zone: str,
    owner: int | None = None,
    by_scope: bool = False,
    by_month: bool = True,
) -> list[tuple[Any, ...]]:
    """
    Return owner, unit, month, sum, events, those without a value and the sum of squares; with the scope where asked.

    :param by_month: else everything counts as of the first day
    """
    by_creation = metric.day == Metric.Day.CREATED
    divides = metric.kind in {Metric.Kind.REVENUE, Metric.Kind.MARGIN}  # money; a count stays whole
    sql = _SUMS.format(
        credited=credited(divides=divides, columns=("counted", *(SCOPE if by_scope else ()))),
        month="date_trunc('month', credited.counted)::date" if by_month else "%(first)s::date",
        event=_events(metric),
        counted="deal.created_date" if by_creation else "(event.at AT TIME ZONE %(zone)s)::date",
        columns=", deal.product_id, deal.region_id, COALESCE(customer.tier, '') AS tier" if by_scope else "",
        joins="LEFT JOIN customers_customer customer ON customer.id = deal.customer_id" if by_scope else "",
        names=f", {', '.join(SCOPE)}" if by_scope else "",
    )
    given: dict[str, Any] = {"first": first, "after": after, "zone": time_zone, "owner": owner}
    with connection.cursor() as cursor:
        cursor.execute(sql, {**given, "stage": metric.stage_id, "from_stage": metric.from_stage_id})
        return list(cursor.fetchall())


def _events(metric: Metric) -> str:
    """Return the statement that lists what a metric counts, one line per deal."""
    if metric.kind in {Metric.Kind.ENTRIES, Metric.Kind.RATE}:
        stayed = _STAYED if metric.takes_off_reopened else ""
        if metric.kind == Metric.Kind.ENTRIES:
            return _ENTERED.format(stage="%(stage)s", stayed=stayed)
        return _RATE.format(began=_ENTERED.format(stage="%(from_stage)s", stayed=""), stayed=stayed)
    value = _VALUES[Metric.Kind(metric.kind)]
    if metric.kind == Metric.Kind.CUSTOMERS:
        # over all time: whether a win is the customer's first, the year alone cannot tell
        won = _WON.replace("WHERE {day} BETWEEN %(first)s::date - 1 AND %(after)s::date", "")
        return _NEW_CUSTOMERS.format(won=_won(metric, won, value))
    return _won(metric, _WON, value)


def _won(metric: Metric, standing: str, value: str) -> str:
    """Return the wins that stand today, or with those that were reopened since, each once."""
    if metric.takes_off_reopened:
        day = "deal.created_date" if metric.day == Metric.Day.CREATED else "deal.closed_date"
        return standing.format(value=value.format(amount="deal.amount"), day=day)
    return _WON_ONCE.format(value=value.format(amount="line.amount"))


_OVERLAYS = """
SELECT credit.person_id, member.unit_id, sum(round(deal.amount * credit.points / 10000, 2)),
       count(*) FILTER (WHERE deal.amount IS NULL)
FROM customers_deal deal
JOIN customers_stage stage ON stage.id = deal.stage_id AND stage.kind = 'won'
CROSS JOIN LATERAL (SELECT (deal.stage_since AT TIME ZONE %(zone)s)::date AS day) won
JOIN LATERAL (
    SELECT max(seq) AS seq FROM customers_dealcredit agreed
    WHERE agreed.deal_id = deal.id AND agreed.valid_from <= won.day
) newest ON TRUE
JOIN customers_dealcredit credit ON credit.deal_id = deal.id AND credit.seq = newest.seq AND credit.is_overlay
LEFT JOIN teams_membership member
  ON member.user_id = credit.person_id AND member.valid_from <= won.day
 AND (member.valid_to IS NULL OR member.valid_to > won.day)
WHERE deal.id IN (SELECT deal_id FROM customers_dealcredit WHERE is_overlay)
  AND won.day >= %(first)s AND won.day < %(after)s
GROUP BY 1, 2
ORDER BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class Overlay:
    """
    What one person was named for on top while in one unit (None: in none): beside what was won, in no sum of it.

    :param unknown: deals without an amount, whose overlay is not known
    """

    person: int
    unit: int | None
    amount: Decimal
    unknown: int = 0


def overlays(*, first: date, after: date, time_zone: str) -> list[Overlay]:
    """Return the overlay on what was won on the business days [first, after), by person and their unit of the day."""
    with connection.cursor() as cursor:
        cursor.execute(_OVERLAYS, {"first": first, "after": after, "zone": time_zone})
        return [Overlay(person, unit, amount or Decimal(0), unknown) for person, unit, amount, unknown in cursor]


def year_actuals(plan: Plan, *, as_of: date) -> list[Actual]:
    """Return what was won in a plan's year up to and including a day."""
    year: FiscalYear = plan.fiscal_year
    after = min(year.after_date, as_of + timedelta(days=1))
    if after <= year.first_date:
        return []
    return actuals(first=year.first_date, after=after, time_zone=plan.time_zone)


def revenue_by_owner(*, first: date, after: date, time_zone: str) -> list[tuple[int, Decimal]]:
    """Return what each owner won on the business days [first, after), once for each unit they did it in."""
    rows = _sums(REVENUE_OF_WINS, first=first, after=after, time_zone=time_zone, by_month=False)
    return [(owner, Decimal(revenue)) for owner, _unit, _month, revenue, *_rest in rows]


@dataclass(frozen=True)
class YearSums:
    """What was won in a year so far, by unit with all below and by person, and by people who were in no unit."""

    of_unit: Mapping[int, Won]
    of_person: Mapping[int, Won]
    in_no_unit: Won

    def of(self, *, unit: int | None, person: int | None) -> Won:
        found = self.of_unit.get(unit) if unit is not None else self.of_person.get(person or 0)
        return found or NOTHING


def year_sums(plan: Plan, *, as_of: date) -> YearSums:
    """Return the sums of `year_actuals` over its months: a row per person and unit to read, not twelve. Two queries."""
    year: FiscalYear = plan.fiscal_year
    after = min(year.after_date, as_of + timedelta(days=1))
    found = []
    if after > year.first_date:
        found = _sums(REVENUE_OF_WINS, first=year.first_date, after=after, time_zone=plan.time_zone, by_month=False)
    parents = unit_parents()
    root = next((unit for unit, parent in parents.items() if parent is None), None)
    of_person, own, nowhere = dict[int, Won](), dict[int | None, Won](), NOTHING
    for owner, unit, _month, revenue, wins, unknown, _squares in found:
        won = Won(Decimal(revenue), wins, unknown)
        of_person[owner] = of_person.get(owner, NOTHING) + won
        own[root if unit is None else unit] = own.get(root if unit is None else unit, NOTHING) + won
        if unit is None:
            nowhere += won
    of_unit = dict[int, Won]()
    for place, won in own.items():
        at = place
        while at is not None:
            of_unit[at] = of_unit.get(at, NOTHING) + won
            at = parents.get(at)
    return YearSums(of_unit, of_person, nowhere)


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
