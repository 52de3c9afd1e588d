"""Deriving funnel goals, deciding about them, and what a deal takes in hours."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.errors import NotAllowed, VersionConflict
from core.models import AuditEntry
from planning import services
from planning.models import FunnelGoals, PlanVersion, StageGoal, Target
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.6")]

TODAY = date(2026, 1, 1)
NOW = datetime(2026, 1, 1, 2, tzinfo=UTC)
WON = ("Lead", "Contacted", "Visited", "Quoted", "Won")


def sell(cast: Cast, wins: int = 6, losses: int = 6, amount: Decimal = Decimal("50000.00")) -> None:
    """Rao won some deals and lost as many after the visit, all last year."""
    pipeline = make_pipeline()
    for number in range(wins + losses):
        path = WON if number < wins else ("Lead", "Contacted", "Visited", "Lost")
        created = TODAY - timedelta(days=300 - 10 * number)
        make_deal(owner=cast.rao, pipeline=pipeline, path=path, created=created, days_in_stage=10, amount=amount)


def derived(cast: Cast, *, month: Decimal = Decimal("100000.00"), status: str = PlanVersion.Status.DRAFT) -> Target:
    version = make_version(make_plan(), by=cast.planner, status=status)
    target = make_target(version, person=cast.rao, month=month)
    services.derive_goals(version=version, actor=cast.planner, today=TODAY, now=NOW)
    return target


def goal_of(target: Target, stage: str) -> StageGoal:
    return StageGoal.objects.get(funnel__target=target, stage__name=stage)


def decide(goal: StageGoal, cast: Cast, **wish: object) -> StageGoal:
    blank: dict[str, Any] = {"months": [None] * 12, "rate": None, "days": None, "reason": "The fair brings more"}
    return services.edit_goal(goal=goal, actor=cast.planner, now=NOW, version=goal.version, **{**blank, **wish})


def year(goal: StageGoal) -> float:
    return sum(count or 0.0 for count in goal.count)


def test_goals_go_back_from_the_revenue_to_the_leads(cast: Cast) -> None:
    sell(cast)
    target = derived(cast)

    assert year(goal_of(target, "Won")) == pytest.approx(24)  # 1.2 million at 50,000 each
    assert year(goal_of(target, "Quoted")) == pytest.approx(24)
    assert goal_of(target, "Visited").rate == pytest.approx(0.5)
    assert year(goal_of(target, "Lead")) == pytest.approx(48)
    lead = goal_of(target, "Lead")
    assert (lead.reached_cases, lead.ended_cases, lead.went_cases) == (12, 12, 12)
    assert sum(count or 0 for count in lead.before) > 0
    assert lead.next_stage is not None
    assert lead.next_stage.name == "Contacted"


def test_orders_times_the_mean_amount_are_the_target_to_the_cent(cast: Cast) -> None:
    sell(cast, amount=Decimal("37123.45"))
    target = derived(cast, month=Decimal("99999.99"))
    funnel = FunnelGoals.objects.get(target=target)

    orders = goal_of(target, "Won").count
    months = [round(Decimal(repr(count)) * (funnel.mean_amount or 0), 2) for count in orders]

    assert months == [Decimal("99999.99")] * 12


def test_what_was_never_seen_is_not_measured_instead_of_infinite(cast: Cast) -> None:
    sell(cast, wins=0)
    target = derived(cast)

    assert FunnelGoals.objects.get(target=target).mean_amount is None
    assert goal_of(target, "Won").count == [None] * 12
    visited = goal_of(target, "Visited")
    assert (visited.rate, visited.ended_cases, visited.went_cases) == (None, 6, 0)


def test_a_decided_rate_stays_when_goals_are_derived_again_and_the_stages_before_follow(cast: Cast) -> None:
    sell(cast)
    target = derived(cast)
    decide(goal_of(target, "Visited"), cast, rate=0.8)

    services.derive_goals(version=target.version, actor=cast.planner, today=TODAY + timedelta(days=3), now=NOW)

    again = goal_of(target, "Visited")
    assert (again.typed_rate, again.reason, again.edited_by) == (0.8, "The fair brings more", cast.planner)
    assert again.measured_rate == pytest.approx(0.5)
    assert year(goal_of(target, "Lead")) == pytest.approx(24 / 0.8)
    assert year(goal_of(target, "Won")) == pytest.approx(24)


def test_decided_counts_keep_the_stages_after_and_move_those_before(cast: Cast) -> None:
    sell(cast)
    target = derived(cast)

    decide(goal_of(target, "Visited"), cast, months=[6.0] * 12)

    assert goal_of(target, "Visited").count == [6.0] * 12
    assert year(goal_of(target, "Contacted")) == pytest.approx(72)
    assert year(goal_of(target, "Quoted")) == pytest.approx(24)


def test_a_revised_plan_takes_the_decisions_over(cast: Cast) -> None:
    sell(cast)
    target = derived(cast, status=PlanVersion.Status.ACTIVE)
    decide(goal_of(target, "Visited"), cast, days=20.0)
    draft = services.revise_plan(plan=target.version.plan, actor=cast.planner, as_of=TODAY)

    services.derive_goals(version=draft, actor=cast.planner, today=TODAY, now=NOW)

    copied = StageGoal.objects.get(funnel__target__version=draft, stage__name="Visited")
    assert (copied.typed_days, copied.edited_at) == (20.0, NOW)


def test_decisions_come_with_a_reason_and_within_bounds(cast: Cast) -> None:
    sell(cast)
    goal = goal_of(derived(cast), "Visited")

    for wish, field in (({"rate": 1.2}, "rate"), ({"rate": 0.5, "reason": " "}, "reason"), ({"days": -1.0}, "days")):
        with pytest.raises(services.GoalIsInvalid) as refusal:
            decide(goal, cast, **wish)
        assert [problem.field for problem in refusal.value.problems] == [field]
    with pytest.raises(services.GoalIsInvalid):
        decide(goal_of(goal.funnel.target, "Won"), cast, rate=0.5)


def test_everything_empty_goes_back_to_what_was_derived(cast: Cast) -> None:
    sell(cast)
    target = derived(cast)
    decided = decide(goal_of(target, "Visited"), cast, rate=0.8)

    decide(decided, cast, reason="")

    back = goal_of(target, "Visited")
    assert back.rate == pytest.approx(0.5)
    assert (back.edited_by, back.reason) == (None, "")


def test_two_who_decide_at_once_are_told_apart(cast: Cast) -> None:
    sell(cast)
    goal = goal_of(derived(cast), "Visited")
    decide(goal, cast, rate=0.8)

    with pytest.raises(VersionConflict):
        decide(goal, cast, rate=0.7)


def test_nobody_decides_about_their_own_goals(cast: Cast) -> None:
    sell(cast)
    target = derived(cast, status=PlanVersion.Status.ACTIVE)
    goal = goal_of(target, "Visited")

    with pytest.raises(NotAllowed):
        services.edit_goal(
            goal=goal, actor=cast.rao, now=NOW, version=1, months=[None] * 12, rate=0.9, days=None, reason="Easy"
        )
    with pytest.raises(NotAllowed):
        services.derive_goals(version=target.version, actor=cast.rao, today=TODAY, now=NOW, person=cast.rao)


def test_goals_of_a_version_that_was_replaced_are_history(cast: Cast) -> None:
    sell(cast)
    target = derived(cast, status=PlanVersion.Status.ACTIVE)
    PlanVersion.objects.update(status=PlanVersion.Status.SUPERSEDED)

    with pytest.raises(services.GoalsAreSettled):
        decide(goal_of(target, "Visited"), cast, rate=0.8)


def test_goals_are_seen_with_their_target(cast: Cast) -> None:
    sell(cast)
    draft = goal_of(derived(cast), "Visited")
    version = make_version(
        draft.funnel.target.version.plan, number=2, by=cast.planner, status=PlanVersion.Status.ACTIVE
    )
    published = make_target(version, person=cast.rao)
    services.derive_goals(version=version, actor=cast.planner, today=TODAY, now=NOW)

    seen = StageGoal.objects.visible_to(cast.rao)

    assert set(seen.values_list("funnel__target", flat=True)) == {published.pk}
    assert not StageGoal.objects.visible_to(cast.peer).exists()


def test_every_change_leaves_one_line(cast: Cast) -> None:
    sell(cast)
    decide(goal_of(derived(cast), "Visited"), cast, rate=0.8)
    services.set_effort(
        actor=cast.planner, now=NOW, version=0, day_hours=Decimal(7), selling_share=Decimal("0.4"), stages={}
    )

    for event in ("planning.goals.derived", "planning.goal.edited", "planning.effort.changed"):
        assert AuditEntry.objects.filter(event=event).count() == 1


def test_without_a_target_there_is_nothing_to_derive(cast: Cast) -> None:
    sell(cast)
    version = make_version(make_plan(), by=cast.planner)

    with pytest.raises(services.NothingToDerive):
        services.derive_goals(version=version, actor=cast.planner, today=TODAY, now=NOW)
