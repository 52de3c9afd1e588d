"""Causes of a drop: mix, rate, one owner, waiting."""

import numpy as np
import pytest

from planning.forecasting.mix import Cause, Speed, Split, cause_of, split

pytestmark = pytest.mark.requirement("R1.9")
STEADY = Speed(left=50, expected=50, low=0.9, high=1.1)
SLOW = Speed(left=30, expected=50, low=0.5, high=0.75)


def _split(*levels: tuple[int, int, int, int]) -> Split:
    """levels: (stays before, forward before, stays now, forward now)."""
    level, forward, is_now = [], [], []
    for code, (before, moved_before, now, moved_now) in enumerate(levels):
        level += [code] * (before + now)
        forward += [True] * moved_before + [False] * (before - moved_before) + [True] * moved_now
        forward += [False] * (now - moved_now)
        is_now += [False] * before + [True] * now
    return split(np.array(level), np.array(forward), np.array(is_now))


def test_mix_and_rate_add_up_to_the_whole_change() -> None:
    found = _split((60, 40, 20, 9), (40, 10, 70, 15), (0, 0, 10, 3))

    before, now = 50 / 100, 27 / 100
    assert found.mix + found.rate == pytest.approx(now - before)


def test_more_of_a_poor_source_at_unchanged_rates_is_all_mix() -> None:
    found = _split((80, 64, 20, 16), (20, 4, 80, 16))

    assert found.mix == pytest.approx(-0.36)
    assert found.rate == pytest.approx(0)


def test_a_source_never_seen_before_is_mix_not_rate() -> None:
    found = _split((50, 40, 50, 40), (0, 0, 50, 5))

    assert found.rate == pytest.approx(0)
    assert found.mix < -0.3
    assert np.isnan(found.rate_before[1])


def test_the_cause_is_what_carries_most_of_the_drop() -> None:
    poor_source = _split((80, 64, 20, 16), (20, 4, 80, 16))
    same_mix = _split((50, 40, 50, 20), (50, 40, 50, 20))
    one = _split((20, 14, 20, 2), (20, 14, 20, 14), (20, 14, 20, 13))

    assert cause_of({Cause.CHANNEL: poor_source, Cause.OWNER: same_mix}, STEADY) == (Cause.CHANNEL, None)
    assert cause_of({Cause.CHANNEL: same_mix, Cause.OWNER: one}, STEADY) == (Cause.ONE_OWNER, 0)
    assert cause_of({Cause.CHANNEL: same_mix, Cause.OWNER: same_mix}, SLOW) == (Cause.SLOWER, None)
    assert cause_of({Cause.CHANNEL: same_mix, Cause.OWNER: same_mix}, STEADY) == (Cause.RATE, None)
