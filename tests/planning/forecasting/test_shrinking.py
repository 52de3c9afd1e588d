import numpy as np

from planning.forecasting.shrinking import shrink


def test_who_moves_deals_on_more_often_is_expected_to_win_more_until_wins_tell() -> None:
    advances, wins = np.array([30.0, 60.0, 90.0]), np.array([2.0, 2.0, 2.0])
    onward = shrink(advances, np.full(3, 60.0))

    leaning, alone = shrink(wins, np.full(3, 2.0), onward), shrink(wins, np.full(3, 2.0))

    np.testing.assert_allclose(alone, 1, atol=1e-6)
    assert leaning[0] < 0.95 < leaning[1] < 1.05 < leaning[2]


def test_of_few_levels_a_clear_difference_is_not_shrunk_away() -> None:
    expected = np.array([120.0, 100.0, 110.0, 130.0, 90.0])

    factors = shrink(expected * [1.1, 1.15, 1.0, 0.9, 0.78], expected)

    assert factors[4] < 0.9
    assert factors[1] > 1.06


def test_shrinking_leaves_little_of_what_chance_explains() -> None:
    rng = np.random.default_rng(3)
    expected = np.full(50, 20.0)

    chance = shrink(rng.poisson(expected).astype(float), expected)
    real = shrink(rng.poisson(expected * np.repeat([0.5, 1.5], 25)).astype(float), expected)

    assert np.ptp(chance) < 0.25
    assert real[:25].mean() < 0.65
    assert real[25:].mean() > 1.35
