"""
Invented funnels in several regimes, told day by day: the same events for the same name.

Every open deal faces, each day, a chance to advance, to be won, to be lost or to move back, which depends on its
stage, the days it has been there, its owner, product and size, and on the calendar. All regimes have skipped stages,
returns, reopened deals, deals that nobody closes, amounts that are missing at first, and reps who come later.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

STAGES = ["lead", "contact", "visit", "quote", "order"]
N = len(STAGES)
WON, LOST = N, N + 1
# per day and stage, in the first fortnight, the next six weeks, and later
ADVANCE = np.array([[0.10, 0.05, 0.012], [0.08, 0.05, 0.012], [0.06, 0.04, 0.010], [0.05, 0.035, 0.008], [0, 0, 0]])
WIN = np.array([[0, 0, 0], [0, 0, 0], [0.002, 0.002, 0.001], [0.006, 0.005, 0.002], [0.07, 0.05, 0.012]])
LOSE = np.array(
    [[0.05, 0.04, 0.015], [0.02, 0.025, 0.012], [0.012, 0.02, 0.01], [0.008, 0.02, 0.012], [0.005, 0.01, 0.01]]
)
BACK = np.array([0.0, 0.002, 0.002, 0.003, 0.003])
SKIP, REOPEN, ZOMBIE = 0.15, 0.0006, 0.03
LADDER = [0.1, 0.2, 0.4, 0.6, 0.9]

Days = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
Factor = Callable[[Days, np.random.Generator], Numbers]


@dc.dataclass(frozen=True)
class Regime:
    """
    created: deals a day in the middle of the story. arrivals, winning, pace: factors by day on new deals, on the chance
    to win, and on every move. owners: reps. dated: share of deals with an expected closing day. bare: nobody records
    owner, segment or product; silent: nor losses; unpriced: amounts are recorded when deals are won only.
    """

    what: str
    created: float = 6.0
    arrivals: Factor | None = None
    winning: Factor | None = None
    pace: Factor | None = None
    owners: int = 8
    dated: float = 0.0
    bare: bool = False
    silent: bool = False
    unpriced: bool = False
    first: str = "2020-01-01"
    days: int = 1370
    freq: str = "M"
    n_h: int = 3
    origins: tuple[str, str, int] = ("2022-07-01", "2023-06-01", 1)
    seed: int = 0


def _walk(sd: float) -> Factor:
    """A factor that wanders by `sd` a month on the log scale."""

    def factor(day: Days, rng: np.random.Generator) -> Numbers:
        steps = rng.standard_normal(len(day) // 30 + 2) * sd
        return np.exp(np.interp(day, 30 * np.arange(len(steps)), np.cumsum(steps)))

    return factor


def _slide(per_year: float) -> Factor:
    return lambda day, rng: np.exp(np.log(per_year) * day / 365.25)


def _season(depth: float, peak: float) -> Factor:
    """A yearly wave; peak in days from the first of January."""
    return lambda day, rng: np.exp(depth * np.cos(2 * np.pi * (day - peak) / 365.25))


def _both(*factors: Factor) -> Factor:
    return lambda day, rng: np.prod([f(day, rng) for f in factors], axis=0)


def _weekdays(day: Days, rng: np.random.Generator) -> Numbers:
    """Nothing much happens at the weekend."""
    return np.where((day + 2) % 7 >= 5, 0.1, 1.36)  # 2020-01-01 was a Wednesday


def _batches(day: Days, rng: np.random.Generator) -> Numbers:
    """Closings gather in the last days of a month, most of all of a quarter."""
    date = pd.Timestamp("2020-01-01") + pd.to_timedelta(day, "D")
    left = date.days_in_month - date.day
    return np.where(left < 3, np.where(date.month % 3 == 0, 8.0, 5.0), 0.4)


REGIMES = {
    "stationary": Regime("nothing changes", dated=0.7),
    "drift": Regime("the chance to win and the pace wander", winning=_walk(0.12), pace=_walk(0.05)),
    "season": Regime(
        "new deals and closings follow the year",
        arrivals=_season(0.5, 90),
        winning=_season(0.25, 340),
        dated=0.4,
    ),
    "start-up": Regime(
        "five per cent more new deals every month, few at first; a short history",
        created=8.0,
        arrivals=_both(_slide(1.8), _walk(0.05)),
        first="2021-09-01",
        days=790,
        origins=("2022-04-01", "2023-06-01", 1),
    ),
    "batch": Regime(
        "closings at month ends; a summer lull", pace=_weekdays, winning=_batches, arrivals=_season(0.2, 300)
    ),
    "first year": Regime(
        "two deals a week, three reps; asked from the sixth month on",
        created=0.3,
        owners=3,
        first="2022-01-01",
        days=640,
        origins=("2022-06-01", "2023-02-01", 1),
    ),
    "sparse": Regime("eight reps with a deal a month each", created=0.4, owners=8, winning=_walk(0.05)),
    "weeks": Regime(
        "asked for weeks; nothing at weekends",
        created=5.0,
        arrivals=_both(_weekdays, _walk(0.06)),
        pace=_weekdays,
        freq="W",
        n_h=4,
        origins=("2022-09-05", "2023-05-29", 3),
    ),
}

# other seeds and other parameters: not looked at while the engine was made, asked in the last run only
HELD_OUT = {
    "bare": Regime(
        "held out: neither owner, segment nor product recorded; the chance to win wanders much",
        created=4.0,
        winning=_walk(0.15),
        bare=True,
        seed=11,
    ),
    "silent": Regime(
        "held out: losses are not recorded, amounts only when won; a slow slide",
        created=7.0,
        winning=_both(_walk(0.08), _slide(0.8)),
        silent=True,
        unpriced=True,
        seed=12,
    ),
    "dated": Regime(
        "held out: every deal has an expected closing day; new deals follow the year, pace and chances wander",
        created=10.0,
        arrivals=_season(0.35, 200),
        winning=_walk(0.1),
        pace=_walk(0.07),
        dated=0.95,
        owners=14,
        seed=13,
    ),
    "weekly drift": Regime(
        "held out: asked for weeks; growth, batches at month ends, chances wander",
        created=7.0,
        arrivals=_both(_weekdays, _slide(1.4)),
        winning=_both(_batches, _walk(0.1)),
        dated=0.4,
        freq="W",
        n_h=4,
        origins=("2022-09-05", "2023-05-29", 3),
        seed=14,
    ),
}


def config_of(regime: Regime) -> dict[str, Any]:
    """The description of the set, in the form of the backtest's `config.json`."""
    end = pd.Timestamp(regime.first) + pd.Timedelta(regime.days, "D")
    return {
        "stages": STAGES,
        "freq": regime.freq,
        "n_h": regime.n_h,
        "origins": list(regime.origins),
        "end": str(end.date()),
        "start": regime.first,
        "season": 12 if regime.freq == "M" else 52,
        "scopes": {} if regime.bare else {"segment": 3, "product": 3, "owner": min(regime.owners, 8)},
        "ladder": LADDER,
        "note": regime.what,
    }


@dc.dataclass
class _Deals:
    """What is fixed about each deal, and where it stands: state -1 before it exists; since = day it came there."""

    born: Days
    owner: Days
    segment: Days
    product: Days
    amount: Numbers
    close: Days
    luck: Numbers
    zombie: npt.NDArray[np.bool_]
    state: Days
    since: Days


def _deals(regime: Regime, rng: np.random.Generator) -> _Deals:
    day = np.arange(regime.days)
    rate = regime.arrivals(day, rng) if regime.arrivals else np.ones(regime.days)
    born = np.repeat(day, rng.poisson(regime.created * rate / rate.mean()))
    n = len(born)
    hired = np.r_[
        np.zeros(max(1, regime.owners * 3 // 4), np.int64), rng.integers(0, regime.days * 3 // 4, regime.owners)
    ]
    hired = hired[: regime.owners]
    weight = rng.gamma(2.0, 0.5, regime.owners) + 0.1
    draw = rng.random(n)
    there = weight[None, :] * (hired[None, :] <= born[:, None])
    owner = (draw[:, None] > np.cumsum(there, 1) / there.sum(1, keepdims=True)).sum(1)
    segment, product = rng.choice(3, n, p=[0.5, 0.3, 0.2]), rng.choice(4, n, p=[0.4, 0.3, 0.2, 0.1])
    amount = np.round(rng.lognormal(8.5, 0.9, n) * np.array([1.0, 0.6, 1.8, 3.0])[product], 2)
    skill = np.exp(0.3 * rng.standard_normal(regime.owners))
    luck = skill[owner] * np.array([1.0, 1.3, 0.7])[segment] * np.array([1.0, 1.2, 0.9, 0.6])[product]
    luck *= np.where(amount > np.quantile(amount, 0.8), 0.75, 1.05)
    close = np.where(rng.random(n) < regime.dated, born + 40 + (rng.gamma(2.0, 25.0, n)).astype(np.int64), -1)
    nothing = np.full(n, -1, np.int64)
    return _Deals(born, owner, segment, product, amount, close, luck, rng.random(n) < ZOMBIE, nothing, nothing.copy())


def _moves(deals: _Deals, mine: Days, day: int, win: float, pace: float) -> Numbers:
    """(n, 4) chances of today: advance, win, lose, back."""
    state, age = deals.state[mine], day - deals.since[mine]
    band = np.searchsorted([14, 56], age, "right")
    luck = deals.luck[mine] * win
    due = deals.close[mine] >= 0
    near = np.where(due, np.where(np.abs(deals.close[mine] - day) <= 10, 2.5, 0.7), 1.0)
    chance = np.stack(
        [
            ADVANCE[state, band] * np.sqrt(luck),
            WIN[state, band] * luck * near,
            LOSE[state, band] / np.sqrt(luck),
            BACK[state],
        ],
        axis=1,
    )
    chance *= pace * np.where(deals.zombie[mine], 0.03, 1.0)[:, None]
    return chance * (1 - np.exp(-chance.sum(1)))[:, None] / np.maximum(chance.sum(1), 1e-12)[:, None]


def _story(regime: Regime, deals: _Deals, rng: np.random.Generator) -> Iterator[tuple[int, Days, Days]]:
    """Yield (day, deals, states they enter), day by day."""
    days = np.arange(regime.days)
    win = regime.winning(days, rng) if regime.winning else np.ones(regime.days)
    pace = regime.pace(days, rng) if regime.pace else np.ones(regime.days)
    for day in range(regime.days):
        fresh = np.flatnonzero(deals.born == day)
        deals.state[fresh], deals.since[fresh] = np.where(rng.random(len(fresh)) < 0.1, 1, 0), day
        yield day, fresh, deals.state[fresh]
        mine = np.flatnonzero((deals.state >= 0) & (deals.state < N) & (deals.since < day))
        chance = np.cumsum(_moves(deals, mine, day, float(win[day]), float(pace[day])), 1)
        what = (rng.random(len(mine))[:, None] > chance).sum(1)
        state = deals.state[mine]
        skip = (rng.random(len(mine)) < SKIP).astype(np.int64)
        onward = np.minimum(state + 1 + skip, N - 1)
        to = np.choose(
            np.minimum(what, 4), [onward, np.full(len(mine), WON), np.full(len(mine), LOST), state - 1, state]
        )
        moved = mine[to != state]
        deals.state[moved], deals.since[moved] = to[to != state], day
        yield day, moved, to[to != state]
        lost = np.flatnonzero((deals.state == LOST) & (day - deals.since < 90) & (deals.since < day))
        again = lost[rng.random(len(lost)) < REOPEN]
        deals.state[again], deals.since[again] = 2, day
        yield day, again, deals.state[again]


def events_of(regime: Regime) -> pd.DataFrame:
    """One row per stage entry, in the form of the backtest's `events.csv`."""
    rng = np.random.default_rng([20_240_101, regime.seed])
    deals = _deals(regime, rng)
    parts = [(np.full(len(who), day), who, np.array(to)) for day, who, to in _story(regime, deals, rng)]
    day, who, state = (np.concatenate([p[i] for p in parts]) for i in range(3))
    early = (state < 2) & (rng.random(len(deals.born))[who] < 0.4)
    grown = 1 + 0.15 * rng.standard_normal(len(deals.born))[who].clip(-2, 2)
    amount = np.where(early, np.nan, np.round(deals.amount[who] * np.where(state >= 3, grown, 1.0), 2))
    amount = np.where(state == WON, np.round(amount * 0.95, 2), amount)
    date = pd.Timestamp(regime.first) + pd.to_timedelta(day, "D")
    close = pd.Timestamp(regime.first) + pd.to_timedelta(np.maximum(deals.close, 0)[who], "D")
    frame = pd.DataFrame(
        {
            "opportunity_id": who.astype(str),
            "stage": np.array([*STAGES, "won", "lost"])[state],
            "entered_at": date,
            "amount": amount,
            "owner": np.char.add("rep ", deals.owner.astype(str))[who],
            "segment": np.array(["north", "south", "west"])[deals.segment[who]],
            "product": np.array(["pumps", "valves", "service", "plants"])[deals.product[who]],
            "expected_close": close.where(deals.close[who] >= 0),
        }
    )
    if regime.bare:
        frame[["owner", "segment", "product"]] = None
    if regime.unpriced:
        frame["amount"] = frame["amount"].where(frame["stage"] == "won")
    if regime.silent:
        frame = frame[frame["stage"] != "lost"]
    return frame.sort_values("entered_at", kind="stable").reset_index(drop=True)
