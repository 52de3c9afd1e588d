from datetime import date
from decimal import Decimal

import pytest

from planning import queries
from planning.models import PlanVersion
from tests.factories.customers import make_deal
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
MAY_END = date(2026, 5, 31)


def win(cast: Cast, day: date, amount: str) -> None:
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=day, days_in_stage=0, amount=Decimal(amount))


def test_the_quarter_counts_its_own_wins_against_its_own_months(cast: Cast) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)
    make_target(version, person=cast.rao, month=Decimal(100))
    win(cast, date(2026, 3, 31), "1000.00")
    win(cast, date(2026, 4, 1), "150.00")
    make_deal(owner=cast.peer, path=("Lead", "Won"), created=date(2026, 4, 2), days_in_stage=0)
    pace = queries.quarter_pace(plan=version.plan, person=cast.rao, user=cast.rao, as_of=MAY_END)
    assert pace is not None
    assert (pace.quarter, pace.last, pace.won.revenue) == (2, date(2026, 6, 30), Decimal(150))
    assert (pace.target, pace.to_date, pace.remaining) == (Decimal(300), Decimal(200), Decimal(150))
    assert pace.attainment == pytest.approx(0.75)
    assert pace.share == pytest.approx(0.5)


def test_without_a_target_the_wins_are_still_shown(cast: Cast) -> None:
    plan = make_plan()
    win(cast, date(2026, 4, 1), "150.00")
    pace = queries.quarter_pace(plan=plan, person=cast.rao, user=cast.rao, as_of=MAY_END)
    assert pace is not None
    assert (pace.won.wins, pace.target, pace.attainment, pace.remaining) == (1, None, None, None)


def test_a_draft_is_no_target(cast: Cast) -> None:
    version = make_version()
    make_target(version, person=cast.rao)
    pace = queries.quarter_pace(plan=version.plan, person=cast.rao, user=cast.planner, as_of=MAY_END)
    assert pace is not None
    assert pace.target is None


def test_nobody_sees_the_pace_of_a_stranger(cast: Cast) -> None:
    plan = make_plan()
    assert queries.quarter_pace(plan=plan, person=cast.rao, user=cast.peer, as_of=MAY_END) is None
    assert queries.quarter_pace(plan=plan, person=cast.rao, user=cast.mori, as_of=MAY_END) is not None


def test_outside_the_year_there_is_no_quarter(cast: Cast) -> None:
    assert queries.quarter_pace(plan=make_plan(), person=cast.rao, user=cast.rao, as_of=date(2027, 1, 1)) is None


@pytest.mark.requirement("R1.5")
def test_a_quarters_pace_names_the_stretch_and_challenge_of_the_year(cast: Cast) -> None:
    version = make_version(make_plan(), status=PlanVersion.Status.ACTIVE)
    target = make_target(version, person=cast.rao, stretch_over=Decimal(200), challenge_over=Decimal(500))
    pace = queries.quarter_pace(plan=version.plan, person=cast.rao, user=cast.rao, as_of=date(2026, 5, 4))
    assert pace is not None
    assert pace.year is not None
    assert (pace.year.stretch, pace.year.challenge) == (target.total + 200, target.total + 500)
