"""What moved since an earlier night: the difference of two snapshots, taken apart deal by deal so that the parts add up."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from core.models import JobRun
from core.periods import add_months
from customers.models import Deal
from customers.queries.credits import credited
from planning.models import ForecastEvidence, NodeForecast
from teams.models import Membership, OrgUnit, User

from .forecasts import Node
from .snapshot import PERIODS, SPANS

DEALS_SHOWN = 8

# One line per deal and part. v0 and v1: what the deal was expected to bring within the period, as the two nights saw it; the
# corrections that a night learns from its own errors are in both. A deal open on both nights first changes its amount at
# the old chance, then its chance at the new amount.
_PARTS = f"""
WITH closes AS (SELECT %(first)s::date AS first, %(after)s::date AS after),
owned AS (  -- won between the nights, within the period
    SELECT deal.id AS deal_id, deal.closed_date AS day, COALESCE(deal.amount, 0) AS value,
           COALESCE(held.owner_id, deal.owner_id) AS owner_id
    FROM closes, customers_deal deal
    JOIN customers_stage stage ON stage.id = deal.stage_id AND stage.kind = 'won'
    LEFT JOIN customers_dealownership held
      ON held.deal_id = deal.id AND held.valid_from <= deal.stage_since
     AND (held.valid_to IS NULL OR held.valid_to > deal.stage_since)
    WHERE deal.closed_date >= GREATEST(first, %(since_day)s::date) AND deal.closed_date < LEAST(after, %(run_day)s::date)
), {credited(columns=("deal_id",))}, paid AS (  -- what of it is credited here
    SELECT deal_id, sum(value) AS paid FROM credited
    WHERE %(everybody)s OR owner_id = ANY(%(people_now)s) GROUP BY deal_id
), earlier AS (
    SELECT deal_id, stage_id, expected_close_date AS close, recorded_amount AS recorded, amount,
           (p_by_month[%(stop)s] - CASE WHEN %(start)s = 0 THEN 0 ELSE p_by_month[%(start)s] END)::numeric * %(c0)s AS p
    FROM planning_dealforecast WHERE run_id = %(since)s AND (%(everybody)s OR owner_id = ANY(%(people_then)s))
), later AS (
    SELECT deal_id, stage_id, expected_close_date AS close, recorded_amount AS recorded, amount,
           (p_by_month[%(stop)s] - CASE WHEN %(start)s = 0 THEN 0 ELSE p_by_month[%(start)s] END)::numeric * %(c0)s AS p,
           (p_by_month[%(stop)s] - CASE WHEN %(start)s = 0 THEN 0 ELSE p_by_month[%(start)s] END)::numeric * %(c1)s AS p1
    FROM planning_dealforecast WHERE run_id = %(run)s AND (%(everybody)s OR owner_id = ANY(%(people_now)s))
), both_nights AS (
    SELECT deal_id, earlier.p * earlier.amount AS v0, later.p1 * later.amount AS v1,
           CASE WHEN earlier.recorded IS DISTINCT FROM later.recorded
                THEN earlier.p * (later.amount - earlier.amount) ELSE 0 END AS resized,
           (later.p - earlier.p) * later.amount AS shifted,
           CASE WHEN earlier.close < closes.after AND later.close >= closes.after THEN 'slipped'
                WHEN earlier.close >= closes.after AND later.close < closes.after THEN 'pulled'
                WHEN earlier.stage_id <> later.stage_id THEN 'stage' ELSE 'age' END AS way
    FROM earlier JOIN later USING (deal_id), closes
), gone AS (
    SELECT earlier.deal_id, earlier.p * earlier.amount AS v0, stage.kind,
           EXISTS (SELECT FROM planning_dealforecast other
                   WHERE other.run_id = %(run)s AND other.deal_id = earlier.deal_id) AS elsewhere
    FROM earlier LEFT JOIN later USING (deal_id)
    JOIN customers_deal deal ON deal.id = earlier.deal_id JOIN customers_stage stage ON stage.id = deal.stage_id
    WHERE later.deal_id IS NULL
), come AS (
    SELECT later.deal_id, later.p1 * later.amount AS v1,
           EXISTS (SELECT FROM planning_dealforecast other
                   WHERE other.run_id = %(since)s AND other.deal_id = later.deal_id) AS elsewhere
    FROM later LEFT JOIN earlier USING (deal_id) WHERE earlier.deal_id IS NULL
), parts AS (
    SELECT 'amount' AS key, deal_id, v0, v1, resized AS part FROM both_nights WHERE resized <> 0
    UNION ALL
    SELECT way, deal_id, v0, v1, shifted FROM both_nights WHERE shifted <> 0
    UNION ALL
    SELECT CASE WHEN elsewhere OR (paid IS NULL AND EXISTS (SELECT FROM owned WHERE owned.deal_id = gone.deal_id))
                THEN 'handed' WHEN kind = 'won' THEN 'won' WHEN kind = 'lost' THEN 'lost' ELSE 'rest' END,
           deal_id, v0, counted, counted - v0
    FROM gone LEFT JOIN paid USING (deal_id),
         LATERAL (SELECT CASE WHEN elsewhere THEN 0 ELSE COALESCE(paid, 0) END AS counted) here
    UNION ALL
    SELECT CASE WHEN elsewhere THEN 'handed' ELSE 'created' END, deal_id, 0, v1, v1 FROM come
    UNION ALL  -- not expected here by the earlier night: created and won between the nights, or a share of somebody else's
    SELECT 'won', deal_id, 0, paid, paid FROM paid
    WHERE NOT EXISTS (SELECT FROM earlier WHERE earlier.deal_id = paid.deal_id)
), rounded AS (
    SELECT key, deal_id, round(v0, 2) AS v0, round(v1, 2) AS v1, round(part, 2) AS part FROM parts WHERE key <> 'rest'
), ranked AS (
    SELECT *, sum(part) OVER (PARTITION BY key) AS total, count(*) OVER (PARTITION BY key) AS deals,
           row_number() OVER (PARTITION BY key ORDER BY abs(part) DESC, deal_id) AS place
    FROM rounded
)
SELECT key, deal_id, v0, v1, part, total, deals FROM ranked WHERE place <= %(shown)s ORDER BY key, place
"""  # noqa: S608  # both parts are constants
ORDER = ("won", "lost", "created", "slipped", "pulled", "amount", "stage", "age", "handed")


@dataclass(frozen=True)
class DealMove:
    """One deal behind a part: expected of it then and now (or what it brought), and its share in the part."""

    deal: Deal
    before: Decimal
    after: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Move:
    """
    One part of the difference.

    :param deals: how many deals it comes from, None where it comes from none
    :param behind: the largest of them that the reader may see
    """

    key: str
    amount: Decimal
    deals: int | None
    behind: tuple[DealMove, ...] = field(default=())


@dataclass(frozen=True)
class Movement:
    """Expected revenue of a period then and now; `moves` add up to the difference, to the cent."""

    since: JobRun
    before: NodeForecast
    after: NodeForecast
    moves: tuple[Move, ...]

    @property
    def change(self) -> Decimal:
        return self.after.expected - self.before.expected


def movement(*, run: JobRun, since: JobRun, node: Node, user: User, period: str) -> Movement | None:
    """
    Take the difference of a node's period between two nights apart; None where a night does not know the node.

    won: what was won brought here within the period (of a shared deal the shares), less what was expected of it. lost: what
    was expected of it. created: deals that the earlier night did not know (or knew as closed). slipped, pulled: open on both
    nights, the expected close moved beyond the period, or into it. amount, stage, age: other deals open on both nights whose
    amount, stage or chance alone changed. handed: deals that came from or went to people outside the node. unborn: the deals
    not yet created. rest: what remains: a change of the method's own corrections, late entries.
    Seven queries, whatever the number of deals.
    """
    rows = {row.run_id: row for row in node_rows(node, (run, since), period)}
    if rows.keys() != {run.pk, since.pk}:
        return None
    before, after = rows[since.pk], rows[run.pk]
    found = _parts(run=run, since=since, node=node, period=period, after=after)
    titles = Deal.objects.visible_to(user).select_related("owner", "stage")
    seen = titles.in_bulk({line["deal_id"] for line in found})
    moves = [move for key in ORDER if (move := _move(key, [line for line in found if line["key"] == key], seen))]
    moves.append(Move("unborn", after.new - before.new, None))
    rest = after.expected - before.expected - sum((move.amount for move in moves), Decimal(0))
    return Movement(since, before, after, (*moves, Move("rest", rest, None)))


def node_rows(node: Node, runs: Iterable[JobRun], period: str) -> Iterable[NodeForecast]:
    """Return a node's rows of a period in several nights."""
    return NodeForecast.objects.filter(run__in=list(runs), unit=node.unit, person=node.person, period=period)


def _move(key: str, lines: list[dict[str, Any]], seen: Mapping[int, Deal]) -> Move | None:
    if not lines:
        return None
    behind = [
        DealMove(seen[line["deal_id"]], line["v0"], line["v1"], line["part"])
        for line in lines
        if line["deal_id"] in seen
    ]
    return Move(key, lines[0]["total"], lines[0]["deals"], tuple(behind))


def _parts(*, run: JobRun, since: JobRun, node: Node, period: str, after: NodeForecast) -> list[dict[str, Any]]:
    start, stop = SPANS[PERIODS.index(period)].tolist()
    learnt = {row.run_id: row.facts for row in ForecastEvidence.objects.filter(run__in=[run, since])}
    everybody = node.unit is not None and node.unit.kind == OrgUnit.Kind.COMPANY
    params = {
        "run": run.pk,
        "since": since.pk,
        "run_day": run.business_date,
        "since_day": since.business_date,
        "start": start,
        "stop": stop,
        "first": after.first_date,
        "after": add_months(after.first_date, stop - start),
        "c0": _correction(learnt.get(since.pk, {})),
        "c1": _correction(learnt.get(run.pk, {})),
        "everybody": everybody,
        "people_then": [] if everybody else people_of(node, since.business_date),
        "people_now": [] if everybody else people_of(node, run.business_date),
        "shown": DEALS_SHOWN,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PARTS, params)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, line, strict=True)) for line in cursor.fetchall()]


def people_of(node: Node, day: date) -> list[int]:
    """Return the keys of the people whose deals a node sums on a day."""
    if node.person is not None:
        return [node.person.pk]
    below = OrgUnit.objects.descendants(node.unit, include_self=True).values_list("pk", flat=True)
    return list(Membership.objects.on(day).filter(unit__in=list(below)).values_list("user", flat=True))


def _correction(facts: Mapping[str, Any]) -> Decimal:
    return Decimal(repr(float(facts.get("correction", {}).get("open", 1.0))))
