from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from core.jobs import Outcome
from core.models import AuditEntry, JobRun, Publication
from planning import services
from planning.models import JOB, DealForecast, ForecastEvidence, NodeForecast, Plan
from tests.factories.customers import make_deal
from tests.factories.planning import make_plan
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]

DAY = date(2026, 7, 1)


def _clock() -> datetime:
    return datetime(2026, 7, 1, 0, 10, tzinfo=UTC)


@pytest.fixture
def plan(cast: Cast) -> Plan:
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 2, 2), amount=Decimal("500.00"))
    make_deal(owner=cast.rao, path=("Lead", "Contacted"), created=date(2026, 6, 1))
    return make_plan(2026)


def test_a_night_publishes_every_node_every_open_deal_and_what_it_rests_on(cast: Cast, plan: Plan) -> None:
    assert services.run_forecast(plan=plan, as_of=DAY, clock=_clock) is Outcome.PUBLISHED

    shown = NodeForecast.objects.current(plan)
    company = shown.get(unit=cast.company, period="FY")
    assert company.booked == Decimal("500.00")
    assert company.expected == company.booked + company.open + company.new
    assert DealForecast.objects.current(plan).count() == 1
    assert ForecastEvidence.objects.current(plan).get().is_thin
    assert AuditEntry.objects.filter(event="core.job.published").count() == 1


def test_readers_keep_yesterdays_forecast_beside_todays(plan: Plan) -> None:
    services.run_forecast(plan=plan, as_of=date(2026, 6, 30), clock=_clock)
    services.run_forecast(plan=plan, as_of=DAY, clock=_clock)

    assert Publication.objects.get(job=JOB).run.business_date == DAY
    assert JobRun.objects.filter(state=JobRun.State.PUBLISHED).count() == 2
    assert NodeForecast.objects.filter(run__business_date=date(2026, 6, 30)).exists()


def test_a_night_started_twice_is_one_night(plan: Plan) -> None:
    services.run_forecast(plan=plan, as_of=DAY, clock=_clock)
    rows = NodeForecast.objects.count()

    assert services.run_forecast(plan=plan, as_of=DAY, clock=_clock) is Outcome.ALREADY
    assert NodeForecast.objects.count() == rows


def test_a_year_that_is_over_has_no_forecast(plan: Plan) -> None:
    with pytest.raises(services.YearIsOver, match="FY2026 ended on 2026-12-31"):
        services.run_forecast(plan=plan, as_of=date(2027, 1, 1), clock=_clock)


def test_a_lost_deal_of_today_does_not_move_last_months_forecast(cast: Cast, plan: Plan) -> None:
    services.run_forecast(plan=plan, as_of=date(2026, 6, 30), clock=_clock)
    before = list(NodeForecast.objects.order_by("pk").values_list("period", "p50", "booked"))

    make_deal(owner=cast.rao, path=("Lead", "Lost"), created=date(2026, 6, 20))
    services.run_forecast(plan=plan, as_of=DAY, clock=_clock)

    old = NodeForecast.objects.filter(run__business_date=date(2026, 6, 30))
    assert list(old.order_by("pk").values_list("period", "p50", "booked")) == before
