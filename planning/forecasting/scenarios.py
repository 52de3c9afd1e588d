"""
What a stored forecast becomes when win rate, price, lead volume or people change. Nothing is simulated anew.

A period's landing = booked + what is still to come; what is to come = open pipeline + deals not yet created. A scenario moves
the means of the two parts, and stretches the whole distribution of what is to come by the same factor as its mean: exact for
the price, and a close stand-in for levers that move the parts unequally.
"""

from __future__ import annotations

import dataclasses as dc
from collections.abc import Sequence

from .reading import chance_of, with_known


@dc.dataclass(frozen=True, slots=True)
class Levers:
    """Factors: 1.0 = as it is. win_rate of open and new deals, price of what is still to be won, leads = deals created."""

    win_rate: float = 1.0
    price: float = 1.0
    leads: float = 1.0

    def open_factor(self) -> float:
        """What the open pipeline brings, times this."""
        return self.win_rate * self.price

    def new_factor(self) -> float:
        """What deals bring that are not yet created, times this; a deal is won as long after its creation as before."""
        return self.win_rate * self.price * self.leads


@dc.dataclass(frozen=True, slots=True)
class Landing:
    """
    One node's forecast of one period, as a night stored it. Money in the plan's currency.

    :param quantiles: of the whole landing, at `levels`
    :param chance: P(landing >= target) from the night's own draws; None without a target
    """

    booked: float
    open: float
    new: float
    levels: Sequence[float]
    quantiles: Sequence[float]
    target: float | None = None
    chance: float | None = None


@dc.dataclass(frozen=True, slots=True)
class Moved:
    """
    A landing under a scenario.

    :param low, high: the ends of the 80 % interval, where the levels are the night's seven
    :param chance: None without a target, and where people are added to a period of which nothing was to come
    """

    expected: float
    delta: float
    low: float
    high: float
    chance: float | None


def moved(landing: Landing, levers: Levers, *, added: float = 0.0) -> Moved:
    """
    Return what a landing becomes. `added`: what more (or fewer) people bring in the period.

    With every lever at 1 and nothing added the night's own figures come back, the chance included.
    """
    before = landing.open + landing.new
    to_come = max(landing.open * levers.open_factor() + landing.new * levers.new_factor() + added, 0.0)
    expected = landing.booked + to_come
    known = before > 0 or to_come == 0
    factor = to_come / before if before > 0 else 1.0
    quantiles = [landing.booked + (value - landing.booked) * factor for value in landing.quantiles]
    low, high = quantiles[1], quantiles[-2]
    if not known:
        low, high = min(low, expected), max(high, expected)
    return Moved(expected, to_come - before, low, high, _chance(landing, factor, known=known))


def _chance(landing: Landing, factor: float, *, known: bool) -> float | None:
    """P(booked + what is to come × factor >= target), read off the stored quantiles and the stored chance."""
    if landing.target is None or landing.chance is None:
        return None
    if landing.booked >= landing.target:
        return 1.0
    if factor <= 0:
        return 0.0
    if factor == 1.0 and known:
        return landing.chance
    if not known:
        return None
    asked = landing.booked + (landing.target - landing.booked) / factor
    levels, quantiles = with_known(landing.levels, landing.quantiles, amount=landing.target, chance=landing.chance)
    return chance_of(asked, levels, quantiles)
