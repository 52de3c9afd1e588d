"""Causes of a drop: mix, rate, one owner, waiting."""

import numpy as np
import pytest

from planning.forecasting.mix import IN_TIME, Cause, Leavers, Speed, Split, answers, cause_of, split

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


def _left(*groups: tuple[float, int, int, int, int]) -> tuple[Leavers, np.ndarray]:
    """groups: (time to the first answer, stays before, forward before, stays now, forward now)."""
    waited, forward, is_now = [], [], []
    for time, before, moved_before, now, moved_now in groups:
        waited += [time] * (before + now)
        forward += [True] * moved_before + [False] * (before - moved_before) + [True] * moved_now
        forward += [False] * (now - moved_now)
        is_now += [False] * before + [True] * now
    return Leavers(np.arange(len(waited)), np.array(forward), np.array(is_now)), np.array(waited)


NEVER = np.inf


def test_leads_answered_later_that_go_on_less_often_are_the_cause() -> None:
    left, waited = _left((1.0, 80, 64, 20, 16), (30.0, 15, 3, 60, 12), (NEVER, 5, 1, 20, 4))
    found = answers(left, waited)
    assert found is not None

    assert found.usual == 1
    assert (found.before, found.now) == (100, 100)
    assert (found.in_time_before, found.in_time_now) == (0.8, 0.2)
    assert found.low < -0.6 < found.high < 0
    assert found.split.level.tolist() == [0, IN_TIME]
    assert found.split.mix == pytest.approx(-0.36)
    assert found.split.share_of_mix == pytest.approx(1)
    same = split(np.zeros(len(waited), np.int64), left.forward, left.is_now)
    assert cause_of({Cause.CHANNEL: same}, STEADY, found) == (Cause.RESPONSE, None)
    assert cause_of({Cause.CHANNEL: same}, STEADY) == (Cause.RATE, None)


def test_slower_answers_that_cost_nothing_are_no_cause() -> None:
    left, waited = _left((1.0, 80, 40, 20, 4), (30.0, 20, 10, 80, 16))
    found = answers(left, waited)
    assert found is not None

    assert found.is_slower
    assert found.split.share_of_mix == pytest.approx(0, abs=0.01)
    same = split(np.zeros(len(waited), np.int64), left.forward, left.is_now)
    assert cause_of({Cause.CHANNEL: same}, STEADY, found) == (Cause.RATE, None)


def test_waiting_longer_where_deals_come_in_is_a_slower_response_and_elsewhere_it_is_waiting() -> None:
    left, waited = _left((1.0, 80, 40, 20, 12), (30.0, 20, 10, 80, 48))  # more go on, but later
    found = answers(left, waited)
    rising = split(np.zeros(len(waited), np.int64), left.forward, left.is_now)

    assert cause_of({Cause.CHANNEL: rising}, SLOW, found, is_entry=True) == (Cause.RESPONSE, None)
    assert cause_of({Cause.CHANNEL: rising}, SLOW, found) == (Cause.SLOWER, None)
    assert rising.share_of_mix is None


@pytest.mark.parametrize(
    "groups",
    [
        pytest.param([(1.0, 10, 5, 9, 4)], id="too few"),
        pytest.param([(NEVER, 60, 30, 60, 10), (1.0, 40, 20, 40, 20)], id="hardly anything is written down"),
        pytest.param([(np.nan, 100, 50, 100, 20)], id="nothing is known"),
    ],
)
def test_of_answers_that_are_not_known_nothing_is_said(groups: list[tuple[float, int, int, int, int]]) -> None:
    assert answers(*_left(*groups)) is None


def test_a_deal_nobody_knows_the_answer_of_counts_neither_before_nor_now() -> None:
    left, waited = _left((1.0, 30, 15, 30, 15), (30.0, 30, 15, 30, 15), (np.nan, 50, 50, 0, 0))
    found = answers(left, waited)

    assert found is not None
    assert (found.before, found.now) == (60, 60)
    assert found.split.before.sum() == 60
    assert not found.is_slower
