from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.errors import Invalid, NotAllowed, VersionConflict
from core.models import JobRun
from planning import services
from planning.forecasting import outlook
from planning.models import NodeForecast, Plan, PlanVersion, Scenario, Target
from planning.queries.forecasts import Node, shown_run
from planning.queries.scenarios import Play, Wish, night_rows, plays
from teams import services as teams
from tests.factories.customers import make_deal
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
JUNE = date(2026, 6, 1)


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    """A plan in force with a published night, whose years stand as the tests need them."""
    found = make_version(make_plan(2026), by=cast.planner, status=PlanVersion.Status.ACTIVE)
    for unit in (cast.company, cast.east, cast.east_one):
        make_target(found, unit=unit, month=Decimal("100.00"))
    make_target(found, person=cast.rao, month=Decimal("100.01"))
    make_deal(owner=cast.rao, path=("Lead", "Quoted"), created=date(2026, 4, 2))
    services.run_forecast(plan=found.plan, as_of=JUNE, clock=timezone.now)
    quantiles = {"p025": 600, "p10": 700, "p25": 800, "p50": 1000, "p75": 1200, "p90": 1300, "p975": 1400}
    stand = dict(booked=400, open=400, new=200, target=1200, p_attain=0.25, **quantiles)
    NodeForecast.objects.filter(period="FY").update(**stand)
    months = {
        "booked": 0,
        "open": 60,
        "new": 40,
        "p025": 0,
        "p10": 0,
        "p25": 50,
        "p50": 100,
        "p75": 150,
        "p90": 180,
        "p975": 200,
    }
    NodeForecast.objects.filter(period__startswith="M").update(**months)
    found.refresh_from_db()
    return found


def run_of(plan: Plan) -> JobRun:
    run = shown_run(plan)
    assert run is not None
    return run


def play_of(version: PlanVersion, cast: Cast, wish: Wish) -> Play:
    run = run_of(version.plan)
    return plays(plan=version.plan, run=run, rows=night_rows(run, cast.planner), wishes=[wish])[0]


def keep(version: PlanVersion, cast: Cast, name: str = "More leads", leads: float = 1.5) -> Scenario:
    return services.keep_scenario(version=version, actor=cast.planner, name=name, leads=leads)


def test_levers_move_open_and_new_and_leave_what_is_won(version: PlanVersion, cast: Cast) -> None:
    base = play_of(version, cast, Wish()).year(Node(unit=cast.east))
    more = play_of(version, cast, Wish(win_rate=1.1, price=0.9, leads=1.5)).year(Node(unit=cast.east))
    assert base is not None
    assert more is not None
    assert (base.moved.expected, base.moved.delta, base.moved.chance) == (1000.0, 0.0, 0.25)
    assert more.moved.expected == pytest.approx(400 + 400 * 0.99 + 200 * 0.99 * 1.5)
    assert more.moved.chance is not None
    assert more.moved.chance > 0.25


def test_hires_bring_capacity_by_ramp_in_their_unit_and_above_after_the_nights_month(
    version: PlanVersion, cast: Cast
) -> None:
    services.set_full_quota(plan=version.plan, actor=cast.planner, unit=cast.company, amount=Decimal(1200), version=0)
    teams.set_capacity_rule(actor=cast.admin, unit=cast.company, version=0, attrition=0.0, survival=1.0)
    play = play_of(version, cast, Wish(hires=2, unit=cast.east_two, month=date(2026, 7, 1)))
    for unit in (cast.east_two, cast.east, cast.company):
        months = play.of(Node(unit=unit))
        assert [round(months[name].moved.delta, 2) for name in ("M06", "M07", "M08", "M09", "M12")] == [
            0,
            50,
            100,
            150,
            200,
        ]
        assert months["FY"].moved.delta == pytest.approx(50 + 100 + 150 + 3 * 200)
    assert play.of(Node(unit=cast.east_one))["FY"].moved.delta == 0


def test_a_longer_ramp_costs_what_newcomers_carry_less_and_planned_hires_are_in_neither(
    version: PlanVersion, cast: Cast
) -> None:
    services.set_full_quota(plan=version.plan, actor=cast.planner, unit=cast.company, amount=Decimal(1200), version=0)
    teams.set_capacity_rule(actor=cast.admin, unit=cast.company, version=0, attrition=0.0)
    make_person(unit=cast.east_one, since=date(2026, 6, 1))
    teams.plan_hires(actor=cast.admin, unit=cast.east_one, start_month=date(2026, 7, 1), count=9)
    play = play_of(version, cast, Wish(ramp=2.0))
    months = play.of(Node(unit=cast.east_one))
    # July, August, September, October … are months 2, 3, 4, 5 of the new one: 50, 75, 100, 100 before.
    assert [round(months[f"M{n:02}"].moved.delta, 1) for n in range(6, 10)] == [0, -25, -37.5, -50]


def test_without_a_full_quota_people_move_nothing_and_that_is_said(version: PlanVersion, cast: Cast) -> None:
    play = play_of(version, cast, Wish(hires=2, unit=cast.east_two, month=date(2026, 7, 1)))
    year = play.year(Node(unit=cast.east))
    assert year is not None
    assert (year.moved.delta, play.without) == (0, 5)


def test_three_stand_beside_the_baseline_and_a_fourth_finds_no_room(version: PlanVersion, cast: Cast) -> None:
    kept = [keep(version, cast, name) for name in ("One", "Two", "Three")]
    with pytest.raises(services.ThreeScenarios):
        keep(version, cast, "Four")
    services.drop_scenario(scenario=kept[1], actor=cast.planner)
    assert keep(version, cast, "Four").slot == 2


def test_a_scenario_is_changed_by_its_author_from_the_version_that_was_read(version: PlanVersion, cast: Cast) -> None:
    row = services.keep_scenario(version=version, actor=cast.mori, name="Mori's")
    with pytest.raises(VersionConflict):
        services.keep_scenario(version=version, actor=cast.mori, name="x", scenario=row, lock_version=7)
    with pytest.raises(NotAllowed):
        services.keep_scenario(version=version, actor=cast.lin, name="x", scenario=row, lock_version=1)
    for wrong in ({"price": 9.0}, {"hires": 2}):
        with pytest.raises(Invalid):
            services.keep_scenario(version=version, actor=cast.mori, name="x", **wrong)
    assert [*Scenario.objects.visible_to(cast.rao)] == []


def test_a_draft_has_the_targets_that_the_scenario_supports_to_the_cent(version: PlanVersion, cast: Cast) -> None:
    draft = services.adopt_scenario(scenario=keep(version, cast), actor=cast.planner, as_of=JUNE)
    row = Target.objects.get(version=draft, person=cast.rao)
    assert (row.m06, row.m07, row.m12) == (Decimal("100.01"), Decimal("120.01"), Decimal("120.01"))  # × 120 ÷ 100
    assert Target.objects.get(version=draft, unit=cast.company).total == Decimal("1320.00")
    assert draft.is_draft
    with pytest.raises(services.DraftExists):
        services.adopt_scenario(scenario=Scenario.objects.get(), actor=cast.planner, as_of=JUNE)
    with pytest.raises(NotAllowed):
        services.adopt_scenario(scenario=Scenario.objects.get(), actor=cast.lin, as_of=JUNE)


def test_two_hundred_people_cost_the_queries_of_three_and_no_forecast_is_run(
    version: PlanVersion, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.set_full_quota(plan=version.plan, actor=cast.planner, unit=cast.company, amount=Decimal(1200), version=0)
    wishes = [Wish(leads=1.2), Wish(ramp=2.0, hires=3, unit=cast.east_two, month=date(2026, 9, 1)), Wish(price=1.1)]

    def asked() -> int:
        run = run_of(version.plan)
        with CaptureQueriesContext(connection) as captured:
            plays(plan=version.plan, run=run, rows=night_rows(run, cast.planner), wishes=wishes)
        return len(captured)

    asked()  # the first look fills what a process keeps
    few = asked()
    for number in range(200):
        make_person(unit=(cast.east_one, cast.west_one)[number % 2])
    services.run_forecast(plan=version.plan, as_of=JUNE, clock=timezone.now, again=True)

    def forbidden(*_arguments: object, **_options: object) -> None:
        raise AssertionError("a scenario runs no forecast")

    monkeypatch.setattr(outlook, "simulate", forbidden)
    assert asked() == few <= 14


def test_the_page_compares_keeps_and_removes(version: PlanVersion, cast: Cast) -> None:
    client = signed_in(cast.planner)
    page = reverse("planning:scenarios")
    tried = client.get(page, {"win_rate": 110, "price": 100, "leads": 100, "ramp": 100, "hires": 0})
    assert tried.status_code == 200
    assert client.get(page, {"win_rate": 900}).status_code == 200
    fragment = client.get(page, {"win_rate": 110}, headers={"HX-Request": "true"}).content.decode()
    assert fragment.lstrip().startswith('<div id="scenario-result"')
    sent = {"name": "Better", "win_rate": "110", "leads": "120"}
    client.post(reverse("planning:scenario-keep", args=[version.pk]), sent)
    row = Scenario.objects.get()
    assert (row.name, row.win_rate, row.leads, row.price) == ("Better", 1.1, 1.2, 1.0)
    assert "Better" in client.get(page).content.decode()
    client.post(reverse("planning:scenario-adopt", args=[row.pk]))
    assert version.plan.versions.drafts().count() == 1
    client.post(reverse("planning:scenario-drop", args=[row.pk]))
    assert not Scenario.objects.exists()
    assert signed_in(cast.rao).get(page).status_code == 403


def test_the_api_answers_with_every_period_of_the_asked_unit(version: PlanVersion, cast: Cast) -> None:
    client = signed_in(cast.lin)
    body = {"version": version.pk, "name": "Cheaper", "price": 0.9}
    made = client.post(reverse("api:scenario-list"), body, "application/json")
    assert made.status_code == 201
    answer = client.get(reverse("api:scenario-result", args=[made.json()["id"]]), {"unit": cast.east_one.pk}).json()
    assert [row["period"] for row in answer["periods"]][-1] == "FY"
    assert answer["periods"][-1]["expected"] == pytest.approx(400 + 600 * 0.9)
    assert client.delete(reverse("api:scenario-detail", args=[made.json()["id"]])).status_code == 204
