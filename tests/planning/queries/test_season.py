from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import translation

from planning.forecasting.season import COMPANY, OWN
from planning.models import Plan, Target
from planning.queries import learned_season, shape_of
from teams.models import User
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2")]
BUSY = (3, 9, 12)


def _sell(owner: User, year: int, *, wins: int = 2, last: int = 12) -> None:
    """A year with a win in every month, and many more in the busy ones."""
    for month in range(1, last + 1):
        for number in range(wins * (5 if month in BUSY else 1)):
            make_deal(owner=owner, path=("Won",), created=date(year, month, 8 + number), amount=Decimal(1000))


@pytest.fixture
def plan(cast: Cast) -> Plan:
    make_pipeline()
    make_deal(owner=cast.rao, path=("Lead",), created=date(2024, 1, 2))
    return make_plan(2026)


def test_the_season_of_past_years_spreads_the_coming_one(cast: Cast, plan: Plan) -> None:
    for year in (2024, 2025):
        _sell(cast.rao, year)
    make_deal(owner=cast.rao, path=("Lead",), created=date(2026, 1, 5))

    learned = learned_season(plan=plan)

    shares = learned.season.shares
    assert {int(place) + 1 for place in shares.argsort()[-3:]} == set(BUSY)
    assert learned.season.weights[OWN] == 0
    assert learned.company_years == 2


def test_a_persons_own_years_count_beside_the_companys(cast: Cast, plan: Plan) -> None:
    for year in (2024, 2025):
        _sell(cast.rao, year, wins=4)
    make_deal(owner=cast.rao, path=("Lead",), created=date(2026, 1, 5))

    own = learned_season(plan=plan, person=cast.rao).season
    other = learned_season(plan=plan, person=cast.west_rep).season

    assert own.weights[OWN] > 0
    assert (own.years, other.years) == (2, 0)
    assert other.weights[OWN] == 0
    assert other.weights[COMPANY] > 0


def test_a_unit_counts_its_whole_subtree(cast: Cast, plan: Plan) -> None:
    for year in (2024, 2025):
        _sell(cast.rao, year)
    make_deal(owner=cast.rao, path=("Lead",), created=date(2026, 1, 5))

    assert learned_season(plan=plan, unit=cast.east).season.years == 2
    assert learned_season(plan=plan, unit=cast.west).season.years == 0


def test_a_month_that_is_not_over_is_no_empty_month(cast: Cast, plan: Plan) -> None:
    """Planning 2026 in October 2025: the year runs from October 2024 to September 2025."""
    _sell(cast.rao, 2024)
    _sell(cast.rao, 2025, last=9)
    make_deal(owner=cast.rao, path=("Lead",), created=date(2025, 10, 5))

    learned = learned_season(plan=plan)

    assert learned.company_years == 1
    assert {int(place) + 1 for place in learned.season.shares.argsort()[-3:]} == set(BUSY)


def test_without_a_whole_year_the_working_days_spread_the_total_and_say_so(cast: Cast, plan: Plan) -> None:
    version = make_version(plan)

    shape = shape_of(Target.Split.SEASON, version=version, unit=cast.company)

    assert "nothing was won yet in a whole year" in shape.sentence
    assert sum(shape.weights) == pytest.approx(1, abs=Decimal("0.0001"))


def test_the_sentence_names_the_parts_and_the_festival_in_both_languages(cast: Cast, plan: Plan) -> None:
    for year in (2024, 2025):
        _sell(cast.rao, year, wins=4)
    make_deal(owner=cast.rao, path=("Lead",), created=date(2026, 1, 5))
    version = make_version(plan)

    told = shape_of(Target.Split.SEASON, version=version, person=cast.rao).sentence
    with translation.override("zh-hans"):
        chinese = shape_of(Target.Split.SEASON, version=version, person=cast.rao).sentence

    assert "own shape of 2 years" in told
    assert "Spring Festival is on 17 Feb 2026" in told
    assert "自身近 2 年走势占" in chinese
    assert "春节为2026年2月17日" in chinese


def test_working_days_of_the_coming_year_decide_where_a_moved_festival_takes_revenue(cast: Cast, plan: Plan) -> None:
    for year in (2024, 2025):  # festivals on 10 February and 29 January; in 2026 on 17 February
        first = date(year, 1, 1)
        for step in range(360):
            day = first + timedelta(days=step)
            if day.weekday() < 5:
                make_deal(owner=cast.rao, path=("Won",), created=day, amount=Decimal(100))
    make_deal(owner=cast.rao, path=("Lead",), created=date(2026, 1, 5))

    shares = learned_season(plan=plan).season.shares

    assert shares[1] < shares[2]
    assert shares[1] < shares[0]
