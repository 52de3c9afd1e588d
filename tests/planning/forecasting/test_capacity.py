import numpy as np
import pytest

from planning.forecasting.capacity import chance_at_street, months_before, people_for, ramp_share, staying
from planning.forecasting.reading import chance_of

pytestmark = pytest.mark.requirement("R1.5")
CURVE = (0.25, 0.5, 0.75, 1.0)
LEVELS = [0.025, 0.10, 0.25, 0.50, 0.75, 0.90, 0.975]


def test_a_ramp_rises_month_by_month_and_stays_full_after_its_end() -> None:
    assert [ramp_share(CURVE, month) for month in (-1, 0, 1, 2, 3, 4, 5, 30)] == [0, 0, 0.25, 0.5, 0.75, 1, 1, 1]


def test_a_ramp_that_takes_twice_as_long_reaches_each_share_after_twice_the_months() -> None:
    assert [ramp_share(CURVE, month, stretch=2) for month in (2, 4, 6, 8, 9)] == [0.25, 0.5, 0.75, 1, 1]
    assert ramp_share(CURVE, 3, stretch=2) == pytest.approx(0.375)
    assert ramp_share(CURVE, 2, stretch=0.5) == 1


def test_thirty_per_cent_for_three_months_and_seventy_for_three_carry_three_quarters_of_a_year() -> None:
    carried = sum(ramp_share((0.3,) * 3 + (0.7,) * 3, month) for month in range(1, 13)) / 12
    assert carried == pytest.approx(0.75)


def test_attrition_takes_its_share_in_a_year_and_nobody_from_the_past() -> None:
    assert staying(0.14, 12) == pytest.approx(0.86)
    assert staying(0.14, 6) ** 2 == pytest.approx(0.86)
    assert staying(0.14, -3) == 1


def test_a_hire_is_decided_the_ramp_and_the_recruiting_before_the_month_of_need() -> None:
    assert months_before(ramp_months=4, recruiting_months=3) == 7


def test_a_gap_takes_whole_people() -> None:
    assert people_for(250_001, 125_000) == 3
    assert people_for(250_000, 125_000) == 2
    with pytest.raises(ValueError, match="full quota"):
        people_for(1, 0)


@pytest.mark.parametrize(("street", "chance"), [(1.0, 0.24), (1.1, 0.39), (1.18, 0.50), (1.25, 0.59)])
def test_ten_correlated_people_at_eighty_five_per_cent_reach_the_company_target_as_the_guide_says(
    street: float, chance: float
) -> None:
    dice = np.random.default_rng(20261126)
    shared, own = dice.standard_normal((1, 400_000)), dice.standard_normal((10, 400_000))
    landing = (0.85 + 0.35 * (np.sqrt(0.3) * shared + np.sqrt(0.7) * own)).mean(0)  # of a target of 1

    def by_draws(amount: float) -> float:
        return float((landing >= amount).mean())

    def by_quantiles(amount: float) -> float:
        return chance_of(amount, LEVELS, np.quantile(landing, LEVELS).tolist())

    assert chance_at_street(street, target=1, booked=0, assigned=1, chance=by_draws) == pytest.approx(chance, abs=0.01)
    # Seven quantiles are what a night keeps; between them the curve is straight.
    assert chance_at_street(street, target=1, booked=0, assigned=1, chance=by_quantiles) == pytest.approx(
        chance, abs=0.03
    )


def test_what_is_won_already_does_not_grow_with_the_quotas() -> None:
    found = chance_at_street(1.25, target=100, booked=60, assigned=100, chance=float)
    assert found == 60 + 40 / 1.25  # what today's landing has to reach


def test_what_is_assigned_today_is_the_level_at_which_nothing_changes() -> None:
    assert chance_at_street(1.1, target=100, booked=10, assigned=110, chance=float) == pytest.approx(100)
