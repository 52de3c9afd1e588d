import numpy as np
import pytest

from planning.forecasting import scores

pytestmark = pytest.mark.requirement("R1.8")


def test_the_absolute_error_is_a_share_of_what_came() -> None:
    actual, forecast = np.array([100.0, 300.0]), np.array([150.0, 270.0])

    assert scores.wape(actual, forecast) == pytest.approx(0.2)
    assert scores.bias(actual, forecast) == pytest.approx(0.05)


def test_a_score_of_nothing_is_none_and_not_zero() -> None:
    none = np.zeros(0)

    assert scores.wape(none, none) is None
    assert scores.bias(none, none) is None
    assert scores.coverage(none, none, none) is None
    assert scores.brier(none, none) is None
    assert scores.skill(None, 0.3) is None
    assert scores.NO_CASES.brier is scores.NO_CASES.ece is scores.NO_CASES.log_loss is None


def test_skill_is_what_is_saved_of_the_peers_loss() -> None:
    assert scores.skill(0.2, 0.4) == pytest.approx(0.5)
    assert scores.skill(0.4, 0.4) == 0
    assert scores.skill(0.6, 0.4) == pytest.approx(-0.5)
    assert scores.skill(0.1, 0.0) == -1.0
    assert scores.skill(0.0, 0.0) == 0.0


def test_a_missed_quantile_costs_its_level_above_and_the_rest_below() -> None:
    loss = scores.pinball(np.array([10.0, 10.0]), np.array([[4.0, 16.0], [16.0, 4.0]]), (0.1, 0.9))

    assert loss == pytest.approx(np.array([[0.6, 0.6], [5.4, 5.4]]))


def test_the_quantile_loss_of_a_single_number_is_its_absolute_error() -> None:
    actual, forecast = np.array([100.0, 300.0]), np.array([150.0, 270.0])
    levels = (0.1, 0.5, 0.9)

    assert scores.wql(actual, np.repeat(forecast[:, None], 3, 1), levels) == pytest.approx(
        scores.wape(actual, forecast)
    )


def test_coverage_counts_the_ends_of_the_interval() -> None:
    assert scores.coverage(np.array([1.0, 5.0, 9.1]), np.array([1.0, 2.0, 3.0]), np.array([2.0, 5.0, 9.0])) == 2 / 3


def test_honest_probabilities_have_a_small_calibration_error_and_boastful_ones_a_large_one() -> None:
    dice = np.random.default_rng(3)
    chance = dice.uniform(0, 1, 20_000)
    came = (dice.uniform(0, 1, 20_000) < chance).astype(float)
    honest = scores.reliability(chance, came)
    boastful = scores.reliability(np.sqrt(chance), came)

    assert honest.n == 20_000
    assert honest.ece is not None
    assert honest.ece < 0.01
    assert boastful.ece is not None
    assert boastful.ece > 0.1
    assert honest.brier == pytest.approx(scores.brier(chance, came))
    assert honest.brier is not None
    assert boastful.brier is not None
    assert honest.brier < boastful.brier


def test_the_log_loss_of_a_wrong_certainty_is_large_but_finite() -> None:
    loss = scores.log_losses(np.array([1.0, 0.0, 0.5]), np.array([0.0, 0.0, 1.0]))

    assert loss == pytest.approx(np.array([-np.log(1e-6), 0.0, np.log(2)]), abs=1e-5)


def test_reliability_of_two_days_is_the_sum_of_the_two() -> None:
    dice = np.random.default_rng(4)
    chance, came = dice.uniform(0, 1, 100), dice.integers(0, 2, 100).astype(float)
    both = scores.reliability(chance[:40], came[:40]) + scores.reliability(chance[40:], came[40:])
    whole = scores.reliability(chance, came)

    for part in ("cases", "chances", "came", "squares", "logs"):
        assert getattr(both, part) == pytest.approx(getattr(whole, part))


def test_a_chance_of_one_belongs_to_the_last_bin() -> None:
    assert scores.bin_of(np.array([0.0, 0.0999, 0.1, 1.0])).tolist() == [0, 0, 1, 9]


def test_luck_may_move_few_cases_far_and_many_cases_little() -> None:
    few, many = scores.likely_range(0.3, 10), scores.likely_range(0.3, 1000)

    assert few[0] < many[0] < 0.3 < many[1] < few[1]
    assert scores.likely_range(0.01, 3)[0] == 0.0
