"""The page of funnel goals, deciding about a stage, the hours, the download, one's own on My day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from planning import services
from planning.models import EffortSettings, FunnelGoals, PlanVersion, StageEffort, StageGoal
from planning.queries.forecasts import Node
from planning.queries.funnel_goals import GoalSheet, contradictions, goal_sheet
from teams import services as teams
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.6")]

NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
TODAY = date(2026, 7, 1)
WON = ("Lead", "Contacted", "Visited", "Quoted", "Won")


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    """An active version with goals for Rao, the team and the company; two deals a month were won or lost since a year."""
    pipeline = make_pipeline()
    for number in range(24):
        path = WON if number % 2 else ("Lead", "Contacted", "Visited", "Lost")
        created = TODAY - timedelta(days=15 * number + 60)
        make_deal(
            owner=cast.rao, pipeline=pipeline, path=path, created=created, days_in_stage=10, amount=Decimal(50000)
        )
    version = make_version(make_plan(), status=PlanVersion.Status.ACTIVE, by=cast.planner)
    for whose in ({"unit": cast.company}, {"unit": cast.east}, {"unit": cast.east_one}, {"person": cast.rao}):
        make_target(version, month=Decimal(100000), **whose)
    services.derive_goals(version=version, actor=cast.planner, today=TODAY, now=NOW)
    return version


def sheet_of(version: PlanVersion, cast: Cast, node: Node) -> GoalSheet:
    return goal_sheet(version=version, node=node, user=cast.planner, as_of=TODAY)


def goal(version: PlanVersion, cast: Cast, stage: str) -> StageGoal:
    return StageGoal.objects.get(funnel__target__version=version, funnel__target__person=cast.rao, stage__name=stage)


def test_what_was_reached_counts_for_the_person_and_for_every_unit_above(version: PlanVersion, cast: Cast) -> None:
    nodes = (Node(person=cast.rao), Node(unit=cast.east_one), Node(unit=cast.east), Node(unit=cast.company))
    reached = [[line.reached for line in sheet_of(version, cast, node).lines] for node in nodes]

    assert reached[0] == reached[1] == reached[2] == reached[3]
    assert reached[0][0] == 9  # created from the first of January on


def test_the_goal_to_date_counts_the_months_that_are_over_and_a_share_of_the_running_one(
    version: PlanVersion, cast: Cast
) -> None:
    won = sheet_of(version, cast, Node(person=cast.rao)).lines[-1]

    assert won.due == pytest.approx(6 * 2 + 2 / 23, abs=1e-6)  # two orders a month; July has 23 working days
    assert won.due
    assert won.attainment == pytest.approx(won.reached / won.due)


def test_the_months_shown_add_up_to_the_year_shown(version: PlanVersion, cast: Cast) -> None:
    for line in sheet_of(version, cast, Node(unit=cast.company)).lines:
        shown = sum((cell.shown or Decimal(0) for cell in line.cells), Decimal(0))
        assert abs(float(shown) - (line.total or 0)) <= 0.51 if not line.digits else 0.051


def test_those_below_stand_beside_their_goals(version: PlanVersion, cast: Cast) -> None:
    (member,) = sheet_of(version, cast, Node(unit=cast.east_one)).members

    assert member.node.person == cast.rao
    assert member.stages[-1][1] == pytest.approx(6 * 2 + 2 / 23, abs=1e-6)


def test_a_count_that_does_not_reach_the_target_is_told_with_its_repairs(version: PlanVersion, cast: Cast) -> None:
    visited = goal(version, cast, "Visited")
    services.edit_goal(
        goal=visited,
        actor=cast.planner,
        now=NOW,
        version=1,
        months=[2.0] * 12,
        rate=None,
        days=None,
        reason="No room for more",
    )
    rows = list(visited.funnel.stages.select_related("stage", "next_stage"))

    (said,) = contradictions(visited.funnel, rows, "CNY")

    assert "Visited: 24 deals lead to 12 at Quoted, where 24 are needed" in said.replace(".0", "")
    assert "100%" in said.replace(".0%", "%")


def test_a_rate_outside_what_was_measured_is_told(version: PlanVersion, cast: Cast) -> None:
    row = goal(version, cast, "Visited")
    services.edit_goal(
        goal=row, actor=cast.planner, now=NOW, version=1, months=[None] * 12, rate=0.95, days=None, reason="Hope"
    )

    said = sheet_of(version, cast, Node(person=cast.rao)).conflicts

    assert len(said) == 1
    assert "95" in said[0]


def test_a_changed_target_is_told_until_goals_are_derived_again(version: PlanVersion, cast: Cast) -> None:
    draft = make_version(version.plan, number=2, by=cast.planner)
    target = make_target(draft, person=cast.rao, month=Decimal(100000))
    services.derive_goals(version=draft, actor=cast.planner, today=TODAY, now=NOW)
    services.set_target(
        version=draft, person=cast.rao, months=[Decimal(200000)] * 12, actor=cast.planner, lock_version=1
    )
    assert sheet_of(draft, cast, Node(person=cast.rao)).is_stale

    services.derive_goals(version=draft, actor=cast.planner, today=TODAY, now=NOW, person=cast.rao)

    assert not sheet_of(draft, cast, Node(person=cast.rao)).is_stale
    assert FunnelGoals.objects.filter(target=target).count() == 1


def test_hours_are_held_against_working_days_and_people(version: PlanVersion, cast: Cast) -> None:
    load = sheet_of(version, cast, Node(person=cast.rao)).load
    assert load is not None
    assert load.people[6] == 1
    assert load.load.have[6] == pytest.approx(load.days[6] * 8 * 0.5)
    assert not load.repairs

    services.set_effort(
        actor=cast.planner,
        now=NOW,
        version=0,
        day_hours=Decimal(8),
        selling_share=Decimal("0.5"),
        stages={goal(version, cast, "Visited").stage_id: Decimal(40)},
    )

    full = sheet_of(version, cast, Node(person=cast.rao)).load
    assert full is not None
    assert full.fullest is not None
    assert full.fullest[1] > 1
    assert not [said for said in full.repairs if "people" in said]  # one's own hours are not mended by hiring
    team = sheet_of(version, cast, Node(unit=cast.east_one)).load
    assert team is not None
    assert [said for said in team.repairs if "people" in said]
    assert full.fullest[0] >= TODAY  # what is over is not judged any more
    assert full.repairs[0].startswith(("Visited", "Quoted"))


def test_the_hours_of_a_month_follow_part_time_newcomers_hires_and_leavers(version: PlanVersion, cast: Cast) -> None:
    teams.set_capacity_rule(actor=cast.admin, unit=cast.company, version=0, attrition=0.0, survival=1.0)
    before = sheet_of(version, cast, Node(unit=cast.east_one)).load
    teams.set_presence(actor=cast.mori, person=cast.peer, first_month=date(2026, 8, 1), share=0.5)
    make_person(unit=cast.east_one, since=date(2026, 9, 1))
    teams.plan_hires(actor=cast.lin, unit=cast.east_one, start_month=date(2026, 10, 1), count=2)
    after = sheet_of(version, cast, Node(unit=cast.east_one)).load
    assert before is not None
    assert after is not None
    assert list(before.people) == [2.0] * 12
    assert list(after.people[6:10]) == [2.0, 1.5, 1.75, 1.5 + 0.5 + 2 * 0.25]
    assert [line.hires for line in after.lines[8:]] == [0.0, 0.5, 1.0, 1.5]
    each = after.days[9] * float(after.settings.day_hours * after.settings.selling_share)
    assert after.load.have[9] == pytest.approx(2.5 * each)
    page = signed_in(cast.mori).get(reverse("planning:funnel-goals"), {"unit": cast.east_one.pk}).content.decode()
    assert "0.5 to be hired" in page


def test_the_page_shows_goals_and_a_rep_sees_their_own_only(version: PlanVersion, cast: Cast) -> None:
    url = reverse("planning:funnel-goals")

    own = signed_in(cast.rao).get(url)
    assert own.status_code == 200
    assert b"Decide about" not in own.content
    assert signed_in(cast.rao).get(url, {"person": cast.peer.pk}).status_code == 404
    above = signed_in(cast.mori).get(url, {"person": cast.rao.pk})
    assert b"Decide about" in above.content


def test_deciding_on_the_page_moves_the_goals(version: PlanVersion, cast: Cast) -> None:
    row = goal(version, cast, "Visited")
    client = signed_in(cast.mori)
    url = reverse("planning:stage-goal-edit", args=[row.pk])

    refused = client.post(url, {"rate": "60", "reason": "", "version": 1})
    assert refused.status_code == 422
    done = client.post(url, {"rate": "60", "reason": "Better visits", "version": 1})

    assert done.status_code == 302
    row.refresh_from_db()
    assert (row.rate, row.edited_by) == (0.6, cast.mori)


def test_the_hours_are_set_on_their_page(version: PlanVersion, cast: Cast) -> None:
    stage = goal(version, cast, "Visited").stage_id
    fields = {f"stage-{key}": "" for key in StageGoal.objects.values_list("stage", flat=True)}
    wish = {**fields, f"stage-{stage}": "5.5", "day_hours": "7.5", "selling_share": "45", "version": 0}

    done = signed_in(cast.planner).post(reverse("planning:funnel-effort"), wish)

    assert done.status_code == 302
    assert StageEffort.objects.get().hours == Decimal("5.50")
    assert EffortSettings.objects.the_one().selling_share == Decimal("0.450")


def test_the_download_says_what_is_counted(version: PlanVersion, cast: Cast) -> None:
    url = reverse("planning:funnel-goals-export", args=["csv"])

    answer = signed_in(cast.planner).get(url, {"version": version.pk, "person": cast.rao.pk})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]  # streamed

    assert len(lines) == 1 + 5 * 13
    assert "Reached the next stage" in lines[0]


def test_my_day_shows_ones_own_month_and_nothing_without_goals(version: PlanVersion, cast: Cast) -> None:
    url = reverse("planning:my-goals")
    year = version.plan.fiscal_year
    if not year.first_date <= timezone.localdate() < year.after_date:  # the fragment reads the clock
        pytest.skip("the plan of the test is not of this year")

    assert b"My funnel this month" in signed_in(cast.rao).get(url).content
    assert signed_in(cast.peer).get(url, headers={"HX-Request": "true"}).status_code == 204


def test_the_api_lists_decides_and_derives(version: PlanVersion, cast: Cast) -> None:
    client: Client = signed_in(cast.mori)
    row = goal(version, cast, "Visited")
    url = reverse("api:stage-goal-detail", args=[row.pk])

    listed = client.get(reverse("api:stage-goal-list"), {"person": cast.rao.pk}).json()
    assert [found["position"] for found in listed["results"]] == [0, 1, 2, 3, 4]
    etag = client.get(url).headers["ETag"]
    done = client.patch(
        url, {"rate": 0.6, "reason": "Better visits"}, content_type="application/json", headers={"If-Match": etag}
    )
    assert (done.status_code, done.json()["rate"]) == (200, 0.6)
    stale = client.patch(url, {"reason": ""}, content_type="application/json", headers={"If-Match": etag})
    assert stale.status_code == 412
    again = client.post(
        reverse("api:stage-goal-derive"),
        {"version": version.pk, "person": cast.rao.pk},
        content_type="application/json",
    )
    assert again.json() == {"targets": 1, "unmeasured": 0}
