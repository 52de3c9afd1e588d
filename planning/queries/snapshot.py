"""One night's forecast of a plan, reckoned in memory: history in, rows of the snapshot out. Nothing is written here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from core.periods import add_months
from planning.forecasting import REVENUE, WINS, Outlook, Targets, forecast
from planning.models import MONTHS, NodeForecast, Plan, StageConversion, Target

from .booked import Booked, Cents, booked_by_node, by_present_owner, leaves_of
from .conversions import conversion_rows
from .coverage import coverages
from .deal_rows import DealRows, deal_rows
from .history import DealHistory, day_number
from .nights import tonight
from .organisation import Organisation, organisation
from .wins import wins_ledger

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
METHOD = "hazards-2"  # named in the evidence, so that a stored forecast tells which method made it
_CENT = Decimal("0.01")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Snapshot:
    """What a night publishes, not yet saved; `history` and `places` are there for the conversions of the same night."""

    nodes: list[NodeForecast]
    deals: DealRows
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
    night = tonight(as_of=as_of, time_zone=plan.time_zone)
    history = night.history
    places = organisation(as_of=as_of, also=history.owner_ids.tolist())
    edges = [add_months(year.first_date, step) for step in range(13)]
    won = wins_ledger(time_zone=plan.time_zone, since=edges[0]).known_before(as_of)
    booked = booked_by_node(won.by_owner_unit_and_month(), places, edges)
    targets = _targets(plan, places)
    outlook = forecast(
        history.ledger,
        history.funnel,
        as_of=day_number(as_of),
        calendar=np.array([day_number(edge) for edge in edges], np.int64),
        leaves=leaves_of(history, places),
        nodes=places.below,
        targets=_asked(targets, booked.revenue - by_present_owner(history, places, edges)),
        seed=day_number(as_of),
        spans=SPANS,
        model=night.model,
        replays=night.replays_for(places.person_ids),
    )
    cover = coverages(night.evidence, places, year=year, as_of=as_of)
    return Snapshot(
        nodes=list(_node_rows(outlook, places, booked, targets, edges, cover=cover)),
        deals=deal_rows(outlook, history),
        conversions=list(conversion_rows(night.evidence, places, as_of=as_of)),
        facts=_facts(outlook),
        is_thin=outlook.confidence.thin,
        history=history,
        places=places,
    )


def _targets(plan: Plan, places: Organisation) -> dict[int, Target]:
    """Targets of the active version by node; without an active version there is nothing to attain."""
    rows = Target.objects.plain().filter(version__in=plan.versions.active())
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
    """The target of every period, in the order of PERIODS; what months make up for earlier ones counts once in a sum of all."""
    months: list[Decimal] = [getattr(target, month) for month in MONTHS]
    own = target.own_months
    return [*months, target.q1, target.q2, target.q3, target.q4, sum(own, Decimal(0)), *list(accumulate(own))[:-1]]


def _node_rows(
    outlook: Outlook,
    places: Organisation,
    booked: Booked,
    targets: Mapping[int, Target],
    edges: Sequence[date],
    *,
    cover: Mapping[str, Sequence[dict[str, object]]],
) -> Iterable[NodeForecast]:
    ahead = np.rint(outlook.leaf_revenue[1:] * 100)
    open_cents, new_cents = (np.asarray(places.below @ part).astype(np.int64) for part in ahead)
    wins = outlook.node_wins[1] + outlook.node_wins[2]
    asked = [(node, period) for node in targets for period in PERIODS]
    chances = dict(zip(asked, outlook.p_attain, strict=True))
    lacking = dict(zip(asked, outlook.shortfall, strict=True))
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
                shortfall=_money(lacking[node, period]) if node in targets else None,
                cover=cover[period][node] if period in cover else {},
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
