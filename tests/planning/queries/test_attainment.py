from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from core.models import JobRun
from planning import services
from planning.models import JOB, NodeForecast, Plan, PlanVersion
from planning.queries.attainment import Attainment, attainment
from planning.queries.coverage import Coverage
from planning.queries.forecasts import Node
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast
from tests.factories.track_record import judge

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]

AS_OF = date(2026, 8, 16)
QUARTERS = [date(year, month, 1) for year in (2024, 2025) for month in (1, 4, 7, 10)] + [
    date(2026, 1, 1),
    date(2026, 4, 1),
]


def _sell_for_years(cast: Cast) -> None:
    """In every quarter two deals of 1000 are open from its first month; one is won at its end, one is lost long after."""
    make_pipeline()
    for first in QUARTERS:
        for owner in (cast.rao, cast.peer):
            make_deal(owner=owner, path=("Lead", "Won"), created=first, days_in_stage=70)
            make_deal(owner=owner, path=("Lead", "Lost"), created=first, days_in_stage=89)
    for owner in (cast.rao, cast.peer, cast.rao):
        make_deal(owner=owner, path=("Lead",), created=date(2026, 7, 2), amount=Decimal("1000.00"))


@pytest.fixture
def plan(cast: Cast) -> Plan:
    _sell_for_years(cast)
    plan = make_plan(2026)
    version = make_version(plan, status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.east_one, month=Decimal("500.00"))
    make_target(version, person=cast.rao, month=Decimal("300.00"))
    make_target(version, person=cast.peer, month=Decimal("300.00"))
    services.run_forecast(plan=plan, as_of=AS_OF, clock=lambda: datetime.now(UTC))
    return plan


def _stands(plan: Plan, cast: Cast, period: str = "Q3") -> Attainment:
    found = attainment(
        plan=plan, run=JobRun.objects.get(job=JOB), node=Node(unit=cast.east_one), user=cast.mori, period=period
    )
    assert found is not None
    return found


def test_the_coverage_a_team_needs_is_measured_on_its_own_past_quarters(plan: Plan, cast: Cast) -> None:
    """At 46 days to go four deals of 1000 were open, and two of them brought 2000 by the end: it took twice the revenue."""
    found = _stands(plan, cast)

    assert found.coverage == Coverage(periods=8, wins=16, needed=2.0, low=2.0, high=2.0)
    assert found.coverage.is_enough
    assert found.open_amount == Decimal("3000.00")
    assert found.cover == pytest.approx(3000 / float(found.remaining))


def test_too_few_years_say_so_and_periods_that_do_not_run_measure_nothing(plan: Plan, cast: Cast) -> None:
    assert not _stands(plan, cast, "FY").coverage.is_enough
    assert _stands(plan, cast, "Q4").coverage == Coverage(0, 0, None, None, None)


def test_the_shortfall_is_what_is_missing_on_average(plan: Plan, cast: Cast) -> None:
    rows = NodeForecast.objects.filter(unit=cast.east_one)
    over, ahead = rows.get(period="Q1"), rows.get(period="Q4")

    assert over.shortfall == max(Decimal(1500) - over.booked, Decimal(0))
    assert ahead.shortfall is not None
    assert max(Decimal(1500) - ahead.p50, Decimal(0)) - 200 <= ahead.shortfall <= 1500
    assert NodeForecast.objects.filter(unit=cast.east, shortfall__isnull=False).count() == 0


def test_pace_counts_the_targets_own_months_and_their_working_days(plan: Plan, cast: Cast) -> None:
    found = _stands(plan, cast)

    assert found.due is not None
    assert Decimal(500) + 200 < found.due < Decimal(500) + 300  # July, and half of August's working days
    assert found.due_share == pytest.approx(float(found.due / 1500))


def test_a_teams_chance_stands_beside_those_of_its_members(plan: Plan, cast: Cast) -> None:
    found = _stands(plan, cast)
    one, other = found.chances

    assert {member.node.person for member in found.members} == {cast.rao, cast.peer}
    assert found.all_together == pytest.approx(one * other)
    assert found.over_assigned == Decimal("300.00")
    assert found.members_median == sum(member.row.p50 for member in found.members)
    assert found.members_width >= found.width


def test_a_member_out_of_the_readers_sight_is_left_out(plan: Plan, cast: Cast) -> None:
    found = attainment(plan=plan, run=JobRun.objects.get(), node=Node(unit=cast.east_one), user=cast.peer, period="Q3")

    assert found is not None
    assert [member.node.person for member in found.members] == [cast.peer]


def test_a_member_whose_forecast_is_hidden_is_counted_so_that_no_chance_of_theirs_is_told(
    plan: Plan, cast: Cast
) -> None:
    assert _stands(plan, cast).hidden == 0
    judge(person=cast.rao, expected=150, run_rate=100)

    assert _stands(plan, cast).hidden == 1


def test_without_a_target_there_is_nothing_to_reach(plan: Plan, cast: Cast) -> None:
    node = Node(unit=cast.west)

    assert attainment(plan=plan, run=JobRun.objects.get(), node=node, user=cast.planner, period="FY") is None


def test_the_number_of_queries_is_small_and_fixed(
    plan: Plan, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(11):
        _stands(plan, cast)


def test_history_too_young_for_a_past_quarter_is_not_measured(cast: Cast) -> None:
    make_pipeline()
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=AS_OF - timedelta(days=60))
    plan = make_plan(2026)

    services.run_forecast(plan=plan, as_of=AS_OF, clock=lambda: datetime.now(UTC))

    assert NodeForecast.objects.get(unit=cast.company, period="Q3").cover["needed"] is None
