import re
from datetime import date
from decimal import Decimal

import pytest
from django.utils import translation

from core.errors import NotAllowed, VersionConflict
from core.models import AuditEntry
from planning import queries, services
from planning.models import PlanVersion, Submission, SubmittedTarget
from teams.models import Management
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import LONG_AGO, Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R0.1")]
DAY = date(2026, 3, 2)
WHY = "New in this year"
ONES = (Decimal(1),) * 12
Status = PlanVersion.Status


@pytest.fixture
def draft(cast: Cast) -> PlanVersion:
    version = make_version(by=cast.planner)
    for unit in (cast.company, cast.east, cast.east_one, cast.east_two, cast.west):
        make_target(version, unit=unit)
    make_target(version, person=cast.rao)
    # An empty quarter is not time-bound.
    make_target(version, person=cast.peer, m01=Decimal(0), m02=Decimal(0), m03=Decimal(0))
    return version


def hand_up(draft: PlanVersion, unit: object, by: object) -> Submission:
    return services.submit_part(version=draft, unit=unit, actor=by, as_of=DAY, reason=WHY)  # type: ignore[arg-type]


def hand_up_all(draft: PlanVersion, by: object) -> Submission:
    draft.refresh_from_db()
    return services.submit_version(
        version=draft,
        actor=by,  # type: ignore[arg-type]
        as_of=DAY,
        lock_version=draft.lock_version,
        reason=WHY,
    )


def test_a_manager_hands_up_what_stands_below_the_unit_and_keeps_what_it_asked_for(
    cast: Cast, draft: PlanVersion
) -> None:
    made = hand_up(draft, cast.east_one, cast.mori)
    assert (made.round, made.status, made.submitted_by) == (1, Submission.Status.SUBMITTED, cast.mori)
    kept = SubmittedTarget.objects.filter(submission=made)
    assert {(row.target.person, tuple(row.months)) for row in kept} == {
        (cast.rao, (Decimal(100),) * 12),
        (cast.peer, (Decimal(0),) * 3 + (Decimal(100),) * 9),
    }
    assert AuditEntry.objects.get().event == "planning.part.submitted"
    draft.refresh_from_db()
    assert draft.is_draft


def test_a_part_handed_up_is_locked_for_who_handed_it_up_and_not_for_who_decides(
    cast: Cast, draft: PlanVersion
) -> None:
    hand_up(draft, cast.east_one, cast.mori)
    with pytest.raises(services.PartIsHeld, match="East one is handed up"):
        services.set_target(version=draft, person=cast.rao, months=ONES, actor=cast.mori, lock_version=1)
    services.set_target(version=draft, person=cast.rao, months=ONES, actor=cast.lin, lock_version=1)
    services.set_target(version=draft, unit=cast.east_two, months=ONES, actor=cast.lin, lock_version=1)
    grid = queries.target_grid(version=draft, user=cast.mori, as_of=DAY)
    assert [row.name for row in grid.rows if row.may_set] == []


def test_an_approved_part_is_locked_for_everybody_until_it_is_sent_back(cast: Cast, draft: PlanVersion) -> None:
    made = hand_up(draft, cast.east_one, cast.mori)
    services.approve_submission(submission=made, version=1, actor=cast.lin)
    for actor in (cast.mori, cast.lin, cast.planner):
        with pytest.raises(services.PartIsHeld, match="Send it back"):
            services.set_target(version=draft, person=cast.rao, months=ONES, actor=actor, lock_version=1)
    services.send_back(submission=made, version=2, actor=cast.planner, comment="Rao carries too little")
    services.set_target(version=draft, person=cast.rao, months=ONES, actor=cast.mori, lock_version=1)
    again = hand_up(draft, cast.east_one, cast.mori)
    assert again.round == 2
    assert list(AuditEntry.objects.order_by("pk").values_list("event", flat=True)) == [
        "planning.part.submitted",
        "planning.part.approved",
        "planning.part.sent_back",
        "planning.target.set",
        "planning.part.submitted",
    ]


def test_whoever_decides_sees_each_target_as_it_was_and_as_it_is(cast: Cast, draft: PlanVersion) -> None:
    first = hand_up(draft, cast.east_one, cast.mori)
    services.send_back(submission=first, version=1, actor=cast.lin, comment="More for Rao")
    services.set_target(version=draft, person=cast.rao, months=(Decimal(150),) * 12, actor=cast.mori, lock_version=1)
    second = hand_up(draft, cast.east_one, cast.mori)
    found = queries.review(version=draft, unit=cast.east_one, user=cast.lin, as_of=DAY, submission=second)
    (changed,) = found.changed
    assert found.since == first
    assert (changed.name, changed.total_before, changed.total_after) == ("Rao", Decimal(1200), Decimal(1800))
    assert [(failure.name, failure.check) for failure in found.failures] == [
        (cast.peer.name, "time_bound"),
        ("East one", "assignment"),
    ]
    assert [row.gap for row in found.gaps] == [Decimal(1500)]


def test_the_first_handing_up_is_held_against_the_version_it_was_made_from(cast: Cast) -> None:
    plan = make_plan()
    active = make_version(plan, status=Status.ACTIVE)
    make_target(active, person=cast.rao, month=Decimal(80))
    draft = make_version(plan, number=2, based_on=active)
    make_target(draft, person=cast.rao, month=Decimal(90))
    found = queries.review(version=draft, unit=cast.east_one, user=cast.mori, as_of=DAY)
    assert [(row.name, row.change) for row in found.changed] == [("Rao", Decimal(120))]


@pytest.mark.parametrize("who", ["mori", "diaz", "sato", "rao"])
def test_only_somebody_above_decides(cast: Cast, draft: PlanVersion, who: str) -> None:
    made = hand_up(draft, cast.east_one, cast.mori)
    actor = getattr(cast, who)
    with pytest.raises(NotAllowed):
        services.approve_submission(submission=made, version=1, actor=actor)
    with pytest.raises(NotAllowed):
        services.send_back(submission=made, version=1, actor=actor, comment="No")


def test_nobody_approves_their_own_not_even_a_plan_owner(cast: Cast, draft: PlanVersion) -> None:
    part = hand_up(draft, cast.east_one, cast.planner)
    with pytest.raises(services.OwnSubmission):
        services.approve_submission(submission=part, version=1, actor=cast.planner)
    services.approve_submission(submission=part, version=1, actor=cast.admin)
    whole = hand_up_all(draft, cast.planner)
    with pytest.raises(services.OwnSubmission):
        services.approve_submission(submission=whole, version=1, actor=cast.planner)
    assert [person.name for person in queries.approvers(None, submitter=cast.planner)] == ["Administrator"]


def test_a_manager_who_is_appointed_above_still_does_not_approve_their_own(cast: Cast, draft: PlanVersion) -> None:
    made = hand_up(draft, cast.east_one, cast.mori)
    Management.objects.create(unit=cast.company, user=cast.mori, valid_from=LONG_AGO)
    with pytest.raises(services.OwnSubmission):
        services.approve_submission(submission=made, version=1, actor=cast.mori)


def test_the_whole_goes_up_is_sent_back_and_is_approved(cast: Cast, draft: PlanVersion) -> None:
    whole = hand_up_all(draft, cast.planner)
    draft.refresh_from_db()
    assert draft.status == Status.SUBMITTED
    with pytest.raises(services.PlanIsSubmitted):
        services.set_target(version=draft, unit=cast.east, months=ONES, actor=cast.admin, lock_version=1)
    services.send_back(submission=whole, version=1, actor=cast.admin, comment="West is missing")
    draft.refresh_from_db()
    assert draft.is_draft
    services.set_target(version=draft, unit=cast.west_one, months=ONES, actor=cast.planner, lock_version=0)
    again = hand_up_all(draft, cast.planner)
    services.approve_submission(submission=again, version=1, actor=cast.admin)
    draft.refresh_from_db()
    assert draft.status == Status.APPROVED
    with pytest.raises(services.PlanIsApproved):
        services.set_target(version=draft, unit=cast.east, months=ONES, actor=cast.planner, lock_version=1)
    events = list(AuditEntry.objects.order_by("pk").values_list("event", flat=True))
    assert events == [
        "planning.version.submitted",
        "planning.version.sent_back",
        "planning.target.set",
        "planning.version.submitted",
        "planning.version.approved",
    ]


def test_sending_back_needs_a_comment(cast: Cast, draft: PlanVersion) -> None:
    made = hand_up(draft, cast.east_one, cast.mori)
    with pytest.raises(services.CommentIsMissing):
        services.send_back(submission=made, version=1, actor=cast.lin, comment="  ")


def test_a_failed_check_needs_a_reason_and_the_reason_stays(cast: Cast, draft: PlanVersion) -> None:
    with pytest.raises(services.ChecksFailed, match="checks fail"):
        services.submit_version(version=draft, actor=cast.planner, as_of=DAY, lock_version=1)
    made = hand_up_all(draft, cast.planner)
    assert made.reason == WHY
    assert {failure["check"] for failure in made.failed} == {"specific", "time_bound", "assignment"}
    with translation.override("zh-hans"):  # whoever decides reads it in their own language
        said = [queries.Failure(**failure).evidence for failure in made.failed]
    assert all(re.search("[\u4e00-\u9fff]", sentence) for sentence in said)


def test_what_changed_since_the_look_is_not_handed_up_unseen(cast: Cast, draft: PlanVersion) -> None:
    seen = services.targets_state(draft)
    services.set_target(version=draft, unit=cast.east, months=ONES, actor=cast.admin, lock_version=1)
    with pytest.raises(services.PlanHasChanged):
        services.submit_version(version=draft, actor=cast.planner, as_of=DAY, lock_version=1, reason=WHY, seen=seen)
    with pytest.raises(VersionConflict):
        services.submit_version(version=draft, actor=cast.planner, as_of=DAY, lock_version=9, reason=WHY)


def test_a_decision_on_what_has_changed_since_is_refused(cast: Cast, draft: PlanVersion) -> None:
    made = hand_up(draft, cast.east_one, cast.mori)
    seen = services.targets_state(draft)
    services.set_target(version=draft, person=cast.rao, months=ONES, actor=cast.lin, lock_version=1)
    with pytest.raises(services.PlanHasChanged):
        services.approve_submission(submission=made, version=1, actor=cast.lin, seen=seen)
    with pytest.raises(VersionConflict):
        services.approve_submission(submission=made, version=3, actor=cast.lin)


def test_parts_go_up_in_order(cast: Cast, draft: PlanVersion) -> None:
    part = hand_up(draft, cast.east_one, cast.mori)
    with pytest.raises(services.AlreadySubmitted):
        hand_up(draft, cast.east_one, cast.mori)
    with pytest.raises(services.PartsAreOpen, match="East one"):
        hand_up(draft, cast.east, cast.lin)
    with pytest.raises(services.PartsAreOpen, match="East one"):
        hand_up_all(draft, cast.planner)
    services.approve_submission(submission=part, version=1, actor=cast.lin)
    region = hand_up(draft, cast.east, cast.lin)
    with pytest.raises(services.PartIsHeld, match="East is handed up"):
        services.send_back(submission=part, version=2, actor=cast.lin, comment="Again")
    services.approve_submission(submission=region, version=1, actor=cast.planner)
    hand_up_all(draft, cast.planner)
    with pytest.raises(services.NotDecidable):
        services.send_back(submission=region, version=2, actor=cast.admin, comment="Again")


def test_an_empty_part_is_not_handed_up(cast: Cast, draft: PlanVersion) -> None:
    with pytest.raises(services.PlanHasNoTargets):
        hand_up(draft, cast.east_two, cast.diaz)
    with pytest.raises(NotAllowed):
        hand_up(draft, cast.east_one, cast.diaz)


def test_only_a_draft_is_handed_up(cast: Cast) -> None:
    version = make_version(status=Status.ACTIVE)
    with pytest.raises(services.PlanIsActive):
        hand_up(version, cast.east_one, cast.mori)
    with pytest.raises(services.PlanIsActive):
        hand_up_all(version, cast.planner)


def test_managers_see_the_parts_in_reach_and_reps_none(cast: Cast, draft: PlanVersion) -> None:
    made = hand_up(draft, cast.east_one, cast.mori)
    seen = {
        name: set(Submission.objects.visible_to(getattr(cast, name)))
        for name in ("rao", "mori", "diaz", "lin", "sato", "planner")
    }
    assert seen == {
        "rao": set(),
        "mori": {made},
        "diaz": set(),
        "lin": {made},
        "sato": set(),
        "planner": {made},
    }
    standing = {part.unit: part for part in queries.parts(draft, cast.lin)}
    assert standing[cast.east_one].may_decide
    assert standing[cast.east].may_submit
    assert not standing[cast.east_one].may_submit
