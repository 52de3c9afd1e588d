"""
How much open pipeline a team has needed so far: measured on its own past periods with as many days to go.

Definition (printed on the page): coverage = open pipeline ÷ what is missing to the target. The coverage a team needs is
1 ÷ c, where c = revenue won from that day to the period's end (from deals open then and from deals created since) ÷ amounts
open on that day. Neither three times nor 1 ÷ win rate: pipeline closes over several periods, and some wins are created and
closed inside one. Method: Donovan's begin-of-period conversion, pooled over past periods.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from core.periods import add_months
from planning.forecasting.history import stays_of
from planning.models import FiscalYear, NodeForecast

from .evidence import Evidence
from .history import DealHistory, day_number
from .organisation import Organisation

LOOK_BACK = {"quarter": (3, 8), "year": (12, 4)}  # months of a period, and how many past ones are looked at
SETTLED_DAYS = 90  # history that must lie before a day for its pipeline to be all there
ENOUGH_PERIODS, ENOUGH_WINS = 4, 10


@dataclass(frozen=True)
class Coverage:
    """
    What a node's past periods say, from so many periods and wins; low, high: the smallest and largest need of a period.

    needed: coverage that brought the whole of what came; None while there is nothing to measure it by.
    """

    periods: int
    wins: int
    needed: float | None
    low: float | None
    high: float | None

    @property
    def is_enough(self) -> bool:
        return self.needed is not None and self.periods >= ENOUGH_PERIODS and self.wins >= ENOUGH_WINS

    @classmethod
    def of(cls, row: NodeForecast) -> "Coverage":
        """What the night kept with a row; nothing for periods that are not running."""
        facts = row.cover
        return cls(
            facts.get("periods", 0), facts.get("wins", 0), facts.get("needed"), facts.get("low"), facts.get("high")
        )


def coverages(
    evidence: Evidence, places: Organisation, *, year: FiscalYear, as_of: date
) -> dict[str, list[dict[str, object]]]:
    """
    Return for the running quarter and the year, by period's name, what each node's past ones say; empty outside the year.

    Deals count for whoever owns them now, as everywhere in the arithmetic.
    """
    if not year.first_date <= as_of < year.after_date or not evidence.history.ledger.n_events:
        return {}
    begun = sum(add_months(year.first_date, step) <= as_of for step in range(12))
    quarter = (begun - 1) // 3
    ends = {
        f"Q{quarter + 1}": (add_months(year.first_date, 3 * quarter + 3), "quarter"),
        "FY": (year.after_date, "year"),
    }
    return {
        period: list(_measured(evidence, places, end=end, kind=kind, as_of=as_of))
        for period, (end, kind) in ends.items()
    }


def _measured(
    evidence: Evidence,
    places: Organisation,
    *,
    end: date,
    kind: str,
    as_of: date,
) -> Iterator[dict[str, object]]:
    months, at_most = LOOK_BACK[kind]
    to_go = (end - as_of).days
    ends = [day_number(add_months(end, -months * back)) for back in range(1, at_most + 1)]
    history, ledger, past = evidence.history, evidence.ledger, evidence.rates
    oldest = int(ledger.day.min(initial=day_number(as_of)))
    first = (oldest if past is None else min(oldest, past.first_day)) + SETTLED_DAYS
    spans = [(last - to_go, last) for last in ends if last - to_go >= first]
    stays, won, n_leaves = stays_of(ledger, day_number(as_of)), history.won(), len(places.person_ids)
    leaf_of_owner = _leaf_of_owner(history, places)
    leaves = leaf_of_owner[history.ledger.owner]
    is_open = history.funnel.open[stays.state] & ~np.isnan(stays.amount) & (leaves[stays.deal] >= 0)
    pipeline, brought, wins = (np.zeros((n_leaves, len(spans))) for _ in range(3))
    for place, (day, last) in enumerate(spans):
        there = is_open & (stays.entered < day) & (stays.left >= day)
        pipeline[:, place] = np.bincount(leaves[stays.deal[there]], stays.amount[there], n_leaves)
        came = (won.day >= day) & (won.day < last) & (leaves[won.deal] >= 0)
        brought[:, place] = np.bincount(leaves[won.deal[came]], np.nan_to_num(won.amount[came]), n_leaves)
        wins[:, place] = np.bincount(leaves[won.deal[came]], minlength=n_leaves)
    if past is not None:
        owners = np.flatnonzero(leaf_of_owner >= 0)
        pipeline[leaf_of_owner[owners]] += past.open_on(np.array([day for day, _ in spans], np.int64))[owners]
    pipeline, brought, wins = (np.asarray(places.below @ part) for part in (pipeline, brought, wins))
    for node in range(places.node_count):
        known = pipeline[node] > 0
        came, open_then = brought[node][known], pipeline[node][known]
        paid = came > 0
        needs = open_then[paid] / came[paid]
        yield {
            "periods": int(known.sum()),
            "wins": int(wins[node][known].sum()),
            "needed": round(float(open_then.sum() / came.sum()), 3) if paid.any() else None,
            "low": round(float(needs.min()), 3) if paid.any() else None,
            "high": round(float(needs.max()), 3) if paid.any() else None,
        }


def _leaf_of_owner(history: DealHistory, places: Organisation) -> npt.NDArray[np.int64]:
    """The place of each owner among the people; -1 for one who is not among them."""
    at = {person: place for place, person in enumerate(places.person_ids)}
    return np.array([at.get(owner, -1) for owner in history.owner_ids.tolist()], np.int64)
