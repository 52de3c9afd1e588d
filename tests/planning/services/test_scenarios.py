from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.errors import Invalid, NotAllowed, VersionConflict
from core.models import AuditEntry, JobRun
from planning import services
from planning.forecasting import outlook
from planning.models import MONTHS, NodeForecast, Plan, PlanVersion, Scenario, Target
from planning.models.shaping import Override
from planning.queries.forecasts import Node, shown_run
from planning.queries.scenarios import Play, Wish, night_rows, plays
from teams import services as teams
from tests.factories.customers import make_deal
from tests.factories.planning import make_plan, make_target, make_version, settled_targets_change
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
    services.drop_scenario(scenario=kept[1], actor=cast.planner, lock_version=1)
    assert keep(version, cast, "Four").slot == 2


def test_a_scenario_is_changed_by_its_author_from_the_version_that_was_read(version: PlanVersion, cast: Cast) -> None:
    row = services.keep_scenario(version=version, actor=cast.mori, name="Mori's", leads=1.5)
    with pytest.raises(VersionConflict):
        services.change_scenario(scenario=row, actor=cast.mori, lock_version=7, name="x")
    with pytest.raises(NotAllowed):
        services.change_scenario(scenario=row, actor=cast.lin, lock_version=1, name="x")
    for wrong in ({"price": 9.0}, {"hires": 2}):
        with pytest.raises(Invalid):
            services.keep_scenario(version=version, actor=cast.mori, name="x", **wrong)
        with pytest.raises(Invalid):
            services.change_scenario(scenario=row, actor=cast.mori, lock_version=1, **wrong)
    changed = services.change_scenario(scenario=row, actor=cast.mori, lock_version=1, name="Renamed", price=0.9)
    assert (changed.name, changed.price, changed.leads, changed.lock_version) == ("Renamed", 0.9, 1.5, 2)
    told = AuditEntry.objects.get(event="planning.scenario.changed")
    assert (told.facts["was"]["price"], told.facts["levers"]["price"]) == (1.0, 0.9)
    with pytest.raises(VersionConflict):
        services.drop_scenario(scenario=row, actor=cast.mori, lock_version=1)
    assert [*Scenario.objects.visible_to(cast.rao)] == []


def test_with_every_lever_as_it_is_the_night_itself_comes_back(version: PlanVersion, cast: Cast) -> None:
    for plays_of_node in play_of(version, cast, Wish()).by_key.values():
        for period in plays_of_node.values():
            row = period.row
            assert (period.moved.delta, period.moved.chance) == (0.0, row.p_attain)
            assert period.moved.expected == pytest.approx(float(row.expected), abs=0.005)
            assert (period.moved.low, period.moved.high) == (float(row.p10), float(row.p90))


def adopt(version: PlanVersion, cast: Cast, shortfall: str = "drop") -> PlanVersion:
    row = keep(version, cast)
    return services.adopt_scenario(scenario=row, actor=cast.planner, as_of=JUNE, lock_version=1, shortfall=shortfall)


def test_a_draft_has_the_targets_that_the_scenario_supports_to_the_cent(version: PlanVersion, cast: Cast) -> None:
    draft = adopt(version, cast)
    row = Target.objects.get(version=draft, unit=cast.company)
    assert (row.m06, row.m07, row.m12) == (Decimal(100), Decimal(120), Decimal(120))  # × 120 ÷ 100
    assert row.total == Decimal("1320.00")
    assert draft.is_draft
    kept = Scenario.objects.get()
    with pytest.raises(services.DraftExists):
        services.adopt_scenario(scenario=kept, actor=cast.planner, as_of=JUNE, lock_version=1, shortfall="drop")
    with pytest.raises(NotAllowed):
        services.adopt_scenario(scenario=kept, actor=cast.lin, as_of=JUNE, lock_version=1, shortfall="drop")
    with pytest.raises(VersionConflict):
        services.adopt_scenario(scenario=kept, actor=cast.planner, as_of=JUNE, lock_version=9, shortfall="drop")


def test_parts_that_added_up_still_do_though_each_was_scaled_on_its_own(version: PlanVersion, cast: Cast) -> None:
    with settled_targets_change():
        for month in MONTHS:
            Target.objects.filter(unit=cast.east).update(**{month: Decimal("33.34")})
        west = make_target(version, unit=cast.west, month=Decimal("66.66"))
    east_months = NodeForecast.objects.filter(unit=cast.east, period__startswith="M")
    east_months.update(open=Decimal(20), new=Decimal(80))  # more leads help the east more
    draft = adopt(version, cast)
    of = {row.unit_id: row for row in Target.objects.filter(version=draft, person=None)}
    for month in MONTHS:
        parts = getattr(of[cast.east.pk], month) + getattr(of[cast.west.pk], month)
        assert parts == getattr(of[cast.company.pk], month)
    assert of[cast.east.pk].m07 > Decimal("38")  # 120 in all: 33.34 × 1.4 against 66.66 × 1.2
    assert of[cast.east.pk].m06 == Decimal("33.34")
    assert of[cast.west.pk].total > west.total


def test_what_is_locked_stays_and_the_others_share_the_rest(version: PlanVersion, cast: Cast) -> None:
    with settled_targets_change():
        for month in MONTHS:
            Target.objects.filter(unit=cast.east).update(**{month: Decimal("40.00")})
    make_target(version, unit=cast.west, month=Decimal("60.00"))
    with settled_targets_change():
        told = Override("The fair is in August.", cast.planner.pk, timezone.now())
        Target.objects.filter(unit=cast.west).update(overrides={"m08": told.stored})
        Target.objects.filter(unit=cast.east_one).update(kept_reason="As agreed.")
    draft = adopt(version, cast)
    of = {row.unit_id: row for row in Target.objects.filter(version=draft, person=None)}
    west, east = of[cast.west.pk], of[cast.east.pk]
    assert (west.m07, west.m08, west.m09) == (Decimal(72), Decimal(60), Decimal(72))
    assert (east.m07, east.m08, east.m09) == (Decimal(48), Decimal(60), Decimal(48))
    assert of[cast.east_one.pk].total == Decimal(1200)


@pytest.mark.requirement("R0.1")
def test_what_becomes_of_the_shortfall_is_asked_and_done(version: PlanVersion, cast: Cast) -> None:
    with pytest.raises(services.ShortfallIsUndecided):
        adopt(version, cast, shortfall="")
    Scenario.objects.all().delete()
    draft = adopt(version, cast, shortfall="carry")
    row = Target.objects.get(version=draft, unit=cast.company)
    assert draft.shortfall == "carry"
    carried = [Decimal(month) for month in row.carried]
    assert sum(carried) == Decimal(500)  # nothing was won from January to May, a hundred a month was asked for
    assert row.m07 == Decimal(120) + carried[6]  # scaled without what it makes up for
    assert row.own_months[6] == Decimal(120)


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
    loaded = client.get(page, {"kept": row.pk, "win_rate": 90}).content.decode()
    assert "Save the changes" in loaded
    changed = {"name": "Worse", "win_rate": "90", "lock_version": "1"}
    client.post(reverse("planning:scenario-change", args=[row.pk]), changed)
    row.refresh_from_db()
    assert (row.name, row.win_rate, row.leads, row.lock_version) == ("Worse", 0.9, 1.0, 2)
    stale = client.post(reverse("planning:scenario-change", args=[row.pk]), changed, follow=True).content.decode()
    assert "meanwhile" in stale or "since" in stale
    adopting = reverse("planning:scenario-adopt", args=[row.pk])
    shown = client.get(adopting).content.decode()
    assert "In the draft" in shown
    assert (
        client.post(adopting, {"lock_version": "2"}).status_code == 422
    )  # months are over: the shortfall is asked for
    client.post(adopting, {"lock_version": "2", "shortfall": "spread"})
    assert version.plan.versions.drafts().get().shortfall == "spread"
    client.post(reverse("planning:scenario-drop", args=[row.pk]), {"lock_version": "2"})
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
    one = reverse("api:scenario-detail", args=[made.json()["id"]])
    assert client.patch(one, {"name": "Dearer"}, "application/json").status_code == 428
    tag = client.get(one)["ETag"]
    change = {"name": "Dearer", "price": 1.1}
    changed = client.patch(one, change, "application/json", headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["price"], changed.json()["lock_version"]) == (200, 1.1, 2)
    assert client.patch(one, change, "application/json", headers={"If-Match": tag}).status_code == 412
    adopt_url, tag = reverse("api:scenario-adopt", args=[made.json()["id"]]), changed["ETag"]
    assert client.post(adopt_url, {}, "application/json", headers={"If-Match": tag}).status_code == 403
    planner = signed_in(cast.planner)
    refused = planner.post(adopt_url, {}, "application/json", headers={"If-Match": tag})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "shortfall")
    done = planner.post(adopt_url, {"shortfall": "drop"}, "application/json", headers={"If-Match": tag})
    assert (done.status_code, done.json()["status"], done.json()["shortfall"]) == (201, "draft", "drop")
    assert client.delete(one).status_code == 428
    assert client.delete(one, headers={"If-Match": tag}).status_code == 204
