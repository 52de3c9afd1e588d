"""One night's forecast of a plan, reckoned in memory: history in, rows of the snapshot out. Nothing is written here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from core.periods import add_months
from planning.forecasting import FACTORS, REVENUE, WINS, Outlook, Targets, forecast
from planning.models import MONTHS, DealForecast, NodeForecast, Plan, StageConversion, Target

from .actuals import Actual, actuals
from .conversions import conversion_rows
from .history import DealHistory, day_number, deal_history
from .organisation import Organisation, organisation

# Months, quarters, the year, and from the year's start to each month's end: a sum's quantiles are not the sum of quantiles.
PERIODS = (
    *(f"M{month:02}" for month in range(1, 13)),
    *(f"Q{quarter}" for quarter in range(1, 5)),
    "FY",
    *(f"C{month:02}" for month in range(1, 12)),
)
SPANS = np.array(
    [*((k, k + 1) for k in range(12)), (0, 3), (3, 6), (6, 9), (9, 12), (0, 12), *((0, k) for k in range(1, 12))],
    np.int64,
)
METHOD = "hazards-1"  # named in the evidence, so that a stored forecast tells which method made it
_CENT = Decimal("0.01")

Floats = npt.NDArray[np.float64]
Cents = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Booked:
    """What is won already, by node and fiscal month: revenue in cents (M, 12), wins (M, 12)."""

    revenue: Cents
    wins: Cents


@dataclass(frozen=True)
class Snapshot:
    """What a night publishes, not yet saved; `history` and `places` are there for the conversions of the same night."""

    nodes: list[NodeForecast]
    deals: list[DealForecast]
    conversions: list[StageConversion]
    facts: dict[str, object]
    is_thin: bool
    history: DealHistory
    places: Organisation


def snapshot(*, plan: Plan, as_of: date) -> Snapshot:
    """
    Reckon revenue, wins and the chance of every target for a plan, from what was known before a business day.

    Expected money is rounded to the cent at each person and month and only then summed, so that months add up to the
    year and people to the company, exactly.
    :raises ValueError: where the fiscal year ended before the day
    """
    year = plan.fiscal_year
    history = deal_history(as_of=as_of, time_zone=plan.time_zone)
    places = organisation(as_of=as_of, also=history.owner_ids.tolist())
    edges = [add_months(year.first_date, step) for step in range(13)]
    won = actuals(first=edges[0], after=max(as_of, edges[0]), time_zone=plan.time_zone)
    booked = _booked(won, places, edges)
    targets = _targets(plan, places)
    outlook = forecast(
        history.ledger,
        history.funnel,
        as_of=day_number(as_of),
        calendar=np.array([day_number(edge) for edge in edges], np.int64),
        leaves=_leaves(history, places),
        nodes=places.below,
        targets=_asked(targets, booked.revenue - _by_present_owner(history, places, edges)),
        seed=day_number(as_of),
        spans=SPANS,
    )
    return Snapshot(
        nodes=list(_node_rows(outlook, places, booked, targets, edges)),
        deals=list(_deal_rows(outlook, history)),
        conversions=list(conversion_rows(history, places, as_of=as_of)),
        facts=_facts(outlook),
        is_thin=outlook.confidence.thin,
        history=history,
        places=places,
    )


def _booked(rows: Iterable[Actual], places: Organisation, edges: Sequence[date]) -> _Booked:
    """Sum what was won to the person who owned it then, and to the unit of that day with all above it."""
    revenue = np.zeros((places.node_count, 12), np.int64)
    wins = np.zeros((places.node_count, 12), np.int64)
    month = {edge: place for place, edge in enumerate(edges)}
    for row in rows:
        person = places.node_of(person_id=row.owner)
        nodes = [*places.units_above(row.unit), *([] if person is None else [person])]
        revenue[nodes, month[row.month]] += int(row.won.revenue * 100)
        wins[nodes, month[row.month]] += row.won.wins
    return _Booked(revenue, wins)


def _by_present_owner(history: DealHistory, places: Organisation, edges: Sequence[date]) -> Cents:
    """
    (M, 12) cents won by month as the arithmetic books them: to whoever owns the deal, and to his unit, today.

    The difference to what was booked on the day (a hand-over or a move since) goes into the targets' `already`.
    """
    won = history.won()
    month = np.searchsorted([day_number(edge) for edge in edges], won.day, "right") - 1
    inside = (month >= 0) & (month < 12)
    leaf = _leaves(history, places)[won.deal[inside]]
    cents = np.zeros((len(places.person_ids), 12))
    np.add.at(cents, (leaf, month[inside]), np.rint(np.nan_to_num(won.amount[inside]) * 100))
    return np.asarray(places.below @ cents).astype(np.int64)


def _leaves(history: DealHistory, places: Organisation) -> npt.NDArray[np.int64]:
    """(n_deals,) the leaf of each deal: its owner's place among the people."""
    return np.searchsorted(np.array(places.person_ids, np.int64), history.owner_ids[history.ledger.owner])


def _targets(plan: Plan, places: Organisation) -> dict[int, Target]:
    """Targets of the active version by node; without an active version there is nothing to attain."""
    rows = Target.objects.filter(version__in=plan.versions.active())
    found = {}
    for row in rows:
        node = places.node_of(unit_id=row.unit_id, person_id=row.person_id)
        if node is not None:
            found[node] = row
    return found


def _asked(targets: Mapping[int, Target], already: Cents) -> Targets:
    """Each target asked for every period."""
    asked = [
        (node, first, stop, amount, already[node, first:stop].sum() / 100)
        for node, target in targets.items()
        for (first, stop), amount in zip(SPANS.tolist(), _amounts(target), strict=True)
    ]
    node, first, stop, amount, before = (np.array(column) for column in zip(*asked, strict=True)) if asked else [[]] * 5
    return Targets(
        node=np.asarray(node, np.int64),
        first=np.asarray(first, np.int64),
        stop=np.asarray(stop, np.int64),
        amount=np.asarray(amount, np.float64),
        measure=np.full(len(asked), REVENUE, np.int64),
        already=np.asarray(before, np.float64),
    )


def _amounts(target: Target) -> list[Decimal]:
    """The target of every period, in the order of PERIODS."""
    months: list[Decimal] = [getattr(target, month) for month in MONTHS]
    return [*months, target.q1, target.q2, target.q3, target.q4, target.total, *list(accumulate(months))[:-1]]


def _node_rows(
    outlook: Outlook, places: Organisation, booked: _Booked, targets: Mapping[int, Target], edges: Sequence[date]
) -> Iterable[NodeForecast]:
    ahead = np.rint(outlook.leaf_revenue[1:] * 100)
    open_cents, new_cents = (np.asarray(places.below @ part).astype(np.int64) for part in ahead)
    wins = outlook.node_wins[1] + outlook.node_wins[2]
    chances = dict(zip(((node, period) for node in targets for period in PERIODS), outlook.p_attain, strict=True))
    for node in range(places.node_count):
        amounts = _amounts(targets[node]) if node in targets else [None] * len(PERIODS)
        for place, (period, (first, stop)) in enumerate(zip(PERIODS, SPANS.tolist(), strict=True)):
            sure, won = booked.revenue[node, first:stop].sum(), booked.wins[node, first:stop].sum()
            shift = sure / 100 - outlook.node_revenue[0, node, place]
            quantiles = [_money(value + shift) for value in outlook.node_revenue_quantiles[node, place]]
            win_shift = won - outlook.node_wins[0, node, place]
            win_quantiles = outlook.node_wins_quantiles[node, place] + win_shift
            unit_id, person_id = places.unit_and_person(node)
            yield NodeForecast(
                unit_id=unit_id,
                person_id=person_id,
                period=period,
                first_date=edges[first],
                booked=_from_cents(sure),
                open=_from_cents(open_cents[node, first:stop].sum()),
                new=_from_cents(new_cents[node, first:stop].sum()),
                **dict(zip(("p025", "p10", "p25", "p50", "p75", "p90", "p975"), quantiles, strict=True)),
                wins_booked=int(won),
                wins_expected=float(won + wins[node, place]),
                wins_p10=float(win_quantiles[1]),
                wins_p90=float(win_quantiles[5]),
                target=amounts[place],
                p_attain=float(chances[node, period]) if node in targets else None,
            )


def _deal_rows(outlook: Outlook, history: DealHistory) -> Iterable[DealForecast]:
    odds = outlook.deals
    for row, deal in enumerate(history.deal_ids[odds.deal].tolist()):
        yield DealForecast(
            deal_id=deal,
            p_win=float(odds.p_win[row]),
            p_by_month=[round(float(p), 5) for p in odds.p_by_period[row]],
            amount=_money(float(odds.amount[row])),
            factors={
                "base": round(float(odds.base[row]), 5),
                "imputed": bool(odds.imputed[row]),
                "days_in_stage": int(outlook.as_of - odds.since[row]),
                **{name: round(float(odds.factors[row, place]), 4) for place, name in enumerate(FACTORS)},
            },
        )


def _facts(outlook: Outlook) -> dict[str, object]:
    """What the forecast rests on, for "how this number is made"."""
    sure = outlook.confidence
    return {
        "method": METHOD,
        "deals": sure.deals,
        "wins": sure.wins,
        "months": round(sure.months, 1),
        "open_deals": sure.open_deals,
        "imputed_deals": sure.imputed_deals,
        "replays": sure.replays,
        "reasons": list(sure.reasons),
        "correction": {"open": float(sure.correction[REVENUE][0]), "new": float(sure.correction[REVENUE][1])},
        "error": {"open": float(sure.error[REVENUE][0]), "new": float(sure.error[REVENUE][1])},
        "win_error": {"open": float(sure.error[WINS][0]), "new": float(sure.error[WINS][1])},
    }


def _from_cents(cents: int) -> Decimal:
    return Decimal(int(cents)) / 100


def _money(value: float) -> Decimal:
    """Quantiles and amounts to the cent; nothing sold is less than nothing."""
    return max(Decimal(repr(round(float(value), 2))).quantize(_CENT), Decimal(0))
