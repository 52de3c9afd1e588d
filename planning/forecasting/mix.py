"""
Why a conversion fell: who or what came in changed (mix), leads were answered later, the same converts less, or slower.

Kitagawa's split (JASA 50 (1955), 1168-1194): the change of a rate between two times is, exactly,
sum (w1 - w0) (r0 + r1) / 2 [mix] + sum (r1 - r0) (w0 + w1) / 2 [rate], w the shares of the levels, r their rates.
"""

from __future__ import annotations

import dataclasses as dc
from enum import StrEnum
from typing import Final

import numpy as np

from .alerts import ratio_interval
from .history import Bools, Floats, Ints, tally
from .steps import FORWARD, KEPT, OTHER, Exits, Watch

MOSTLY: Final = 0.5  # a cause that carries half of the change names it
BASE_BLOCKS: Final = 13  # the year before the span
IN_TIME: Final = 1  # level of a deal answered within the usual time; 0 = later or never
FEWEST: Final = 20  # stays before and now, to speak of how leads were answered
RECORDED: Final = 0.5  # and so many of those before were answered at all: else nobody writes it down
ONE_SIDED: Final = 1.2816  # of a normal, 90 per cent


@dc.dataclass(frozen=True, slots=True)
class Split:
    """
    The change of the forward share of those that left, by the levels of one attribute, (L,) each.

    before, now: stays that left; rate_before, rate_now: their forward share (NaN where nobody left). mix + rate = the
    whole change.
    """

    level: Ints
    before: Floats
    now: Floats
    rate_before: Floats
    rate_now: Floats
    mix: float
    rate: float

    @property
    def share_of_mix(self) -> float | None:
        """How much of a drop the mix carries, 0 … 1; None where there is no drop."""
        change = self.mix + self.rate
        return float(np.clip(self.mix / change, 0.0, 1.0)) if change < 0 else None


def split(level: Ints, forward: Bools, is_now: Bools) -> Split:
    """
    Split the change between earlier and present stays, (n,) each: level code (-1 = unknown, a level of its own).

    A level seen at one time only lends its rate to the other time, so that all of its effect is mix.
    """
    codes, at = np.unique(level, return_inverse=True)
    n = len(codes)
    counts = [tally(at[is_now == now], np.ones(int((is_now == now).sum())), n) for now in (False, True)]
    moved = [tally(at[is_now == now], forward[is_now == now].astype(np.float64), n) for now in (False, True)]
    rates = [np.where(c > 0, m / np.maximum(c, 1), np.nan) for c, m in zip(counts, moved, strict=True)]
    shares = [c / max(c.sum(), 1.0) for c in counts]
    r0 = np.where(np.isnan(rates[0]), rates[1], rates[0])
    r1 = np.where(np.isnan(rates[1]), rates[0], rates[1])
    return Split(
        codes,
        counts[0],
        counts[1],
        rates[0],
        rates[1],
        float(((shares[1] - shares[0]) * (r0 + r1) / 2).sum()),
        float(((r1 - r0) * (shares[0] + shares[1]) / 2).sum()),
    )


@dc.dataclass(frozen=True, slots=True)
class Leavers:
    """Stays of one cell that ended: deal, forward, is_now (in the span; else in the year before it)."""

    deal: Ints
    forward: Bools
    is_now: Bools


def leavers(exits: Exits, group: Ints, *, code: int, span: int) -> Leavers:
    """Of the stays of a state, those of a group that ended in the last `span` blocks, and in the year before them."""
    start = KEPT - span
    rows = np.flatnonzero(
        (group[exits.deal] == code) & (exits.kind >= 0) & (exits.end_block >= max(start - BASE_BLOCKS, 0))
    )
    return Leavers(exits.deal[rows], exits.kind[rows] == FORWARD, exits.end_block[rows] >= start)


@dc.dataclass(frozen=True, slots=True)
class Speed:
    """
    How many left at all, against what their ages let expect: a ratio below 1 is slower than before.

    low, high: 80 % interval.
    """

    left: float
    expected: float
    low: float
    high: float

    @property
    def ratio(self) -> float:
        return self.left / self.expected if self.expected else 1.0

    @property
    def is_slower(self) -> bool:
        return self.high < 1.0 and self.ratio <= 0.9


def speed(at: Watch, *, state: int, group: int, span: int) -> Speed:
    start = KEPT - span
    left = float(at.leaving(start)[state, group])
    expected = float(sum(at.expected(kind, start)[state, group] for kind in (FORWARD, OTHER)))
    low, high = (float(limit) for limit in ratio_interval(np.array(left), np.array(expected)))
    return Speed(left, expected, low, high)


@dc.dataclass(frozen=True, slots=True)
class Answers:
    """
    How soon the deals of a cell got their first answer after they came in, in the year before and in the span.

    usual: the time within which half of those answered before were (a unit of the caller's). split: of those of which it
    is known, by IN_TIME or not. before, now: how many these are; in_time_before, in_time_now: the share answered within the
    usual time, with the 80 % interval low … high of the difference.
    """

    usual: float
    split: Split
    before: int
    now: int
    in_time_before: float
    in_time_now: float
    low: float
    high: float

    @property
    def is_slower(self) -> bool:
        return self.high < 0


def answers(left: Leavers, waited: Floats) -> Answers | None:
    """
    Compare how soon leads were answered, before and now; None where too few are known, or hardly any answer is recorded.

    The limit is the cell's own usual time, and whether a deal kept it says nothing about how it ended: so slower answers
    are told apart from deals that convert less.

    :param waited: (n_deals,) time from coming in to the first answer, inf = none yet, NaN = not known
    """
    time = waited[left.deal]
    known = ~np.isnan(time)
    before, now = known & ~left.is_now, known & left.is_now
    answered = before & np.isfinite(time)
    if min(before.sum(), now.sum()) < FEWEST or answered.sum() < RECORDED * before.sum():
        return None
    usual = float(np.median(time[answered]))
    in_time = known & (np.where(known, time, np.inf) <= usual)
    n0, n1 = int(before.sum()), int(now.sum())
    p0, p1 = float(in_time[before].mean()), float(in_time[now].mean())
    spread = ONE_SIDED * np.sqrt(_noise(p0, n0) + _noise(p1, n1))
    part = split(in_time[known].astype(np.int64), left.forward[known], left.is_now[known])
    return Answers(usual, part, n0, n1, p0, p1, float(p1 - p0 - spread), float(p1 - p0 + spread))


def _noise(share: float, n: int) -> float:
    """Variance of a share, never zero (Agresti & Caffo, The American Statistician 54 (2000), 280-288)."""
    at = (share * n + 1) / (n + 2)
    return at * (1 - at) / (n + 2)


class Cause(StrEnum):
    CHANNEL = "channel"  # other lead sources than before
    PRODUCT = "product"
    BAND = "band"  # other sizes of deals
    OWNER = "owner"  # others carry the deals
    ONE_OWNER = "one_owner"  # one person converts less, the rest as before
    RESPONSE = "response"  # leads get their first answer later
    SLOWER = "slower"  # deals wait longer
    RATE = "rate"  # across the board


def cause_of(
    splits: dict[Cause, Split], pace: Speed, answered: Answers | None = None, *, is_entry: bool = False
) -> tuple[Cause, int | None]:
    """
    Name what carries most of a drop, and the owner where it is one: a change of mix (late answers are one), one owner,
    waiting, else the rate.

    splits: by CHANNEL, PRODUCT, BAND and OWNER, of the same stays, in the order of preference. is_entry: the stage that
    deals come in at, where waiting longer for an answer is what waiting longer means.
    """
    is_late = answered is not None and answered.is_slower
    change = next((part.mix + part.rate for part in splits.values()), 0.0)
    if change < 0:
        mixes = {name: part.mix for name, part in splits.items()}
        if answered is not None and is_late:
            mixes[Cause.RESPONSE] = answered.split.mix
        name, most = min(mixes.items(), key=lambda pair: pair[1])
        if most <= MOSTLY * change:
            return name, None
        owners = splits.get(Cause.OWNER)
        alone = _one_owner(owners) if owners is not None else None
        if alone is not None:
            return Cause.ONE_OWNER, alone
    if pace.is_slower:
        return (Cause.RESPONSE if is_late and is_entry else Cause.SLOWER), None
    return Cause.RATE, None


def _one_owner(owners: Split) -> int | None:
    """The owner who carries at least two thirds of the missing steps, where at least three share the cell."""
    busy = (owners.now >= 3) & (owners.before >= 3)
    if busy.sum() < 3:
        return None
    missing = np.where(busy, np.nan_to_num(owners.rate_before - owners.rate_now) * owners.now, 0.0)
    total, worst = np.maximum(missing, 0.0).sum(), int(np.argmax(missing))
    return int(owners.level[worst]) if total > 0 and missing[worst] >= 2 / 3 * total else None
