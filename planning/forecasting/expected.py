"""
One forecast before any uncertainty about the method: expected wins and revenue by leaf and window, open and not yet
created.
"""

from __future__ import annotations

import dataclasses as dc

import numpy as np

from .arrivals import Arrivals, Cohorts, expect_arrivals
from .hazards import Hazards, fit_hazards
from .history import UNKNOWN, Bools, Floats, Funnel, Ints, Ledger, Stays, standing_of, stays_of
from .levels import amount_edges, levels_of, stay_levels
from .winning import Chances, Open, chances
from .worth import learn_worth, value_open


@dc.dataclass(frozen=True, slots=True)
class Part:
    """Wins and revenue of one source, all (L, H): means and process variances (given the means)."""

    wins: Floats
    revenue: Floats
    wins_var: Floats
    revenue_var: Floats

    def within(self, windows: int) -> Part:
        """The same over its first windows alone."""
        return Part(*(getattr(self, f.name)[:, :windows] for f in dc.fields(self)))


@dc.dataclass(frozen=True, slots=True)
class Model:
    """
    Hazards, and the edges of the amount bands they were learnt with. ratio (S,), spread: what recorded amounts turn
    into, where that was learnt before (`Worth`); None: learn it from the stays at hand.
    """

    hazards: Hazards
    edges: Floats
    ratio: Floats | None = None
    spread: float = 0.0


@dc.dataclass(frozen=True, slots=True)
class Expected:
    """
    deal, amount, imputed, state, since: (n_open,) the open deals behind `chances`; at (n_deals,) outcome day of won
    deals else -1.
    """

    open: Part
    new: Part
    deal: Ints
    state: Ints
    since: Ints
    amount: Floats
    imputed: Bools
    chances: Chances
    model: Model
    arrivals: Arrivals
    won_day: Ints
    paid: Floats
    n_created: int


def _sum_by(leaf: Ints, values: Floats, n_leaves: int) -> Floats:
    """(n, H) → (L, H)."""
    columns = [np.bincount(leaf, values[:, h], n_leaves) for h in range(values.shape[1])]
    return np.stack(columns, axis=1) if columns else np.zeros((n_leaves, 0))


def learn(known: Ledger, funnel: Funnel, stays: Stays) -> Model:
    """Learn the hazards from a ledger that holds only what was known on stays.as_of."""
    edges = amount_edges(stays)
    hazards = fit_hazards(stays, funnel, stay_levels(known, stays, edges), history_from=known.history_from)
    return Model(hazards, edges)


def expect(
    ledger: Ledger,
    funnel: Funnel,
    *,
    as_of: int,
    ends: Ints,
    leaf: Ints,
    n_leaves: int,
    explain: bool = True,
    model: Model | None = None,
) -> Expected:
    """
    Forecast means from what was known before as_of, with a model learnt then or (model) before.

    Shapes: ends (H,) ascending day offsets from as_of (> 0): window h is [as_of + ends[h-1], as_of + ends[h]); leaf
    (n_deals,). explain: also work out each deal's chance without factors.
    """
    known = ledger.before(as_of)
    stays = stays_of(known, as_of)
    now = standing_of(known, stays)
    is_won = (now.state >= 0) & funnel.won[now.state]
    won_day = np.where(is_won, now.since, UNKNOWN)
    paid = np.where(is_won, now.amount, np.nan)

    model = learn(known, funnel, stays) if model is None else model

    deal = np.flatnonzero((now.state >= 0) & funnel.open[now.state])
    state, since, close = now.state[deal], now.since[deal], now.close[deal]
    standing = Open(
        state=state,
        age=as_of - since,
        to_close=np.where(close == UNKNOWN, 0, close - as_of),
        dated=close != UNKNOWN,
        levels=levels_of(known, deal=deal, amount=now.amount[deal], edges=model.edges, close=close, entered=since),
    )
    odds = chances(model.hazards, standing, ends, funnel.won, explain=explain)
    worth = learn_worth(
        stays,
        won=funnel.won,
        outcome=won_day,
        paid=paid,
        product=known.product,
        leaf=leaf,
        n_leaves=n_leaves,
        recorded=now.amount,
    )
    if model.ratio is not None:
        worth = dc.replace(worth, ratio=model.ratio, spread=model.spread)
    amount, spread, imputed = value_open(worth, state, known.product[deal], now.amount[deal])
    p = np.diff(odds.by_end, axis=1, prepend=0.0)
    here = leaf[deal]
    a = amount[:, None]
    open_part = Part(
        wins=_sum_by(here, p, n_leaves),
        revenue=_sum_by(here, p * a, n_leaves),
        wins_var=_sum_by(here, p * (1 - p), n_leaves),
        revenue_var=_sum_by(here, (p * (1 + spread[:, None]) - p**2) * a**2, n_leaves),
    )

    created = np.flatnonzero(now.state >= 0)
    cohorts = Cohorts(known.created[created], won_day[created], leaf[created], paid[created])
    arrivals = expect_arrivals(cohorts, as_of=as_of, ends=ends, n_leaves=n_leaves, history_from=known.history_from)
    each = worth.by_leaf[:, None]
    new_part = Part(
        wins=arrivals.wins,
        revenue=arrivals.revenue * each,
        wins_var=arrivals.wins,
        revenue_var=arrivals.revenue * each**2 * (1 + worth.spread_imputed),
    )
    return Expected(
        open=open_part,
        new=new_part,
        deal=deal,
        state=state,
        since=since,
        amount=amount,
        imputed=imputed,
        chances=odds,
        model=model,
        arrivals=arrivals,
        won_day=won_day,
        paid=paid,
        n_created=len(created),
    )
