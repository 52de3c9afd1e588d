"""Hazards and winning chances against slow, plain calculations of the same thing."""

from __future__ import annotations

import dataclasses as dc

import numpy as np
import pytest

from planning.forecasting import winning
from planning.forecasting.exposure import AGE_EDGES, CLOSE_EDGES
from planning.forecasting.hazards import ADVANCE, LOSS, WIN, Hazards, Table, fit_hazards, kinds_of
from planning.forecasting.history import Floats, Ints, stays_of
from planning.forecasting.likeness import Open
from planning.forecasting.winning import chances, fresh_curves, fresh_finals
from tests.factories.forecasting import START, chain, ledger_of, sales_history

pytestmark = pytest.mark.requirement("R1.8")

N_BINS = len(AGE_EDGES) - 1


def hazards_of(rate: Floats, stages: int) -> Hazards:
    """Hazards (S, B, S) without factors."""
    band = np.ones((5, stages + 2, 3))
    return Hazards(kinds_of(chain(stages)), Table(AGE_EDGES, rate, (), band), None)


def standing(state: Ints, age: Ints) -> Open:
    n = len(state)
    return Open(state, age, np.zeros(n, np.int64), np.zeros(n, bool), np.zeros((n, 0), np.int64))


def test_one_stage_with_constant_hazards_follows_the_exponential() -> None:
    rate = np.zeros((3, N_BINS, 3))
    rate[0, :, 1], rate[0, :, 2] = 0.02, 0.03
    ends = np.array([1, 30, 90])

    odds = chances(hazards_of(rate, 1), standing(np.array([0, 0]), np.array([0, 50])), ends, chain(1).won)

    np.testing.assert_allclose(odds.by_end, np.tile(0.4 * (1 - np.exp(-0.05 * ends)), (2, 1)), rtol=1e-9)
    np.testing.assert_allclose(odds.final, 0.4, rtol=1e-6)


def test_loops_and_skips_agree_with_the_renewal_equation_worked_out_by_hand() -> None:
    rng = np.random.default_rng(0)
    stages, days = 3, 60
    rate = np.zeros((5, N_BINS, 5))
    rate[:3] = rng.uniform(0, 0.03, (3, N_BINS, 5))
    rate[np.arange(3), :, np.arange(3)] = 0
    won = chain(stages).won

    hazards, plain = hazards_of(rate, stages), np.ones((1, 5, 4))
    curves, finals = fresh_curves(hazards, plain, days, won), fresh_finals(hazards, plain, won)

    daily = rate[:, np.searchsorted(AGE_EDGES, np.arange(days), "right") - 1]
    total = daily.sum(2)
    leave = daily * ((1 - np.exp(-total)) / np.maximum(total, 1e-300))[:, :, None]
    alive = np.exp(-np.concatenate([np.zeros((5, 1)), np.cumsum(total, 1)[:, :-1]], 1))
    flow = alive[:, :, None] * leave
    slow = np.zeros(
        (days + 1, 3)
    )  # W(n) = sum over a < n of f(a) + q(a) W(n - a); a = 0 makes it a small linear system
    for n in range(1, days + 1):
        known = sum(flow[:3, a, 3] for a in range(n)) + sum(flow[:3, a, :3] @ slow[n - a] for a in range(1, n))
        slow[n] = np.linalg.solve(np.eye(3) - flow[:3, 0, :3], known)
    np.testing.assert_allclose(curves[0, :3], slow.T, atol=1e-6)
    assert (finals[0, :3] >= curves[0, :3, -1]).all()


def test_a_deal_that_just_entered_has_the_chances_of_a_fresh_stay() -> None:
    rng = np.random.default_rng(1)
    rate = np.zeros((4, N_BINS, 4))
    rate[0] = rng.uniform(0, 0.03, (N_BINS, 4)) * [0, 1, 1, 1]
    rate[1] = rng.uniform(0, 0.03, (N_BINS, 4)) * [1, 0, 1, 1]
    won = chain(2).won
    hazards = hazards_of(rate, 2)

    plain = np.ones((1, 4, 4))
    curves, finals = fresh_curves(hazards, plain, 120, won), fresh_finals(hazards, plain, won)
    odds = chances(hazards, standing(np.array([0, 1]), np.array([0, 0])), np.array([30, 60, 120]), won)

    np.testing.assert_allclose(odds.by_end, curves[0, :2][:, [30, 60, 120]], atol=1e-7)
    np.testing.assert_allclose(odds.final, finals[0, :2], atol=0.01)


@pytest.mark.parametrize("dated", [False, True])
def test_fitted_chances_come_near_the_truth_behind_the_data(dated: bool) -> None:
    ledger = sales_history(deals=6000, stages=2, forward=0.6, mean_stay=15, dated=dated)
    as_of = START + 900
    stays = stays_of(ledger, as_of)
    levels = np.zeros((len(stays.deal), 1), np.int64)

    hazards = fit_hazards(stays, chain(2), levels, history_from=START)
    n = 2
    deals = Open(np.arange(n), np.zeros(n, np.int64), np.full(n, 40), np.full(n, dated), np.zeros((n, 1), np.int64))
    odds = chances(hazards, deals, np.array([30, 90]), chain(2).won)

    np.testing.assert_allclose(odds.final, [0.36, 0.6], atol=0.05)
    assert (hazards.close is not None) == dated


def test_chances_by_the_closing_date_agree_with_a_walk_day_by_day() -> None:
    rng = np.random.default_rng(1)
    stages, days, won = 3, 40, chain(3).won
    bins = len(CLOSE_EDGES) - 1
    rate = np.zeros((5, bins, 5))
    rate[:3] = rng.uniform(0, 0.05, (3, bins, 5)) * (rng.random((3, 1, 5)) < 0.7)  # some moves never occur
    rate[np.arange(3), :, np.arange(3)] = 0
    age = np.ones((5, len(AGE_EDGES) - 1, 5)) * rate[:, :1] * 0 + 1e-12
    band = np.ones((5, 5, 3))
    hazards = Hazards(kinds_of(chain(stages)), Table(AGE_EDGES, age, (), band), Table(CLOSE_EDGES, rate, (), band))
    to_close = np.array([3, 30, -5, 12])
    state = np.array([0, 1, 2, 0])
    deals = dc.replace(standing(state, np.zeros(4, np.int64)), to_close=to_close, dated=np.ones(4, bool))

    odds = chances(hazards, deals, np.array([10, days]), won)

    for row in range(4):
        here, later, came = 1.0, np.zeros(5), 0.0
        for day in range(days):
            daily = rate[:, np.searchsorted(CLOSE_EDGES, to_close[row] - day, "right") - 1]
            total = daily.sum(1)
            leave = daily * ((1 - np.exp(-total)) / np.maximum(total, 1e-300))[:, None]
            first = here * leave[state[row]]
            here *= np.exp(-total[state[row]])
            later += np.where(won | chain(3).lost, 0, first)
            moved = later @ leave
            came += first[won].sum() + moved[won].sum()
            later = later * np.exp(-total) + np.where(won | chain(3).lost, 0, moved)
            if day == 9:
                np.testing.assert_allclose(odds.by_end[row, 0], came, rtol=1e-9)
        np.testing.assert_allclose(odds.by_end[row, 1], came, rtol=1e-9)


def test_of_very_many_kinds_of_deals_like_ones_share_a_calculation(monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = sales_history(deals=4000, owners=8, dated=True, seed=6)
    ledger.close[::2] = -1
    stays = stays_of(ledger, START + 900)
    levels = ledger.owner[stays.deal][:, None]
    hazards = fit_hazards(stays, chain(3), levels, history_from=START)
    rng = np.random.default_rng(2)
    n = 3000
    deals = Open(
        state=rng.integers(0, 3, n),
        age=rng.integers(0, 90, n),
        to_close=rng.integers(-30, 90, n),
        dated=rng.random(n) < 0.5,
        levels=rng.integers(0, 8, (n, 1)),
    )
    exact = chances(hazards, deals, np.array([30, 90]), chain(3).won)
    monkeypatch.setattr(winning, "GROUPS", 200 * winning._cost(hazards.age))
    monkeypatch.setattr(winning, "PLAIN", 100 * winning._cost(hazards.age))

    shared = chances(hazards, deals, np.array([30, 90]), chain(3).won)

    assert len(np.unique(shared.final)) <= 400 < len(np.unique(exact.final))
    assert np.abs(shared.final - exact.final).mean() < 0.015
    np.testing.assert_allclose(shared.by_end.sum(0), exact.by_end.sum(0), rtol=0.01)
    np.testing.assert_allclose(shared.base.sum(), exact.base.sum(), rtol=0.01)


def test_however_many_kinds_there_are_a_deal_due_this_month_is_not_taken_for_one_due_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rate = np.zeros((3, len(CLOSE_EDGES) - 1, 3))
    rate[0, :, 2], rate[0, np.searchsorted(CLOSE_EDGES, 0, "right") - 1, 1] = 0.004, 3.0  # won on the closing day
    owners = np.exp(np.random.default_rng(3).normal(0, 0.5, (41, 3, 3)))
    owners[-1] = 1
    age = Table(AGE_EDGES, np.full((3, N_BINS, 3), 1e-12), (owners,), np.ones((5, 3, 3)))
    hazards = Hazards(kinds_of(chain(1)), age, Table(CLOSE_EDGES, rate, (owners,), np.ones((5, 3, 3))))
    rng, n = np.random.default_rng(4), 6000
    deals = Open(
        state=np.zeros(n, np.int64),
        age=rng.integers(0, 200, n),
        to_close=rng.integers(0, 200, n),
        dated=np.ones(n, bool),
        levels=rng.integers(0, 40, (n, 1)),
    )
    ends = np.array([30, 60, 90])
    exact = chances(hazards, deals, ends, chain(1).won)
    monkeypatch.setattr(winning, "GROUPS", 800 * winning._cost(age))

    shared = chances(hazards, deals, ends, chain(1).won)

    assert len(np.unique(shared.final)) <= 800 < len(np.unique(exact.final))
    assert np.abs(shared.by_end - exact.by_end).mean() < 0.02


def test_the_day_of_the_exit_is_a_day_at_risk() -> None:
    ledger = sales_history(deals=4000, stages=1, mean_stay=3)
    stays = stays_of(ledger, START + 900)

    hazards = fit_hazards(stays, chain(1), np.zeros((len(stays.deal), 0), np.int64), history_from=START)

    per_day = 1 - np.exp(-hazards.age.rate[0, :5].sum(1))
    np.testing.assert_allclose(per_day, 1 / 3, atol=0.04)


def test_an_owner_who_wins_more_raises_the_chances_and_a_new_one_starts_at_the_average() -> None:
    one, other = (sales_history(deals=1500, stages=1, forward=f, seed=s) for f, s in ((0.7, 1), (0.3, 2)))
    ledger = dc.replace(
        one,
        deal=np.r_[one.deal, other.deal + 1500],
        **{n: np.r_[getattr(one, n), getattr(other, n)] for n in ("state", "day", "amount", "created", "close")},
        **{n: np.r_[getattr(one, n), getattr(other, n)] for n in ("product", "channel", "region")},
        owner=np.repeat([0, 1], 1500),
    )
    stays = stays_of(ledger, START + 900)
    hazards = fit_hazards(stays, chain(1), ledger.owner[stays.deal][:, None], history_from=START)
    deals = dc.replace(standing(np.zeros(3, np.int64), np.zeros(3, np.int64)), levels=np.array([[0], [1], [-1]]))

    odds = chances(hazards, deals, np.array([60]), chain(1).won)

    assert odds.final[0] > 0.62
    assert odds.final[1] < 0.38
    assert odds.final[2] == pytest.approx(0.5, abs=0.06)
    assert odds.factors[0, 0] > 1 > odds.factors[1, 0]
    np.testing.assert_allclose(odds.base, odds.final[2], atol=1e-9)
    np.testing.assert_allclose(odds.fresh, odds.base, atol=0.005)  # they all have just come


def test_the_fresh_rate_is_what_the_base_of_a_deal_was_on_its_first_day() -> None:
    rate = np.zeros((3, N_BINS, 3))
    rate[0, :, 1], rate[0, :, 2] = 0.02 * 0.8 ** np.arange(N_BINS), 0.03

    odds = chances(hazards_of(rate, 1), standing(np.array([0, 0]), np.array([0, 60])), np.array([30]), chain(1).won)

    assert odds.fresh[0] == odds.fresh[1] == pytest.approx(odds.base[0], abs=1e-3)
    assert odds.base[1] < 0.6 * odds.fresh[1]


def test_stays_begun_before_the_records_enter_late() -> None:
    events = [(d, s, START + day, 1.0) for d in range(200) for s, day in ((0, -400), (1 if d % 2 else 2, d % 40))]
    stays = stays_of(ledger_of(events), START + 60)

    late = fit_hazards(stays, chain(1), np.zeros((len(stays.deal), 0), np.int64), history_from=START)
    naive = fit_hazards(stays, chain(1), np.zeros((len(stays.deal), 0), np.int64), history_from=-(10**6))

    at_410 = np.searchsorted(AGE_EDGES, 410, "right") - 1
    assert late.age.rate[0, at_410].sum() > 2 * naive.age.rate[0, at_410 - 3].sum()
    assert late.age.rate[0, at_410].sum() == pytest.approx(1 / 20, rel=0.4)


def test_curves_of_many_deals_with_returns_and_loops_are_those_of_each_day_by_day() -> None:
    dice = np.random.default_rng(4)
    n, bins, days = 5, len(AGE_EDGES) - 1, 40  # three open states that all lead to each other and to themselves
    rate = np.zeros((n, bins, n))
    rate[:3] = dice.uniform(0, 0.08, (3, bins, n))
    won = np.array([False, False, False, True, False])
    kind = np.full((n, n), ADVANCE)
    kind[:, 3], kind[:, 4] = WIN, LOSS
    hazards = Hazards(kind, Table(AGE_EDGES, rate, (), np.ones((1, n, 3))), None)
    scale = dice.uniform(0.5, 1.5, (20, n, 4))

    curves = fresh_curves(hazards, scale, days, won)

    of_day = np.searchsorted(AGE_EDGES, np.arange(days), "right") - 1
    for some in (0, 16, 19):
        daily = (rate * scale[some][np.arange(n)[:, None], kind][:, None, :])[:3][:, of_day]  # (open, days, S)
        total = daily.sum(2)
        alive = np.cumprod(np.c_[np.ones(3), np.exp(-total[:, :-1])], 1)
        leave = alive[:, :, None] * daily * ((1 - np.exp(-total)) / total)[:, :, None]
        known = np.zeros((3, days + 1))
        for day in range(1, days + 1):  # who moves on may move again on the same day
            before = sum(leave[:, d, :3] @ known[:, day - d] for d in range(1, day))
            known[:, day] = np.linalg.solve(np.eye(3) - leave[:, 0, :3], leave[:, :day, 3].sum(1) + before)
        np.testing.assert_allclose(curves[some, :3], known, rtol=1e-6, atol=1e-9)
        assert not curves[some, 3:].any()
