"""
One forecast before any uncertainty about the method: expected wins and revenue by leaf and window, open and not yet
created.
"""

from __future__ import annotations

import dataclasses as dc

import numpy as np

from .arrivals import Arrivals, Cohorts, expect_arrivals
from .hazards import WIN, Hazards, fit_hazards
from .history import UNKNOWN, Bools, Floats, Funnel, Ints, Ledger, Stays, standing_of, stays_of
from .levels import amount_edges, levels_of, stay_levels
from .likeness import Open
from .returns import Returns, expect_returns
from .tempo import Tempo, learn_tempo
from .winning import Chances, chances, fresh_curves
from .worth import Worth, learn_worth, value_open, worth_by


@dc.dataclass(frozen=True, slots=True)
class Part:
    """Wins and revenue of one source, all (L, H): means and process variances (given the means)."""

    wins: Floats
    revenue: Floats
    wins_var: Floats
    revenue_var: Floats


@dc.dataclass(frozen=True, slots=True)
class Model:
    """
    Hazards, the edges of the amount bands they were learnt with, and how hazards change (`tempo`).
    ratio (S,), spread: what recorded amounts turn into, where that was learnt before (`Worth`); None: learn it from the
    stays at hand.
    """

    hazards: Hazards
    edges: Floats
    tempo: Tempo
    ratio: Floats | None = None
    spread: float = 0.0


@dc.dataclass(frozen=True, slots=True)
class Seen:
    """
    The forecast of single deals on one day, before anybody asks whose they are.

    deal, amount (expected if won), spread (its squared coefficient of variation), imputed, state, since: (n_open,) the
    open deals behind `chances`. won_day (n_deals,): outcome day of won deals else -1; paid: what they brought (NaN);
    exists: created before as_of.
    luck (days,): how much more readily deals are won n days after their creation than they used to be; daily (days,): how
    much more readily on the days ahead than on others. returns: lost
    deals that may come back, returned: what each would bring.
    """

    as_of: int
    ends: Ints
    deal: Ints
    state: Ints
    since: Ints
    amount: Floats
    spread: Floats
    imputed: Bools
    chances: Chances
    model: Model
    worth: Worth
    won_day: Ints
    paid: Floats
    exists: Bools
    luck: Floats
    daily: Floats
    returns: Returns
    returned: Floats


@dc.dataclass(frozen=True, slots=True)
class Expected:
    """The forecast of one day by leaf: what is open, what is not yet created."""

    seen: Seen
    open: Part
    new: Part
    arrivals: Arrivals


def _sum_by(leaf: Ints, values: Floats, n_leaves: int) -> Floats:
    """(n, H) → (L, H)."""
    columns = [np.bincount(leaf, values[:, h], n_leaves) for h in range(values.shape[1])]
    return np.stack(columns, axis=1) if columns else np.zeros((n_leaves, 0))


def learn(known: Ledger, funnel: Funnel, stays: Stays) -> Model:
    """Learn the hazards from a ledger that holds only what was known on stays.as_of."""
    edges = amount_edges(stays)
    levels = stay_levels(known, stays, edges)
    hazards = fit_hazards(stays, funnel, levels, history_from=known.history_from)
    return Model(hazards, edges, learn_tempo(stays, funnel, levels, hazards, history_from=known.history_from))


def observe(
    ledger: Ledger, funnel: Funnel, *, as_of: int, ends: Ints, explain: bool = True, model: Model | None = None
) -> Seen:
    """
    Forecast every open deal from what was known before as_of, with a model learnt then or (model) before.

    Shapes: ends (H,) ascending day offsets from as_of (> 0): window h is [as_of + ends[h-1], as_of + ends[h]). explain:
    also work out each deal's chance without factors.
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
    tempo = model.tempo
    daily = tempo.rhythm.on(as_of + np.arange(int(ends.max(initial=0))))
    odds = chances(model.hazards, standing, ends, funnel.won, explain=explain, drift=tempo.drift, daily=daily)
    worth = learn_worth(stays, won=funnel.won, outcome=won_day, paid=paid, product=known.product, recorded=now.amount)
    if model.ratio is not None:
        worth = dc.replace(worth, ratio=model.ratio, spread=model.spread)
    amount, spread, imputed = value_open(worth, state, known.product[deal], now.amount[deal])
    returns = expect_returns(
        tempo.reopening, funnel, model.hazards, tempo.drift, as_of=as_of, state=now.state, since=now.since, ends=ends
    )
    again = returns.deal
    returned, _, _ = value_open(worth, now.state[again], known.product[again], now.amount[again])
    return Seen(
        as_of=as_of,
        ends=ends,
        deal=deal,
        state=state,
        since=since,
        amount=amount,
        spread=spread,
        imputed=imputed,
        chances=odds,
        model=model,
        worth=worth,
        won_day=won_day,
        paid=paid,
        exists=now.state >= 0,
        returns=returns,
        returned=returned,
        daily=daily[:, WIN],
        luck=_luck(model, funnel, int(ends.max(initial=0))),
    )


def _luck(model: Model, funnel: Funnel, n_days: int) -> Floats:
    """(n_days,) chance to be won n days after creation as hazards now drift, over what it was: at least a day."""
    n_days = max(n_days, 1)
    tempo = model.tempo
    if not tempo.entry.any():
        return np.ones(n_days)
    scale = np.stack([np.ones((funnel.n_states, 4)), tempo.drift.soon])
    curves = np.tensordot(fresh_curves(model.hazards, scale, n_days, funnel.won), tempo.entry, (1, 0))
    usual, now = np.diff(curves, axis=1) + 1e-9
    return np.asarray(np.clip(now / usual, 0.3, 3.0))


def gather(seen: Seen, ledger: Ledger, *, leaf: Ints, n_leaves: int) -> Expected:
    """Sum a day's forecast by leaf (n_deals,), and add the deals that are not yet created."""
    p = np.diff(seen.chances.by_end, axis=1, prepend=0.0)
    here, a = leaf[seen.deal], seen.amount[:, None]
    open_part = Part(
        wins=_sum_by(here, p, n_leaves),
        revenue=_sum_by(here, p * a, n_leaves),
        wins_var=_sum_by(here, p * (1 - p), n_leaves),
        revenue_var=_sum_by(here, (p * (1 + seen.spread[:, None]) - p**2) * a**2, n_leaves),
    )
    created = np.flatnonzero(seen.exists)
    cohorts = Cohorts(ledger.created[created], seen.won_day[created], leaf[created], seen.paid[created])
    arrivals = expect_arrivals(
        cohorts,
        as_of=seen.as_of,
        ends=seen.ends,
        n_leaves=n_leaves,
        history_from=ledger.history_from,
        luck=seen.luck,
        daily=seen.daily,
    )
    each = worth_by(seen.worth, leaf, n_leaves, won_day=seen.won_day, paid=seen.paid, as_of=seen.as_of)[:, None]
    q, back, b = np.diff(seen.returns.by_end, axis=1, prepend=0.0), leaf[seen.returns.deal], seen.returned[:, None]
    new_part = Part(
        wins=arrivals.wins + _sum_by(back, q, n_leaves),
        revenue=arrivals.revenue * each + _sum_by(back, q * b, n_leaves),
        wins_var=arrivals.wins + _sum_by(back, q * (1 - q), n_leaves),
        revenue_var=arrivals.revenue * each**2 * (1 + seen.worth.spread_imputed)
        + _sum_by(back, q * (1 + seen.worth.spread - q) * b**2, n_leaves),
    )
    return Expected(seen, open_part, new_part, arrivals)


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
    """`observe` and `gather` in one."""
    seen = observe(ledger, funnel, as_of=as_of, ends=ends, explain=explain, model=model)
    return gather(seen, ledger, leaf=leaf, n_leaves=n_leaves)
