from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from core.models import JobRun, Publication
from planning import services
from planning.models import TRACK_JOB, TRACK_SCOPE, Plan
from planning.queries import forecasts
from planning.queries.calendars import WorkCalendar
from planning.queries.forecasts import Node, attain_lines
from planning.queries.instead import with_run_rates
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast
from tests.factories.track_record import judge

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]
DAY = date(2026, 7, 1)


@pytest.fixture
def plan(cast: Cast) -> Plan:
    make_pipeline()
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 5, 4), days_in_stage=0, amount=Decimal(6300))
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 1, 5), days_in_stage=0, amount=Decimal(1000))
    plan = make_plan(2026)
    services.run_forecast(plan=plan, as_of=DAY, clock=lambda: datetime(2026, 7, 1, tzinfo=UTC))
    return plan


def _lines(plan: Plan, cast: Cast) -> list[forecasts.Line]:
    run = forecasts.shown_run(plan)
    assert run is not None
    return with_run_rates(forecasts.roll_up(run, cast.admin, Node(unit=cast.company)), plan=plan, run=run)


def test_a_forecast_without_skill_gives_way_to_the_run_rate_and_the_others_stay(cast: Cast, plan: Plan) -> None:
    judge(unit=cast.company, expected=90, run_rate=80)
    judge(unit=cast.east, expected=150, run_rate=100)

    company, east, west = _lines(plan, cast)

    calendar = WorkCalendar()
    worked = calendar.days(DAY - timedelta(days=91), DAY - timedelta(days=1))
    left = calendar.days(DAY, date(2026, 12, 31))
    assert east.run_rate == pytest.approx(Decimal(7300) + Decimal(6300) / worked * left, abs=Decimal("0.01"))
    assert company.run_rate is west.run_rate is None


def test_before_there_is_a_verdict_every_forecast_is_shown(cast: Cast, plan: Plan) -> None:
    assert {line.run_rate for line in _lines(plan, cast)} == {None}


def test_a_hidden_chance_is_not_where_to_look_first(cast: Cast, plan: Plan) -> None:
    judge(unit=cast.east, expected=150, run_rate=100)
    lines = _lines(plan, cast)
    for line in lines:
        line.year.p_attain = 0.2

    assert [line.node.unit for line in attain_lines(lines)] == [cast.west]
    assert Publication.objects.get(job=TRACK_JOB, scope=TRACK_SCOPE).run == JobRun.objects.get(job=TRACK_JOB)
