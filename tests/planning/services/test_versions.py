from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from threading import Event, Thread

import pytest
from django.db import connection, transaction

from core.errors import NotAllowed
from core.models import AuditEntry
from planning import services
from planning.models import MONTHS, PlanVersion, Target
from planning.services import targets as target_services
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, make_cast

pytestmark = pytest.mark.requirement("R0.1")
Status = PlanVersion.Status
ONES = (Decimal(1),) * 12


@pytest.mark.django_db
def test_activation_makes_the_draft_count_and_writes_one_line(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company)
    active = services.activate_version(version=version, actor=cast.planner)
    assert (active.status, active.activated_by) == (Status.ACTIVE, cast.planner)
    assert AuditEntry.objects.get().event == "planning.version.activated"


@pytest.mark.django_db
def test_targets_below_need_not_add_up_to_take_effect(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal(100))
    make_target(version, unit=cast.east, month=Decimal(500))
    assert services.activate_version(version=version, actor=cast.planner).status == Status.ACTIVE


@pytest.mark.django_db
def test_activation_supersedes_the_version_that_counted_and_keeps_its_targets(cast: Cast) -> None:
    plan = make_plan()
    first = make_version(plan, status=Status.ACTIVE)
    kept = make_target(first, unit=cast.company, month=Decimal(7))
    draft = services.revise_plan(plan=plan, actor=cast.planner)
    services.set_target(version=draft, unit=cast.company, months=ONES, actor=cast.planner, lock_version=1)
    services.activate_version(version=draft, actor=cast.planner)
    assert dict(plan.versions.values_list("number", "status")) == {1: Status.SUPERSEDED, 2: Status.ACTIVE}
    kept.refresh_from_db()
    assert kept.total == Decimal(84)
    assert AuditEntry.objects.filter(event="planning.version.activated").count() == 1


@pytest.mark.django_db
def test_only_a_draft_can_be_activated(cast: Cast) -> None:
    version = make_version(status=Status.ACTIVE)
    with pytest.raises(services.PlanIsActive):
        services.activate_version(version=version, actor=cast.planner)


@pytest.mark.django_db
def test_a_plan_without_targets_does_not_count(cast: Cast) -> None:
    with pytest.raises(services.PlanHasNoTargets):
        services.activate_version(version=make_version(), actor=cast.planner)


@pytest.mark.django_db
def test_what_changed_since_the_look_at_the_gaps_is_not_activated_unseen(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company)
    seen = services.targets_state(version)
    services.set_target(version=version, unit=cast.company, months=ONES, actor=cast.admin, lock_version=1)
    with pytest.raises(services.PlanHasChanged):
        services.activate_version(version=version, actor=cast.planner, seen=seen)
    now = services.targets_state(version)
    assert services.activate_version(version=version, actor=cast.planner, seen=now).status == Status.ACTIVE


@pytest.mark.django_db
def test_a_revision_copies_every_target_into_a_new_draft(cast: Cast) -> None:
    plan = make_plan()
    active = make_version(plan, status=Status.ACTIVE)
    make_target(active, unit=cast.company, month=Decimal(10), m12=Decimal("0.01"))
    make_target(active, person=cast.rao, month=Decimal(3))
    draft = services.revise_plan(plan=plan, actor=cast.planner, note="After the first half")
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
        services.revise_plan(plan=plan, actor=cast.planner)


@pytest.mark.django_db
def test_there_is_nothing_to_revise_before_a_version_counts(cast: Cast) -> None:
    plan = make_plan()
    make_version(plan)
    with pytest.raises(services.NoActiveVersion):
        services.revise_plan(plan=plan, actor=cast.planner)


@pytest.mark.django_db
def test_managers_neither_activate_nor_revise(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company)
    with pytest.raises(NotAllowed):
        services.activate_version(version=version, actor=cast.lin)
    with pytest.raises(NotAllowed):
        services.revise_plan(plan=version.plan, actor=cast.lin)


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


def edit_during_activation() -> tuple[list[Exception], list[Exception]]:
    """Let an edit arrive while an activation has settled the version but not committed. Return what either raised."""
    cast = make_cast()
    version = make_version()
    make_target(version, unit=cast.company)
    may_commit, settled = Event(), Event()

    def activate() -> None:
        with transaction.atomic():
            locked = PlanVersion.objects.select_for_update().get(pk=version.pk)
            locked.status, locked.activated_by, locked.activated_at = Status.ACTIVE, cast.planner, locked.created_at
            locked.save()
            settled.set()
            may_commit.wait(20)

    def edit() -> None:
        settled.wait(20)
        services.set_target(version=version, unit=cast.company, months=ONES, actor=cast.planner, lock_version=1)

    with in_another_connection(activate) as by_activation, in_another_connection(edit) as by_edit:
        settled.wait(20)
        wait_until_blocked_or_done(by_edit)
        may_commit.set()
    return by_activation, by_edit


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
def test_an_edit_during_an_activation_waits_and_is_refused() -> None:
    by_activation, by_edit = edit_during_activation()
    assert by_activation == []
    assert [type(error) for error in by_edit] == [services.PlanIsActive]
    assert Target.objects.get().total == Decimal(1200)


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_edit_would_change_an_active_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the race is real, and the lock is what stops it."""

    def hold_nothing(version: PlanVersion) -> None:
        assert PlanVersion.objects.get(pk=version.pk).is_draft

    monkeypatch.setattr(target_services, "_hold_draft", hold_nothing)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE planning_target DISABLE TRIGGER target_only_in_a_draft")
    try:
        by_activation, by_edit = edit_during_activation()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE planning_target ENABLE TRIGGER target_only_in_a_draft")
    assert (by_activation, by_edit) == ([], [])
    assert PlanVersion.objects.get().status == Status.ACTIVE
    assert Target.objects.get().total == Decimal(12)


@pytest.mark.django_db(transaction=True)
def test_two_activations_at_once_are_one() -> None:
    cast = make_cast()
    version = make_version()
    make_target(version, unit=cast.company)

    def activate() -> None:
        services.activate_version(version=version, actor=cast.planner)

    with in_another_connection(activate) as first, in_another_connection(activate) as second:
        pass
    assert sorted(type(error).__name__ for error in (*first, *second)) == ["PlanIsActive"]
    assert AuditEntry.objects.filter(event="planning.version.activated").count() == 1
