"""
Past days forecast again, with what was known then: the same point of earlier periods, so that month ends meet month
ends.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from .calendars import earlier, extended
from .errors import Replay, replay_of
from .expected import Model, Seen, gather, observe
from .history import Funnel, Ints, Ledger

MAX_REPLAYS: Final = 12
WINDOWS: Final = 3  # periods ahead that a replay looks, however many are asked for: errors do not hang on the question
NEEDS_DAYS: Final = 120  # history that must lie before a replayed day
NEEDS_PERIODS: Final = 2
REFIT: Final = 3  # hazards move slowly: learnt at every third replay, from the oldest on, they serve the next ones too

Memo = dict[tuple[int, tuple[int, ...], bool], Seen]


def remembered(
    ledger: Ledger,
    funnel: Funnel,
    *,
    as_of: int,
    ends: Ints,
    explain: bool,
    model: Model | None = None,
    memo: Memo | None,
) -> Seen:
    """A day's forecast of single deals, taken from the memo where it is there."""
    key = (as_of, tuple(ends.tolist()), explain)
    if memo is not None and key in memo:
        return memo[key]
    seen = observe(ledger, funnel, as_of=as_of, ends=ends, explain=explain, model=model)
    if memo is not None:
        memo[key] = seen
    return seen


def look_back(
    ledger: Ledger, funnel: Funnel, *, calendar: Ints, as_of: int, start: int, memo: Memo | None = None
) -> list[Seen]:
    """
    Forecasts of single deals again at the last period starts, newest first; start: first day of the history.

    memo: replays already made on the same ledger, by day and ends; new ones are added, each with hazards of its own.
    """
    out: list[Seen] = []
    model = None
    calendar = extended(calendar, as_of, WINDOWS)
    for back in range(MAX_REPLAYS, 0, -1):
        then, ends = earlier(calendar, as_of, back)
        over = ends[then + ends <= as_of][:WINDOWS]
        period = int(ends[0]) if len(ends) else 0
        if then - start < max(NEEDS_DAYS, NEEDS_PERIODS * period) or not len(over):
            continue
        if memo is None:
            use = None if back % REFIT == 0 else model
            seen = observe(ledger, funnel, as_of=then, ends=over, explain=False, model=use)
            model = seen.model
        else:
            seen = remembered(ledger, funnel, as_of=then, ends=ends[:WINDOWS], explain=False, memo=memo)
        out.append(seen)
    return out[::-1]


def held_against(past: list[Seen], now: Seen, ledger: Ledger, *, leaf: Ints, n_leaves: int) -> list[Replay]:
    """Past forecasts of single deals summed by leaf (n_deals,), each beside what is known to have come since."""
    each = (gather(seen, ledger, leaf=leaf, n_leaves=n_leaves) for seen in past)
    return [
        replay_of(e, leaf=leaf, n_leaves=n_leaves, won_day=now.won_day, paid=now.paid, today=now.as_of) for e in each
    ]


def replays_of(
    ledger: Ledger, funnel: Funnel, *, as_of: int, calendar: Ints, leaves: Ints, n_leaves: int
) -> list[Replay]:
    """What `make_outlook` learns its errors from, newest first, to be handed to it on the days that follow."""
    known = ledger.before(as_of)
    now = observe(ledger, funnel, as_of=as_of, ends=np.ones(1, np.int64), explain=False)
    start = max(ledger.history_from, known.first_day) if known.n_events else as_of
    past = look_back(ledger, funnel, calendar=calendar, as_of=as_of, start=start)
    return held_against(past, now, ledger, leaf=leaves, n_leaves=n_leaves)
