"""A chance read off stored quantiles."""

import pytest

from planning.forecasting.reading import chance_of, with_known

pytestmark = pytest.mark.requirement("R1.1")
LEVELS = (0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975)
QUANTILES = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0)


@pytest.mark.parametrize(
    ("amount", "chance"), [(40.0, 0.5), (20.0, 0.9), (60.0, 0.1), (45.0, 0.375), (5.0, 0.975), (99.0, 0.025)]
)
def test_between_quantiles_the_chance_falls_evenly_and_beyond_them_nothing_more_is_claimed(
    amount: float, chance: float
) -> None:
    assert chance_of(amount, LEVELS, QUANTILES) == pytest.approx(chance)


def test_a_higher_amount_is_never_likelier() -> None:
    chances = [chance_of(float(amount), LEVELS, QUANTILES) for amount in range(80)]
    assert chances == sorted(chances, reverse=True)


def test_a_year_that_is_decided_reaches_what_it_has() -> None:
    assert chance_of(40.0, LEVELS, (40.0,) * 7) == pytest.approx(0.975)
    assert chance_of(40.01, LEVELS, (40.0,) * 7) == pytest.approx(0.025)


def test_quantiles_that_fall_are_refused() -> None:
    with pytest.raises(ValueError, match="must not fall"):
        chance_of(1.0, (0.1, 0.9), (5.0, 4.0))
    with pytest.raises(ValueError, match="as many"):
        chance_of(1.0, (0.1, 0.9), (5.0,))


def test_a_chance_that_the_draws_told_is_found_again_and_one_that_does_not_fit_changes_nothing() -> None:
    levels, quantiles = [0.1, 0.5, 0.9], [100.0, 200.0, 300.0]
    more = with_known(levels, quantiles, amount=220.0, chance=0.45)
    assert chance_of(220.0, *more) == pytest.approx(0.45)
    tail = with_known(levels, quantiles, amount=400.0, chance=0.02)
    assert chance_of(400.0, *tail) == pytest.approx(0.02)
    assert with_known(levels, quantiles, amount=150.0, chance=0.2) == (levels, quantiles)
    assert with_known(levels, quantiles, amount=400.0, chance=0.0) == (levels, quantiles)
