"""Rates of trials with and without a horizon: small cases worked out by hand, and censoring against a known truth."""

import numpy as np
import pytest

from planning.forecasting.rates import FOR_EVER, Trials, at_equal_age, estimates, pooled

pytestmark = pytest.mark.requirement("R1.7")


def trials_of(*rows: tuple[int, int, int]) -> Trials:
    """rows: (age, watched, cause)."""
    age, watched, cause = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Trials(age, watched, cause)


def alone(trials: Trials) -> np.ndarray:
    return np.zeros(len(trials.age), np.int64)


def cohort(*, n: int, begun: int, seed: int, success: float = 0.5) -> Trials:
    """Trials begun evenly over `begun` days before now; each ends after about 20 days, a share of them well."""
    dice = np.random.default_rng(seed)
    watched = dice.integers(0, begun, n)
    ends = dice.geometric(1 / 20, n)
    cause = np.where(dice.random(n) < success, 0, 1)
    return Trials(np.minimum(ends, watched), watched, np.where(ends <= watched, cause, -1))


def test_a_success_after_the_limit_counts_against_and_a_young_trial_counts_neither_way() -> None:
    trials = trials_of((2, 90, 0), (30, 90, 0), (5, 90, 1), (90, 90, -1), (3, 3, -1))

    found = estimates(trials, alone(trials), 1, np.array([14]))

    assert (found.n[0], found.succeeded[0], found.failed[0], found.pending[0]) == (5, 1, 3, 1)
    assert found.size[0] == 4
    assert found.rate[0] == pytest.approx(
        0.2
    )  # the young one was at risk on the second day, when one of five succeeded


def test_without_a_horizon_the_rate_is_the_share_of_those_that_ended() -> None:
    trials = trials_of(*[(day, 90, 0) for day in range(7)], *[(8, 90, 1)] * 2, (9, 90, 2))

    found = estimates(trials, alone(trials), 1, np.array([FOR_EVER]))

    assert found.rate[0] == pytest.approx(0.7)
    assert found.median[0] == 4
    assert found.low[0] < 0.7 < found.high[0]


def test_six_leads_and_no_success_are_too_few_to_tell() -> None:
    trials = trials_of(*[(20, 90, 1)] * 6)

    found = estimates(trials, alone(trials), 1, np.array([30]))

    assert found.rate[0] == 0
    assert found.few[0]
    assert not found.early[0]


def test_a_cohort_that_nobody_could_watch_to_the_horizon_is_too_early_to_tell() -> None:
    trials = trials_of(*[(5, 20, 0)] * 10, *[(20, 20, -1)] * 30)

    found = estimates(trials, alone(trials), 1, np.array([90]))

    assert np.isnan(found.rate[0])
    assert found.few[0]
    assert found.early[0]


def test_a_stage_that_half_have_not_left_is_too_early_to_tell() -> None:
    trials = trials_of(*[(5, 20, 0)] * 15, *[(20, 20, -1)] * 30)

    found = estimates(trials, alone(trials), 1, np.array([FOR_EVER]))

    assert found.early[0]


def test_a_young_cohort_of_the_same_kind_is_no_drop_at_equal_age() -> None:
    young, old = cohort(n=3000, begun=30, seed=1), cohort(n=3000, begun=900, seed=2)
    plain = [float((part.cause == 0).mean()) for part in (young, old)]

    found = at_equal_age(
        now=young, now_cell=alone(young), then=old, then_cell=alone(old), n_cells=1, horizon=np.array([FOR_EVER])
    )

    assert plain[0] < plain[1] - 0.15  # what a plain comparison would call a drop
    assert 12 <= found.age[0] <= 17
    assert abs(found.difference[0]) < 0.04


def test_a_real_drop_is_seen_at_equal_age() -> None:
    young, old = cohort(n=3000, begun=60, seed=1, success=0.35), cohort(n=3000, begun=900, seed=2)

    found = at_equal_age(
        now=young, now_cell=alone(young), then=old, then_cell=alone(old), n_cells=1, horizon=np.array([FOR_EVER])
    )

    assert found.difference_high[0] < 0
    assert not found.few[0]


def test_cells_are_reckoned_apart() -> None:
    trials = trials_of(*[(1, 90, 0)] * 12, *[(1, 90, 1)] * 12)

    found = estimates(trials, np.array([0] * 12 + [2] * 12), 3, np.array([10, 10, 10]))

    assert found.n.tolist() == [12, 0, 12]
    assert found.rate[[0, 2]].tolist() == [1.0, 0.0]
    assert np.isnan(found.rate[1])


def test_pooling_draws_the_small_towards_the_common_rate_and_leaves_the_large() -> None:
    rate, size = np.array([0.0, 0.5, 0.52, 0.48]), np.array([4, 400, 400, 400])

    drawn = pooled(rate, size)

    assert drawn[0] > 0.4
    assert drawn[1] == pytest.approx(0.5, abs=0.01)


def test_pooling_gives_members_that_truly_differ_their_own_rates() -> None:
    drawn = pooled(np.array([0.1, 0.5, 0.9]), np.array([200, 200, 200]))

    assert drawn.tolist() == pytest.approx([0.1, 0.5, 0.9], abs=0.02)


def test_without_any_evidence_there_is_no_pooled_rate() -> None:
    assert np.isnan(pooled(np.array([np.nan, np.nan]), np.array([0, 0]))).all()
