from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from threading import Event, Thread
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from core.errors import NotAllowed, VersionConflict
from core.models import AuditEntry
from planning import services
from planning.models import MONTHS, Plan, PlanVersion, Target
from planning.services import targets as target_services
from tests.factories.planning import activate, make_plan, make_target, make_version, settled_targets_change
from tests.factories.teams import Cast, make_cast

pytestmark = pytest.mark.requirement("R0.1")
Status = PlanVersion.Status
ONES = (Decimal(1),) * 12
NEW_YEAR = date(2026, 1, 1)


def approved(cast: Cast, plan: Plan | None = None, **fields: Any) -> PlanVersion:
    version = make_version(plan, status=Status.APPROVED, by=cast.planner, **fields)
    make_target(version, unit=cast.company)
    return version


@pytest.mark.django_db
def test_activation_makes_the_approved_version_count_and_writes_one_line(cast: Cast) -> None:
    version = approved(cast)
    active = services.activate_version(version=version, actor=cast.planner, lock_version=1)
    assert (active.status, active.activated_by) == (Status.ACTIVE, cast.planner)
    assert AuditEntry.objects.get().event == "planning.version.activated"


@pytest.mark.django_db
def test_targets_below_need_not_add_up_to_take_effect(cast: Cast) -> None:
    version = approved(cast)
    make_target(version, unit=cast.east, month=Decimal(500))
    assert services.activate_version(version=version, actor=cast.planner, lock_version=1).status == Status.ACTIVE


@pytest.mark.django_db
def test_activation_supersedes_the_version_that_counted_and_keeps_its_targets(cast: Cast) -> None:
    plan = make_plan()
    first = make_version(plan, status=Status.ACTIVE)
    kept = make_target(first, unit=cast.company, month=Decimal(7))
    draft = services.revise_plan(plan=plan, actor=cast.planner, as_of=NEW_YEAR)
    services.set_target(version=draft, unit=cast.company, months=ONES, actor=cast.planner, lock_version=1)
    activate(draft, by=cast.planner, approver=cast.admin)
    assert dict(plan.versions.values_list("number", "status")) == {1: Status.SUPERSEDED, 2: Status.ACTIVE}
    kept.refresh_from_db()
    assert kept.total == Decimal(84)
    assert AuditEntry.objects.filter(event="planning.version.activated").count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Status.DRAFT, Status.SUBMITTED])
def test_what_nobody_approved_does_not_take_effect(cast: Cast, status: str) -> None:
    version = make_version(status=status)
    make_target(version, unit=cast.company)
    with pytest.raises(services.PlanIsNotApproved):
        services.activate_version(version=version, actor=cast.planner, lock_version=1)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Status.ACTIVE, Status.CLOSED, Status.SUPERSEDED])
def test_what_counts_or_did_is_not_activated_again(cast: Cast, status: str) -> None:
    with pytest.raises(services.PlanIsActive):
        services.activate_version(version=make_version(status=status), actor=cast.planner, lock_version=1)


@pytest.mark.django_db
def test_an_activation_of_what_has_moved_on_is_refused(cast: Cast) -> None:
    with pytest.raises(VersionConflict):
        services.activate_version(version=approved(cast), actor=cast.planner, lock_version=7)


@pytest.mark.django_db
def test_a_plan_is_closed_once_its_year_is_over_and_revised_no_more(cast: Cast) -> None:
    version = make_version(status=Status.ACTIVE)
    with pytest.raises(services.YearIsRunning, match="31"):
        services.close_version(version=version, actor=cast.planner, as_of=date(2026, 12, 31), lock_version=1)
    closed = services.close_version(version=version, actor=cast.planner, as_of=date(2027, 1, 1), lock_version=1)
    assert (closed.status, closed.closed_by) == (Status.CLOSED, cast.planner)
    assert closed.activated_at == version.activated_at
    assert AuditEntry.objects.get().event == "planning.version.closed"
    with pytest.raises(services.PlanIsClosed):
        services.revise_plan(plan=version.plan, actor=cast.planner, as_of=NEW_YEAR)
    with pytest.raises(services.NotInForce):
        services.close_version(version=version, actor=cast.planner, as_of=date(2027, 1, 1), lock_version=2)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Status.APPROVED, Status.ACTIVE, Status.CLOSED, Status.SUPERSEDED])
def test_the_database_itself_never_opens_again_what_was_approved(cast: Cast, status: str) -> None:
    version = make_version(status=status)
    with pytest.raises(IntegrityError, match="does not go from"):
        PlanVersion.objects.filter(pk=version.pk).update(status=Status.DRAFT, activated_at=None, closed_at=None)


@pytest.mark.django_db
def test_an_approved_version_is_revised_before_it_takes_effect(cast: Cast) -> None:
    version = approved(cast)
    draft = services.revise_plan(plan=version.plan, actor=cast.planner, as_of=NEW_YEAR)
    assert draft.based_on == version
    activate(draft, by=cast.planner, approver=cast.admin)
    version.refresh_from_db()
    assert (version.status, version.activated_at) == (Status.SUPERSEDED, None)


@pytest.mark.django_db
def test_a_revision_copies_every_target_into_a_new_draft(cast: Cast) -> None:
    plan = make_plan()
    active = make_version(plan, status=Status.ACTIVE)
    make_target(active, unit=cast.company, month=Decimal(10), m12=Decimal("0.01"))
    make_target(active, person=cast.rao, month=Decimal(3))
    draft = services.revise_plan(plan=plan, actor=cast.planner, as_of=NEW_YEAR, note="After the first half")
    assert (draft.number, draft.status, draft.based_on, draft.note) == (
        2,
        Status.DRAFT,
        active,
        "After the first half",
    )
    columns = ("unit", "person", "split", *MONTHS, "total")
    assert list(draft.targets.order_by("pk").values_list(*columns)) == list(
        active.targets.order_by("pk").values_list(*columns)
    )


@pytest.mark.django_db
def test_a_plan_has_one_draft_at_a_time(cast: Cast) -> None:
    plan = make_plan()
    make_version(plan, status=Status.ACTIVE)
    make_version(plan, number=2)
    with pytest.raises(services.DraftExists):
        services.revise_plan(plan=plan, actor=cast.planner, as_of=NEW_YEAR)


@pytest.mark.django_db
def test_there_is_nothing_to_revise_before_a_version_counts(cast: Cast) -> None:
    plan = make_plan()
    make_version(plan)
    with pytest.raises(services.NoActiveVersion):
        services.revise_plan(plan=plan, actor=cast.planner, as_of=NEW_YEAR)


@pytest.mark.django_db
def test_managers_neither_activate_nor_revise(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company)
    with pytest.raises(NotAllowed):
        services.activate_version(version=version, actor=cast.lin, lock_version=1)
    with pytest.raises(NotAllowed):
        services.close_version(version=version, actor=cast.lin, as_of=date(2027, 1, 1), lock_version=1)
    with pytest.raises(NotAllowed):
        services.revise_plan(plan=version.plan, actor=cast.lin, as_of=NEW_YEAR)


@contextmanager
def in_another_connection(work: Callable[[], object]) -> Iterator[list[Exception]]:
    """Run work in a thread with its own connection; afterwards the list holds what it raised."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001  # handed to the test
            raised.append(error)
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        thread.join(timeout=30)
        assert not thread.is_alive()


def edit_while_it_is_handed_up() -> tuple[list[Exception], list[Exception]]:
    """Let an edit arrive while a submission has taken the targets but not committed. Return what either raised."""
    cast = make_cast()
    version = make_version()
    make_target(version, unit=cast.company)
    may_commit, settled = Event(), Event()

    def submit() -> None:
        with transaction.atomic():
            locked = PlanVersion.objects.select_for_update().get(pk=version.pk)
            locked.status = Status.SUBMITTED
            locked.save()
            settled.set()
            may_commit.wait(20)

    def edit() -> None:
        settled.wait(20)
        services.set_target(version=version, unit=cast.company, months=ONES, actor=cast.planner, lock_version=1)

    with in_another_connection(submit) as by_submission, in_another_connection(edit) as by_edit:
        settled.wait(20)
        wait_until_blocked_or_done(by_edit)
        may_commit.set()
    return by_submission, by_edit


def wait_until_blocked_or_done(by_edit: list[Exception]) -> None:
    """Wait until the edit waits for a lock, or has got through."""
    for _ in range(2000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            blocked = cursor.fetchone()[0]
        if blocked or by_edit or Target.objects.filter(lock_version=2).exists():
            return
    raise AssertionError("The edit neither waited nor ended.")


@pytest.mark.django_db(transaction=True)
def test_an_edit_while_the_plan_is_handed_up_waits_and_is_refused() -> None:
    by_submission, by_edit = edit_while_it_is_handed_up()
    assert by_submission == []
    assert [type(error) for error in by_edit] == [services.PlanIsSubmitted]
    assert Target.objects.get().total == Decimal(1200)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_edit_would_change_what_was_handed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the race is real, and the lock is what stops it."""

    def hold_nothing(version: PlanVersion) -> None:
        assert PlanVersion.objects.get(pk=version.pk).is_draft

    monkeypatch.setattr(target_services, "_hold_draft", hold_nothing)
    with settled_targets_change():
        by_submission, by_edit = edit_while_it_is_handed_up()
    assert (by_submission, by_edit) == ([], [])
    assert PlanVersion.objects.get().status == Status.SUBMITTED
    assert Target.objects.get().total == Decimal(12)


@pytest.mark.django_db(transaction=True)
def test_two_activations_at_once_are_one() -> None:
    cast = make_cast()
    version = approved(cast)

    def activation() -> None:
        services.activate_version(version=version, actor=cast.planner, lock_version=1)

    with in_another_connection(activation) as first, in_another_connection(activation) as second:
        pass
    assert sorted(type(error).__name__ for error in (*first, *second)) == ["PlanIsActive"]
    assert AuditEntry.objects.filter(event="planning.version.activated").count() == 1
