"""Levers: what a conversion is worth, and what mending it does to the chance of attaining a target."""

import numpy as np
import pytest

from bench.alert_worlds import FUNNEL, SEGMENTS, WEAK, world
from planning.forecasting.history import stays_of
from planning.forecasting.levers import Standing, chance_after, incidence, leaning, rates, stays_to_come, worth
from planning.forecasting.steps import cut, norms_of, watch

pytestmark = pytest.mark.requirement("R1.9")
BINS = 17
STANDING = Standing(booked=40, expected=100, quantiles=(60, 76, 88, 100, 112, 125, 145), target=110, p_attain=0.29)


def test_conversion_of_constant_hazards_is_their_share() -> None:
    forward, other = np.full(BINS, 0.03), np.full(BINS, 0.01)

    assert incidence(forward, other, 100_000) == pytest.approx(0.75)
    assert incidence(forward, other, 10) == pytest.approx(0.75 * (1 - 0.96**10))
    assert incidence(forward, other, 0) == 0


def test_a_recent_ratio_leans_on_history_while_little_was_expected() -> None:
    assert leaning(np.array([0.0]), np.array([0.0]))[0] == 1
    assert leaning(np.array([0.0]), np.array([4.0]))[0] == 0.5
    assert leaning(np.array([50.0]), np.array([100.0]))[0] == pytest.approx(0.52, abs=0.01)


def test_no_gain_leaves_the_stored_chance_and_more_gain_never_lowers_it() -> None:
    chances = [chance_after(STANDING, gain) for gain in (0, 1, 5, 10, 20, 50, 500)]

    assert chances[0] == 0.29
    assert chances == sorted(chances)
    assert chances[1] < chances[4] < 1
    assert chances[-1] > 0.99


def test_a_gain_that_closes_the_gap_lifts_the_chance_to_about_a_half() -> None:
    assert chance_after(STANDING, 10) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_a_target_that_is_decided_stays_decided(chance: float) -> None:
    decided = Standing(booked=120, expected=130, quantiles=(121,) * 7, target=110, p_attain=chance)

    assert chance_after(decided, 50) == chance


def test_the_weak_cell_converts_less_than_before_and_less_than_its_peers() -> None:
    made = world(np.random.default_rng(2), per_week=400, drop=0.5)
    day = made.changed + 42
    pieces = cut(made.ledger, FUNNEL, as_of=day)
    at = watch(pieces, norms_of(pieces), made.segment, SEGMENTS)

    now = rates(at, horizon=400)

    assert now.now[WEAK] < 0.9 * now.usual[WEAK]
    assert now.peers[WEAK] == pytest.approx(0.5, abs=0.06)
    assert now.usual[WEAK] == pytest.approx(0.5, abs=0.05)
    assert now.enough[WEAK]
    value = worth(stays_of(made.ledger.before(day), day), FUNNEL, made.segment, SEGMENTS, watched=at)
    assert value.win_after[0] == pytest.approx(0.5 * 0.4, abs=0.03)
    assert value.win_after[2] == 1
    assert value.mean == 1
    to_come = stays_to_come(at, days_left=91)[0]
    assert to_come.sum() == pytest.approx(400 * 13, rel=0.25)


def test_without_peers_there_is_no_peers_rate() -> None:
    made = world(np.random.default_rng(2), per_week=50, drop=0.0)
    pieces = cut(made.ledger, FUNNEL, as_of=made.changed)
    at = watch(pieces, norms_of(pieces), made.segment * 0, 1)

    assert np.isnan(rates(at, horizon=100).peers[0]).all()
