import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from core.models import JobRun
from core.templatetags.formats import day
from planning import services
from planning.models import ForecastReview, Plan, PlanVersion
from planning.queries import forecasts
from planning.queries.forecasts import Node
from planning.queries.funnel import Window, busiest_pipeline
from teams.models import User
from tests.factories.charts import charts_of, charts_without_data
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan, make_running_plan, make_target, make_version
from tests.factories.teams import Cast, make_person
from tests.factories.track_record import judge

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7", "R1.8")]

TODAY = timezone.localdate()
PAGES = ("/overview/", "/forecast/", "/funnel/")


def _night(plan: Plan, as_of: date = TODAY) -> None:
    services.run_forecast(plan=plan, as_of=as_of, clock=lambda: datetime.now(UTC))


def _seen_by(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def plan(cast: Cast) -> Plan:
    make_pipeline()
    long_ago, lately = TODAY - timedelta(days=90), TODAY - timedelta(days=20)
    for owner in (cast.rao, cast.peer, cast.west_rep):
        make_deal(owner=owner, path=("Lead", "Contacted", "Won"), created=long_ago, amount=Decimal("40000.00"))
        make_deal(owner=owner, path=("Lead", "Contacted"), created=lately, amount=Decimal("70000.00"))
    plan = make_running_plan(TODAY)
    version = make_version(plan, status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.company, month=Decimal("20000.00"))
    make_target(version, unit=cast.east, month=Decimal("9000.00"))
    make_target(version, unit=cast.west, month=Decimal("9000.00"))
    _night(plan)
    return plan


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_a_plan_says_what_to_do_first(cast: Cast, page: str) -> None:
    answer = _seen_by(cast.planner).get(page)

    assert answer.status_code == 200
    assert "No year is planned yet" in answer.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_before_the_first_night_says_so(cast: Cast, page: str) -> None:
    make_pipeline()
    make_plan(TODAY.year)

    assert "The first night has not run yet" in _seen_by(cast.lin).get(page).content.decode()


def test_a_supervisor_begins_at_the_top_of_their_own_reach(cast: Cast, plan: Plan) -> None:
    text = _seen_by(cast.lin).get("/forecast/").content.decode()

    assert "East one" in text
    assert "West" not in text


def test_going_down_and_up_keeps_what_was_asked(cast: Cast, plan: Plan) -> None:
    text = _seen_by(cast.planner).get(f"/forecast/?unit={cast.east.pk}&since=month").content.decode()

    for unit in (cast.company, cast.east_one):
        assert f"unit={unit.pk}&amp;since=month&amp;over=FY" in text
    assert not re.search(rf"unit={cast.east_one.pk}&amp;over", text)


@pytest.mark.parametrize("page", PAGES)
def test_every_chart_has_its_data_table(cast: Cast, plan: Plan, page: str) -> None:
    text = _seen_by(cast.planner).get(page).content.decode()

    assert charts_of(text)
    assert not charts_without_data(text)


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_to_a_unit_or_person_gets_a_404(cast: Cast, plan: Plan, page: str) -> None:
    asking = _seen_by(cast.rao)

    assert asking.get(page, {"unit": cast.east.pk}).status_code == 404
    assert asking.get(page, {"person": cast.peer.pk}).status_code == 404
    assert asking.get(page, {"person": cast.rao.pk}).status_code == 200


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("query", ["unit=x", "person=-1", "year=99999", "unit=99999999999999999999", "year=٣"])
def test_nonsense_in_the_address_is_a_404(cast: Cast, plan: Plan, page: str, query: str) -> None:
    assert _seen_by(cast.planner).get(f"{page}?{query}").status_code == 404


def test_the_overview_states_target_won_forecast_and_chance(cast: Cast, plan: Plan) -> None:
    text = _seen_by(cast.planner).get("/overview/").content.decode()

    assert "¥240K" in text
    assert "¥120,000.00" in text
    assert "80% interval" in text
    assert "Too little history for a firm forecast." in text


def test_a_rep_sees_the_companys_conversion_beside_their_own_and_nobody_elses(cast: Cast, plan: Plan) -> None:
    text = _seen_by(cast.rao).get("/funnel/").content.decode()

    assert "Rao" in text
    assert "Peer of Rao" not in text
    assert _seen_by(cast.rao).get("/funnel/", {"by": "channel"}).status_code == 404


def test_what_moved_is_shown_since_yesterday_and_since_the_last_review(cast: Cast, plan: Plan) -> None:
    _night(plan, TODAY - timedelta(days=3))
    asking = _seen_by(cast.mori)
    unit = {"unit": cast.east_one.pk}
    assert "since=review" not in asking.get("/forecast/", unit).content.decode()
    assert "Nothing to compare with yet" in asking.get("/forecast/", unit | {"since": "review"}).content.decode()

    ForecastReview.objects.create(
        plan=plan,
        unit=cast.east_one,
        run=JobRun.objects.get(business_date=TODAY - timedelta(days=3)),
        marked_by=cast.mori,
        marked_at=timezone.now(),
    )
    text = asking.get("/forecast/", unit | {"since": "review", "over": "FY"}).content.decode()

    assert f"What moved since {day(TODAY - timedelta(days=3))}" in text
    assert "by Mori" in text
    assert "The deals behind it" in text


def test_a_manager_marks_the_forecast_of_a_unit_as_reviewed(cast: Cast, plan: Plan) -> None:
    asking = _seen_by(cast.mori)
    assert "Mark as reviewed" in asking.get("/forecast/", {"unit": cast.east_one.pk}).content.decode()

    answer = asking.post(f"/forecast/units/{cast.east_one.pk}/review/?year={plan.fiscal_year.year}")

    assert answer.status_code == 302
    assert "Reviewed" in asking.get(answer["Location"]).content.decode()
    assert _seen_by(cast.diaz).post(f"/forecast/units/{cast.east_one.pk}/review/").status_code == 404


@pytest.mark.parametrize("query", ["since=never", "over=Q9", "over=M01"])
def test_a_comparison_that_does_not_exist_is_a_404(cast: Cast, plan: Plan, query: str) -> None:
    assert _seen_by(cast.planner).get(f"/forecast/?{query}").status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_the_number_of_queries_does_not_grow_with_the_number_of_people(
    cast: Cast, plan: Plan, page: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    asking = _seen_by(cast.planner)
    asking.get(page)
    with CaptureQueriesContext(connection) as few:
        asking.get(page)
    for _ in range(30):
        make_deal(owner=make_person(unit=cast.west_one), path=("Lead", "Contacted"), created=TODAY - timedelta(days=9))
    services.run_forecast(plan=plan, as_of=TODAY, clock=lambda: datetime.now(UTC), again=True)
    with CaptureQueriesContext(connection) as many:
        asking.get(page)

    assert len(many) == len(few)


def test_the_pages_speak_chinese(cast: Cast, plan: Plan) -> None:
    User.objects.filter(pk=cast.lin.pk).update(language="zh-hans")
    asking = _seen_by(User.objects.get(pk=cast.lin.pk))

    assert "全年进展" in asking.get("/overview/").content.decode()
    assert "达成概率" in asking.get("/forecast/").content.decode()
    assert "转化率与阶段停留时间" in asking.get("/funnel/").content.decode()


@pytest.mark.parametrize("page", ["/forecast/", "/overview/"])
def test_a_forecast_without_skill_is_hidden_with_the_reason_and_the_run_rate_shown(
    cast: Cast, plan: Plan, page: str
) -> None:
    judge(unit=cast.east, expected=150, run_rate=100)
    text = _seen_by(cast.lin).get(page).content.decode()

    assert "Over the last 8 months the forecast of East was no better than the run rate" in text
    assert "Shown: run rate" in text
    assert "Year-end forecast" not in text


@pytest.mark.parametrize("page", ["/forecast/", "/overview/"])
def test_a_forecast_with_skill_is_shown(cast: Cast, plan: Plan, page: str) -> None:
    judge(unit=cast.east, expected=105, run_rate=80)
    text = _seen_by(cast.lin).get(page).content.decode()

    assert "Year-end forecast against target" in text
    assert "no better than the run rate" not in text
    assert "Not judged yet" not in text


@pytest.mark.parametrize("page", ["/forecast/", "/overview/"])
def test_a_forecast_that_could_not_be_judged_yet_says_so(cast: Cast, plan: Plan, page: str) -> None:
    judge(unit=cast.east, months=3, expected=150, run_rate=100)

    assert "Not judged yet (3 of 8 months)" in _seen_by(cast.lin).get(page).content.decode()


def test_the_chances_of_members_are_not_compared_where_one_of_their_forecasts_is_hidden(cast: Cast, plan: Plan) -> None:
    asking, compared = _seen_by(cast.planner), "Why this differs from the chances of those below"
    assert compared in asking.get("/forecast/").content.decode()
    judge(unit=cast.east, expected=150, run_rate=100)

    assert compared not in asking.get("/forecast/").content.decode()


def test_of_very_many_people_the_largest_are_shown_first_and_the_rest_on_request(
    cast: Cast, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecasts.largest, "__kwdefaults__", {"most": 2})
    asking = _seen_by(cast.mori)
    few, everybody = (asking.get(f"/forecast/?all={all_of_them}").content.decode() for all_of_them in (0, 1))

    assert few.count('<th scope="row"><a') < everybody.count('<th scope="row"><a')
    assert "Show 1 more with smaller amounts" in few
    assert "more with smaller amounts" not in everybody


def test_the_funnel_shown_first_is_the_one_that_deals_went_through(cast: Cast) -> None:
    make_pipeline("Unused")
    used = make_pipeline("Used")
    make_deal(owner=cast.rao, pipeline=used, path=("Lead", "Contacted"), created=TODAY - timedelta(days=30))
    _night(make_plan(TODAY.year))

    assert busiest_pipeline(JobRun.objects.get(), window=Window.YEAR, node=Node(person=cast.rao)) == used
    assert f'<option value="{used.pk}" selected>' in _seen_by(cast.lin).get("/funnel/").content.decode()
