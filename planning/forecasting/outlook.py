"""
The forecast of one day: means by leaf, quantiles by node and span, the chance of each target, every open deal, and
what it rests on.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .draws import Sources, draw_count, simulate
from .errors import NEW, OPEN, Errors, Replay, learn_errors, middles
from .expected import Model, Part, Seen, gather
from .history import Bools, Floats, Funnel, Ints, Ledger, tally
from .levels import FACTORS
from .replays import Memo, held_against, look_back, remembered

QUANTILES: Final = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
REVENUE, WINS = 0, 1
FLOOR_DEALS, FLOOR_WINS, FLOOR_MONTHS = 400, 150, 12  # below these the reasons say so
THIN_DEALS, THIN_WINS, THIN_MONTHS = 100, 30, 6  # below any of these the number rests mainly on priors


@dc.dataclass(frozen=True, slots=True)
class Targets:
    """
    Targets to reach, (n,) each: node, first and stop = periods [first, stop) of the calendar, amount, measure
    (REVENUE or WINS).

    already: what counts towards the target beyond the ledger's wins inside the span, for example months before the
    calendar.
    """

    node: Ints
    first: Ints
    stop: Ints
    amount: Floats
    measure: Ints
    already: Floats

    @classmethod
    def none(cls) -> Targets:
        """No targets."""
        empty = np.zeros(0, np.int64)
        return cls(empty, empty, empty, np.zeros(0), empty, np.zeros(0))


@dc.dataclass(frozen=True, slots=True)
class Confidence:
    """
    The evidence. thin: the number rests mainly on priors. reasons: codes, a door turns them into sentences: no_deals,
    few_deals, no_wins, few_wins, short_history, no_season, no_replays, amounts_imputed, no_amounts.

    correction, error: (2, 2) measure (REVENUE, WINS) × part (open, new): factor learnt from replays, sd of the shared
    relative error.
    """

    deals: int
    wins: int
    months: float
    open_deals: int
    imputed_deals: int
    replays: int
    thin: bool
    reasons: tuple[str, ...]
    correction: Floats
    error: Floats


@dc.dataclass(frozen=True, slots=True)
class DealOdds:
    """
    Open deals, (n,): deal = index in the ledger, state, since = day, amount = expected if won, imputed = it had no
    amount, p_win = finally won, base = the same without factors (stage, age and closing date only), fresh = base of a
    deal that enters the stage today, by_close = the clock is the days to the expected closing date, not the days in
    stage, p_by_period (n, K) = won by the end of each period (0 while a period lies in the past), factors (n,
    len(FACTORS)) = odds each attribute puts on winning, 1 = none.
    """

    deal: Ints
    state: Ints
    since: Ints
    amount: Floats
    imputed: Bools
    p_win: Floats
    base: Floats
    fresh: Floats
    by_close: Bools
    p_by_period: Floats
    factors: Floats


@dc.dataclass(frozen=True, slots=True)
class Outlook:
    """
    Everything a snapshot needs. L leaves, K periods of the calendar, M nodes, S spans, T targets; parts are booked,
    open, new.

    leaf_revenue, leaf_wins (3, L, K): means, corrected by the replays. node_revenue, node_wins (3, M, S): their sums.
    node_revenue_quantiles, node_wins_quantiles (M, S, 7): QUANTILES of booked + open + new. p_attain (T,): chance to
    reach each target; shortfall (T,): E[max(target - landed, 0)], in the unit of the target, from the same draws.
    node_evidence (M,): wins in the history of each node. leaf_deals_won_share: maturation of a new deal.
    """

    as_of: int
    calendar: Ints
    spans: Ints
    leaf_revenue: Floats
    leaf_wins: Floats
    node_revenue: Floats
    node_wins: Floats
    node_revenue_quantiles: Floats
    node_wins_quantiles: Floats
    p_attain: Floats
    shortfall: Floats
    node_evidence: Ints
    deals: DealOdds
    confidence: Confidence


def default_spans(n_periods: int) -> Ints:
    """(S, 2) every period, every three from the first on, and all."""
    single = [(k, k + 1) for k in range(n_periods)]
    triples = [(k, min(k + 3, n_periods)) for k in range(0, n_periods, 3)] if n_periods > 1 else []
    whole = [(0, n_periods)] if n_periods > 3 else []
    return np.array([*single, *triples, *whole], np.int64).reshape(-1, 2)


def _corrected(part: Part, wins: Floats, revenue: Floats) -> Part:
    return Part(part.wins * wins, part.revenue * revenue, part.wins_var * wins, part.revenue_var * revenue)


def _confidence(seen: Seen, *, months: float, replays: int, errors: dict[int, Errors], recorded: bool) -> Confidence:
    deals, wins = int(seen.exists.sum()), int((seen.won_day >= 0).sum())
    imputed = int(seen.imputed.sum())
    facts = {
        "no_deals": deals == 0,
        "few_deals": 0 < deals < FLOOR_DEALS,
        "no_wins": wins == 0,
        "few_wins": 0 < wins < FLOOR_WINS,
        "short_history": months < FLOOR_MONTHS,
        "no_season": months < 18,
        "no_replays": replays == 0,
        "amounts_imputed": imputed > 0,
        "no_amounts": deals > 0 and not recorded,
    }
    return Confidence(
        deals=deals,
        wins=wins,
        months=months,
        open_deals=len(seen.deal),
        imputed_deals=imputed,
        replays=replays,
        thin=deals < THIN_DEALS or wins < THIN_WINS or months < THIN_MONTHS,
        reasons=tuple(name for name, holds in facts.items() if holds),
        correction=np.stack([errors[m].correction.mean(1) for m in (REVENUE, WINS)]),
        error=np.stack([errors[m].single for m in (REVENUE, WINS)]),
    )


def make_outlook(
    ledger: Ledger,
    funnel: Funnel,
    *,
    as_of: int,
    calendar: Ints,
    leaves: Ints,
    nodes: npt.NDArray[np.bool_] | sparse.csr_matrix,
    targets: Targets,
    seed: int,
    spans: Ints | None = None,
    replay: bool = True,
    model: Model | None = None,
    replays: Sequence[Replay] | None = None,
    memo: Memo | None = None,
) -> Outlook:
    """See `planning.forecasting.forecast`."""
    ledger.check(funnel)
    tree = sparse.csr_matrix(nodes, dtype=np.float64)
    n_leaves = tree.shape[1]
    n_periods = len(calendar) - 1
    if n_periods < 1 or (np.diff(calendar) <= 0).any() or calendar[-1] <= as_of:
        raise ValueError("calendar must rise and end after as_of")
    if len(leaves) != ledger.n_deals or (len(leaves) and not 0 <= leaves.min() <= leaves.max() < n_leaves):
        raise ValueError("every deal needs a leaf that the nodes know")
    over = default_spans(n_periods) if spans is None else spans

    ahead = np.flatnonzero(calendar[1:] > as_of)
    ends = calendar[1:][ahead] - as_of
    seen = remembered(ledger, funnel, as_of=as_of, ends=ends, explain=True, model=model, memo=memo)
    known = ledger.before(as_of)
    start = max(ledger.history_from, known.first_day) if known.n_events else as_of
    expected = gather(seen, ledger, leaf=leaves, n_leaves=n_leaves)
    if replays is None and replay:
        past = look_back(ledger, funnel, calendar=calendar, as_of=as_of, start=start, memo=memo)
        replays = held_against(past, seen, ledger, leaf=leaves, n_leaves=n_leaves)
    before = list(replays or [])
    n_wins = int((seen.won_day >= 0).sum())
    period, ahead_days = float(np.median(np.diff(calendar))), middles(as_of, ends)
    errors = {
        m: learn_errors(before, ahead=ahead_days, period=period, wins=n_wins, revenue=m == REVENUE)
        for m in (REVENUE, WINS)
    }
    parts = [
        _corrected(part, errors[WINS].correction[i], errors[REVENUE].correction[i])
        for i, part in ((OPEN, expected.open), (NEW, expected.new))
    ]

    leaf_wins, leaf_revenue = np.zeros((3, n_leaves, n_periods)), np.zeros((3, n_leaves, n_periods))
    leaf_wins[0], leaf_revenue[0] = _booked(seen, calendar, leaves, n_leaves)
    for i, part in enumerate(parts, start=1):
        leaf_wins[i][:, ahead], leaf_revenue[i][:, ahead] = part.wins, part.revenue

    sources = Sources(parts[OPEN], parts[NEW], errors[WINS], errors[REVENUE])
    quantiles, p_attain, shortfall = _roll_up(
        sources,
        tree,
        ahead=ahead,
        spans=over,
        targets=targets,
        booked=(leaf_revenue[0], leaf_wins[0]),
        seed=seed,
    )
    up = _up(tree, over)
    by_period = np.zeros((len(seen.deal), n_periods))
    by_period[:, ahead] = seen.chances.by_end
    won = np.bincount(leaves[seen.won_day >= 0], minlength=n_leaves)
    return Outlook(
        as_of=as_of,
        calendar=calendar,
        spans=over,
        leaf_revenue=leaf_revenue,
        leaf_wins=leaf_wins,
        node_revenue=np.stack([up(x) for x in leaf_revenue]),
        node_wins=np.stack([up(x) for x in leaf_wins]),
        node_revenue_quantiles=quantiles[REVENUE],
        node_wins_quantiles=quantiles[WINS],
        p_attain=p_attain,
        shortfall=shortfall,
        node_evidence=np.asarray(tree @ won).astype(np.int64),
        deals=DealOdds(
            deal=seen.deal,
            state=seen.state,
            since=seen.since,
            amount=seen.amount,
            imputed=seen.imputed,
            p_win=seen.chances.final,
            base=seen.chances.base,
            fresh=seen.chances.fresh,
            by_close=seen.chances.by_close,
            p_by_period=by_period,
            factors=seen.chances.factors,
        ),
        confidence=_confidence(
            seen,
            months=max(as_of - start, 0) / 30.4375,
            replays=len(before),
            errors=errors,
            recorded=bool((~np.isnan(known.amount)).any()),
        ),
    )


def _booked(seen: Seen, calendar: Ints, leaves: Ints, n_leaves: int) -> tuple[Floats, Floats]:
    """
    (L, K) wins and revenue already won inside each period; a win without an amount brings nothing until it has one.
    """
    n_periods = len(calendar) - 1
    period = np.searchsorted(calendar, seen.won_day, "right") - 1
    hit = (seen.won_day >= 0) & (period >= 0) & (period < n_periods)
    cell = leaves[hit] * n_periods + period[hit]
    wins = np.bincount(cell, minlength=n_leaves * n_periods).astype(np.float64)
    revenue = tally(cell, np.nan_to_num(seen.paid[hit]), n_leaves * n_periods)
    return wins.reshape(n_leaves, n_periods), revenue.reshape(n_leaves, n_periods)


class _up:  # noqa: N801  (used like a function)
    """Sum (L, K) leaves and periods to (M, S) nodes and spans."""

    def __init__(self, tree: sparse.csr_matrix, spans: Ints) -> None:
        self.tree, self.spans = tree, spans

    def __call__(self, values: Floats) -> Floats:
        cumulative = np.concatenate([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1)], axis=1)
        return np.asarray(self.tree @ (cumulative[:, self.spans[:, 1]] - cumulative[:, self.spans[:, 0]]))


def _roll_up(
    sources: Sources,
    tree: sparse.csr_matrix,
    *,
    ahead: Ints,
    spans: Ints,
    targets: Targets,
    booked: tuple[Floats, Floats],
    seed: int,
) -> tuple[tuple[Floats, Floats], Floats, Floats]:
    """Quantiles (M, S, 7) of revenue and wins, P(attain) and shortfall (T,), from joint draws summed up the tree."""
    n_nodes, n_leaves = tree.shape
    n_periods = booked[0].shape[1]
    n_draws = draw_count(max(n_leaves, n_nodes), len(ahead))
    totals = [np.zeros((n_nodes, n_periods, n_draws), np.float32) for _ in range(2)]
    above = tree.tocsc()
    for leaf, (wins, revenue) in enumerate(simulate(sources, seed=seed, n_draws=n_draws)):
        mine = above.indices[above.indptr[leaf] : above.indptr[leaf + 1]]
        for node in mine:
            totals[REVENUE][node, ahead] += revenue
            totals[WINS][node, ahead] += wins
    sure = [np.asarray(tree @ b) for b in booked]
    quantiles = []
    for measure in (REVENUE, WINS):
        out = np.zeros((n_nodes, len(spans), len(QUANTILES)))
        for s, (first, stop) in enumerate(spans):
            drawn = totals[measure][:, first:stop].sum(1, dtype=np.float64)
            out[:, s] = np.quantile(drawn, QUANTILES, axis=1).T + sure[measure][:, first:stop].sum(1)[:, None]
        quantiles.append(out)
    p_attain, shortfall = np.zeros(len(targets.node)), np.zeros(len(targets.node))
    for t, (node, first, stop, measure) in enumerate(
        zip(targets.node, targets.first, targets.stop, targets.measure, strict=True)
    ):
        missing = targets.amount[t] - targets.already[t] - sure[measure][node, first:stop].sum()
        drawn = totals[measure][node, first:stop].sum(0, dtype=np.float64)
        open_end = bool((ahead >= first).any() and (ahead < stop).any())
        hits = float((drawn >= missing - 1e-6).sum())
        p_attain[t] = (hits + 0.5) / (n_draws + 1) if missing > 0 and open_end else float(missing <= 0)
        shortfall[t] = np.maximum(missing - drawn, 0.0).mean()
    return (quantiles[REVENUE], quantiles[WINS]), p_attain, shortfall


__all__ = [
    "FACTORS",
    "QUANTILES",
    "REVENUE",
    "WINS",
    "Confidence",
    "DealOdds",
    "Outlook",
    "Targets",
    "default_spans",
    "make_outlook",
]
