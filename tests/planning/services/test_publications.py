from collections.abc import Callable
from decimal import Decimal
from threading import Event

import pytest
from django.db import IntegrityError, connection

from core import audit
from planning import services
from planning.models import MONTHS, PlanVersion, Publication, PublishedBalance, Scope, Target
from planning.services import targets as target_services
from tests.factories.customers import make_pipeline, stage_of
from tests.factories.planning import activate, make_metric, make_target, make_version, settled_targets_change
from tests.factories.teams import Cast, make_cast
from tests.planning.services.test_versions import in_another_connection

pytestmark = pytest.mark.requirement("R0.1")
Status = PlanVersion.Status
ONES = (Decimal(1),) * 12


@pytest.mark.django_db
def test_a_publication_keeps_the_balance_of_every_unit_in_every_month(cast: Cast) -> None:
    version = make_version(by=cast.planner)
    make_target(version, unit=cast.company, month=Decimal(1000))
    make_target(version, unit=cast.east, month=Decimal(600), m03=Decimal(700))
    make_target(version, unit=cast.west, month=Decimal(350))
    make_target(version, unit=cast.east_one, month=Decimal(650))
    make_target(version, person=cast.lin, month=Decimal(10))  # belongs to the region itself
    active = activate(version, by=cast.planner, approver=cast.admin)
    kept = Publication.objects.get(version=active)
    assert (kept.rows, kept.published_by) == (5, cast.planner)
    assert kept.total == sum(row.total for row in active.targets.all())
    balances = {row.unit: row for row in kept.balances.select_related("unit")}
    assert set(balances) == {cast.company, cast.east}
    company, east = balances[cast.company], balances[cast.east]
    assert (company.below, company.unallocated[0], company.unallocated[2]) == (2, Decimal(50), Decimal(-50))
    assert (east.below, east.unallocated[0], east.unallocated[2]) == (2, Decimal(-60), Decimal(40))
    assert (
        kept.outside == 2
    )  # part of the company's target has no owner, and the east asks for more than its policy allows


@pytest.mark.django_db
def test_a_metric_is_balanced_by_itself_and_a_rate_not_at_all(cast: Cast) -> None:
    version = make_version(status=Status.APPROVED, by=cast.planner)
    pipeline = make_pipeline()
    rate = make_metric("rate", stage=stage_of(pipeline, "Won"), from_stage=stage_of(pipeline, "Quoted"))
    for scope in (Scope(metric=make_metric("wins")), Scope(metric=rate)):
        make_target(version, unit=cast.east, scope=scope, month=Decimal(10))
        make_target(version, unit=cast.east_one, scope=scope, month=Decimal(4))
    make_target(version, unit=cast.east_one)
    active = services.activate_version(version=version, actor=cast.planner, lock_version=1)
    found = PublishedBalance.objects.filter(publication__version=active)
    assert {(row.metric_id, row.unit, row.unallocated[0]) for row in found} == {("wins", cast.east, Decimal(6))}


@pytest.mark.django_db
def test_what_is_not_as_it_was_approved_does_not_take_effect(cast: Cast) -> None:
    version = make_version(by=cast.planner)
    target = make_target(version, unit=cast.company)
    handed = services.submit_version(
        version=version, actor=cast.planner, as_of=version.created_at.date(), lock_version=1, reason="First year"
    )
    services.approve_submission(submission=handed, version=1, actor=cast.admin)
    with settled_targets_change():
        Target.objects.filter(pk=target.pk).update(m07=Decimal(1))
    with pytest.raises(services.NotAsApproved, match="1 target"):
        services.activate_version(version=version, actor=cast.planner, lock_version=3)
    assert not Publication.objects.exists()


@pytest.mark.django_db
def test_the_database_itself_demands_that_a_balance_adds_up(cast: Cast) -> None:
    version = make_version(status=Status.APPROVED, by=cast.planner)
    make_target(version, unit=cast.east)
    make_target(version, unit=cast.east_one)
    services.activate_version(version=version, actor=cast.planner, lock_version=1)
    with pytest.raises(IntegrityError, match="publishedbalance_adds_up_in_every_month"):
        PublishedBalance.objects.update(unallocated=[Decimal(1)] * 12)


@pytest.mark.django_db
def test_balances_are_seen_by_who_manages_and_the_whole_by_who_plans(cast: Cast) -> None:
    version = make_version(status=Status.APPROVED, by=cast.planner)
    make_target(version, unit=cast.east)
    make_target(version, unit=cast.east_one)
    services.activate_version(version=version, actor=cast.planner, lock_version=1)
    seen = {
        who: (
            PublishedBalance.objects.visible_to(getattr(cast, who)).count(),
            Publication.objects.visible_to(getattr(cast, who)).count(),
        )
        for who in ("rao", "mori", "lin", "sato", "planner")
    }
    assert seen == {"rao": (0, 0), "mori": (0, 0), "lin": (1, 0), "sato": (0, 0), "planner": (1, 1)}


def make_approved(cast: Cast) -> PlanVersion:
    version = make_version(status=Status.APPROVED, by=cast.planner)
    make_target(version, unit=cast.east)
    make_target(version, unit=cast.east_one)
    return version


def edit_while_it_is_published(
    version: PlanVersion, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[Exception], list[Exception]]:
    """Let an edit arrive after a publication has taken its sums and before it commits. Return what either raised."""
    summed, edited = Event(), Event()

    def publish() -> None:
        services.activate_version(version=version, actor=cast.planner, lock_version=1)

    def edit() -> None:
        summed.wait(20)
        services.set_target(version=version, unit=cast.east_one, months=ONES, actor=cast.planner, lock_version=1)

    _pause_before_the_line(monkeypatch, summed, edited)
    with in_another_connection(publish) as by_publication, in_another_connection(edit) as by_edit:
        summed.wait(20)
        _wait_for_the_edit(by_edit)
        edited.set()
    return by_publication, by_edit


def _pause_before_the_line(monkeypatch: pytest.MonkeyPatch, summed: Event, edited: Event) -> None:
    """Hold the publication between its sums and its commit, where a slow disk might."""
    record: Callable[..., object] = audit.record

    def slowly(event: str, **facts: object) -> object:
        if event == "planning.version.activated":
            summed.set()
            edited.wait(20)
        return record(event, **facts)

    monkeypatch.setattr(audit, "record", slowly)


def _wait_for_the_edit(by_edit: list[Exception]) -> None:
    for _ in range(2000):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            (blocked,) = cursor.fetchone()
        if blocked or by_edit or Target.objects.filter(lock_version=2).exists():
            return
    raise AssertionError("The edit neither waited nor ended.")


def is_as_published() -> bool:
    """Say whether every balance is what the targets below it add up to."""
    (balance,) = PublishedBalance.objects.all()
    row = Target.objects.get(unit__name="East one")
    return list(balance.planned) == [getattr(row, month) for month in MONTHS]


@pytest.mark.django_db(transaction=True)
def test_an_edit_waits_for_the_publication_and_finds_the_plan_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = make_cast()
    by_publication, by_edit = edit_while_it_is_published(make_approved(cast), cast, monkeypatch)
    assert by_publication == []
    assert [type(error) for error in by_edit] == [services.PlanIsActive]  # and not: is approved
    assert is_as_published()


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_plan_would_be_published_with_sums_that_it_does_not_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The negative control: the race is real, and the lock is what stops it."""
    monkeypatch.setattr(target_services, "_hold_draft", lambda version: None)
    cast = make_cast()
    version = make_approved(cast)
    with settled_targets_change():
        by_publication, by_edit = edit_while_it_is_published(version, cast, monkeypatch)
    assert (by_publication, by_edit) == ([], [])
    assert not is_as_published()
