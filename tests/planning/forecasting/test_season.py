import numpy as np
import numpy.typing as npt
import pytest

from planning.forecasting.season import COMPANY, EVEN, OWN, WORKING_DAYS, Calendar, Past, learn_season, profile

pytestmark = pytest.mark.requirement("R1.2")
Floats = npt.NDArray[np.float64]
SEASON = np.array([0.5, 0.6, 0.9, 1.0, 1.1, 1.2, 0.8, 0.7, 1.2, 1.3, 1.3, 1.4])
MIRROR = SEASON[::-1].copy()


def _days(years: int, days: float = 21.0) -> Calendar:
    return Calendar(np.full((years, 12), days), np.zeros((years, 12)))


def _past(shape: Floats, years: int, wins: float) -> Past:
    return Past(np.tile(shape, (years, 1)), np.full(years, 1 / wins))


COMING = Calendar(np.full(12, 21.0), np.zeros(12))


def test_shares_add_up_to_one_and_weights_too() -> None:
    found = learn_season(_past(MIRROR, 3, 100), _past(SEASON, 3, 1000), _days(3), COMING)

    assert found.shares.sum() == pytest.approx(1)
    assert found.weights.sum() == pytest.approx(1)
    assert (found.shares > 0).all()


def test_a_unit_with_a_season_of_its_own_and_many_wins_follows_it() -> None:
    found = learn_season(_past(MIRROR, 3, 2000), _past(SEASON, 3, 9000), _days(3), COMING)

    assert found.weights[OWN] > 0.8
    assert found.shares == pytest.approx(MIRROR / MIRROR.sum(), abs=0.02)


def test_a_unit_with_few_wins_follows_the_company() -> None:
    dice = np.random.default_rng(1)
    few = Past(dice.poisson(0.6, (3, 12)).astype(np.float64), np.full(3, 1 / 7))
    found = learn_season(few, _past(SEASON, 3, 5000), _days(3), COMING)

    assert found.weights[COMPANY] > 0.7
    assert found.weights[OWN] < 0.15


def test_own_history_counts_from_two_whole_years_on() -> None:
    company = _past(SEASON, 3, 5000)
    one = Past(np.vstack([np.zeros((2, 12)), MIRROR]), np.array([0.0, 0.0, 1 / 5000]))

    assert learn_season(one, company, _days(3), COMING).weights[OWN] == 0
    two = Past(np.vstack([np.zeros(12), MIRROR, MIRROR]), np.array([0.0, 1 / 5000, 1 / 5000]))
    assert learn_season(two, company, _days(3), COMING).weights[OWN] > 0.5


def test_without_any_history_working_days_and_an_even_split_are_left() -> None:
    none = Past(np.zeros((0, 12)), np.zeros(0))
    coming = Calendar(np.array([20.0, 15, 23] + [21.0] * 9), np.zeros(12))
    found = learn_season(none, none, _days(0), coming)

    assert found.weights.tolist() == pytest.approx([0, 0, 0.75, 0.25])
    assert found.shares[1] < found.shares[0] < found.shares[2]
    assert found.tests == found.years == 0


def test_the_company_counts_itself_once() -> None:
    company = _past(SEASON, 4, 3000)
    found = learn_season(company, company, _days(4), COMING, is_company=True)

    assert found.weights[OWN] == 0
    assert found.weights[COMPANY] > 0.9


def test_a_company_without_a_season_leans_on_the_calendar() -> None:
    dice = np.random.default_rng(2)
    counts = dice.multinomial(60, np.full(12, 1 / 12), 3).astype(float)
    flat = Past(counts, np.full(3, 1 / 60))
    found = learn_season(flat, flat, _days(3), COMING, is_company=True)

    assert found.weights[WORKING_DAYS] + found.weights[EVEN] > 0.3
    assert np.abs(found.shares - 1 / 12).sum() < np.abs(flat.shares().mean(0) - 1 / 12).sum()


def test_days_off_that_move_take_the_revenue_along() -> None:
    january, february = np.full(12, 21.0), np.full(12, 21.0)
    january[0], february[1] = 14.0, 14.0  # the festival's week off in January, or in February
    past = Calendar(np.vstack([january, january]), np.zeros((2, 12)))
    amounts = np.vstack([january, january])
    told = profile(Past(amounts, np.full(2, 0.001)), past, Calendar(february, np.zeros(12)), quiet=1.0)

    assert told == pytest.approx(february / february.sum())


def test_quiet_days_around_a_moving_festival_are_learnt() -> None:
    days, near = np.full((5, 12), 21.0), np.zeros((5, 12))
    for year in range(5):
        near[year, year % 2] = 12.0  # in January and February by turns
    sold = days - 0.75 * near
    past = Past(sold, np.full(5, 1 / 4000))
    coming = Calendar(np.full(12, 21.0), np.r_[0.0, 12.0, np.zeros(10)])

    found = learn_season(past, past, Calendar(days, near), coming, is_company=True)

    assert found.quiet <= 0.5
    assert found.shares[1] < 0.75 * found.shares[0]


def test_a_calendar_without_a_festival_knows_no_quiet_days() -> None:
    past = _past(SEASON, 4, 1000)

    assert learn_season(past, past, _days(4), COMING, is_company=True).quiet == 1.0


def test_recent_years_count_more() -> None:
    past = Past(np.vstack([MIRROR, SEASON]), np.full(2, 0.001))
    told = profile(past, _days(2), COMING, quiet=1.0)

    last = SEASON / SEASON.sum()
    assert np.abs(told - last).sum() < np.abs(told - MIRROR / MIRROR.sum()).sum()


def test_the_mixture_misplaces_less_than_last_year_or_an_even_split() -> None:
    dice = np.random.default_rng(5)
    losses: dict[str, list[float]] = {"learnt": [], "last year": [], "even": []}
    for _ in range(40):
        counts = dice.multinomial(80, SEASON / SEASON.sum(), 4).astype(float)
        whole = dice.multinomial(800, SEASON / SEASON.sum(), 3).astype(float)
        own, company = Past(counts[:3], np.full(3, 1 / 80)), Past(whole, np.full(3, 1 / 800))
        came = counts[3] / 80
        for name, shares in (
            ("learnt", learn_season(own, company, _days(3), COMING).shares),
            ("last year", own.shares()[-1]),
            ("even", np.full(12, 1 / 12)),
        ):
            losses[name].append(float(np.abs(shares - came).sum() / 2))
    mean = {name: float(np.mean(values)) for name, values in losses.items()}

    assert mean["learnt"] < 0.85 * mean["last year"]
    assert mean["learnt"] < 0.85 * mean["even"]
