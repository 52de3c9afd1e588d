import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, connections
from django.utils import timezone

from core.errors import Invalid, VersionConflict
from core.models import AuditEntry
from teams import services
from teams.models import Management, Membership, OrgUnit, User
from teams.services import units
from tests.factories.teams import LONG_AGO, Cast, make_cast, make_person

pytestmark = pytest.mark.requirement("R7.4")
DAY = date(2026, 7, 1)


def edited(unit: OrgUnit, *, actor: User, **fields: object) -> OrgUnit:
    wish: dict[str, object] = {
        "name": unit.name,
        "kind": unit.kind,
        "parent": unit.parent,
        "position": unit.position,
        "version": unit.version,
        **fields,
    }
    return services.edit_unit(actor=actor, unit=unit, **wish)  # type: ignore[arg-type]


def test_a_unit_hangs_where_it_was_put(cast: Cast) -> None:
    unit = services.create_unit(actor=cast.admin, name="East three", kind="team", parent=cast.east)
    assert unit.parent_id == cast.east.pk
    assert AuditEntry.objects.get(event="teams.unit.created").facts["parent"] == cast.east.pk


@pytest.mark.parametrize(
    ("kind", "parent", "name", "field"),
    [
        ("company", None, "Second company", "kind"),
        ("team", None, "Nowhere", "parent"),
        ("team", "east", "East one", "name"),
        ("company", "east", "Company below", "parent"),
    ],
)
def test_a_unit_that_does_not_fit_is_refused(cast: Cast, kind: str, parent: str, name: str, field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        services.create_unit(actor=cast.admin, name=name, kind=kind, parent=getattr(cast, parent) if parent else None)
    assert field in [problem.field for problem in refusal.value.problems]


def test_a_move_of_a_unit_takes_all_below_along(cast: Cast) -> None:
    edited(cast.east, actor=cast.admin, parent=cast.west)
    assert cast.rao in User.objects.visible_to(User.objects.get(pk=cast.sato.pk))


def test_a_unit_is_not_edited_over_somebody_elses_edit(cast: Cast) -> None:
    edited(cast.east, actor=cast.admin, name="Far east")
    with pytest.raises(VersionConflict):
        edited(cast.east, actor=cast.admin, name="Near east")


def test_a_unit_never_hangs_below_itself(cast: Cast) -> None:
    with pytest.raises(units.UnitBelowItself):
        edited(cast.east, actor=cast.admin, parent=cast.east_one)


def test_the_database_itself_refuses_a_circle(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="would hang below itself"):
        OrgUnit.objects.filter(pk=cast.east.pk).update(parent=cast.east_one)


def test_a_move_closes_the_old_place_the_day_the_new_one_begins(cast: Cast) -> None:
    services.move_person(actor=cast.admin, user=cast.rao, unit=cast.west_one, from_date=DAY)
    assert list(cast.rao.memberships.values_list("unit", "valid_from", "valid_to")) == [
        (cast.east_one.pk, LONG_AGO, DAY),
        (cast.west_one.pk, DAY, None),
    ]
    facts = AuditEntry.objects.get(event="teams.person.moved").facts
    assert facts == {"unit": "West one", "from_date": "2026-07-01", "was": "East one"}


def test_a_move_that_lies_ahead_changes_nothing_today(cast: Cast) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    services.move_person(actor=cast.admin, user=cast.rao, unit=cast.west_one, from_date=tomorrow)
    assert cast.rao in User.objects.visible_to(cast.mori)
    assert cast.rao not in User.objects.visible_to(cast.sato)
    assert Membership.objects.on(tomorrow).get(user=cast.rao).unit == cast.west_one


def test_a_move_hands_the_view_of_a_person_to_the_new_chain(cast: Cast) -> None:
    services.move_person(actor=cast.admin, user=cast.rao, unit=cast.west_one, from_date=DAY)
    assert cast.rao not in User.objects.visible_to(User.objects.get(pk=cast.mori.pk))
    assert cast.rao in User.objects.visible_to(User.objects.get(pk=cast.sato.pk))


def test_a_move_before_a_recorded_one_is_refused(cast: Cast) -> None:
    services.move_person(actor=cast.admin, user=cast.rao, unit=cast.west_one, from_date=DAY)
    with pytest.raises(units.LaterChangePlanned):
        services.move_person(actor=cast.admin, user=cast.rao, unit=cast.east_two, from_date=DAY - timedelta(days=1))
    assert cast.rao.memberships.count() == 2


def test_a_second_move_of_the_same_day_corrects_the_first(cast: Cast) -> None:
    services.move_person(actor=cast.admin, user=cast.rao, unit=cast.west_one, from_date=DAY)
    services.move_person(actor=cast.admin, user=cast.rao, unit=cast.east_two, from_date=DAY)
    assert list(cast.rao.memberships.values_list("unit", "valid_from", "valid_to")) == [
        (cast.east_one.pk, LONG_AGO, DAY),
        (cast.east_two.pk, DAY, None),
    ]
    assert AuditEntry.objects.filter(event="teams.person.moved").count() == 2


def test_a_move_to_where_one_is_is_refused(cast: Cast) -> None:
    with pytest.raises(units.AlreadyThere):
        services.move_person(actor=cast.admin, user=cast.rao, unit=cast.east_one, from_date=DAY)


def test_a_first_place_needs_none_before(cast: Cast) -> None:
    person = make_person()
    services.move_person(actor=cast.admin, user=person, unit=cast.west_one, from_date=DAY)
    assert list(person.memberships.values_list("unit", "valid_to")) == [(cast.west_one.pk, None)]


def test_an_appointment_ends_the_one_before(cast: Cast) -> None:
    services.appoint_manager(actor=cast.admin, unit=cast.east_one, user=cast.rao, from_date=DAY)
    assert list(cast.east_one.managements.values_list("user", "valid_from", "valid_to")) == [
        (cast.mori.pk, LONG_AGO, DAY),
        (cast.rao.pk, DAY, None),
    ]
    assert cast.peer in User.objects.visible_to(User.objects.get(pk=cast.rao.pk))
    assert cast.peer not in User.objects.visible_to(User.objects.get(pk=cast.mori.pk))


def test_a_vacant_unit_gets_its_first_manager(cast: Cast) -> None:
    services.appoint_manager(actor=cast.admin, unit=cast.west_one, user=cast.sato, from_date=DAY)
    assert Management.objects.get(unit=cast.west_one).valid_to is None


# --- Two moves at the same moment that are fine alone and make a circle together (invariant I8) -----------------------


@pytest.fixture
def company(transactional_db: None) -> Iterator[Cast]:
    yield make_cast()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE teams_orgunit ENABLE TRIGGER orgunit_no_circle")


def race(cast: Cast, monkeypatch: pytest.MonkeyPatch, *, lock: bool) -> list[Exception]:
    """Hang east below a team of the west and west below a team of the east at once; both have looked before either writes."""
    both_looked = threading.Barrier(2)
    look = units._keys_of_subtree
    failures: list[Exception] = []

    def looked(unit: OrgUnit) -> set[int]:
        keys = look(unit)
        if not lock:  # under the lock the second one has not even begun to look
            both_looked.wait(timeout=10)
        return keys

    def move(unit: OrgUnit, parent: OrgUnit) -> None:
        try:
            edited(unit, actor=cast.admin, parent=parent)
        except (units.UnitBelowItself, IntegrityError, threading.BrokenBarrierError) as failure:
            failures.append(failure)
        finally:
            connections.close_all()

    monkeypatch.setattr(units, "_keys_of_subtree", looked)
    if not lock:
        monkeypatch.setattr(units, "_lock_tree", lambda: None)
    threads = [
        threading.Thread(target=move, args=pair) for pair in ((cast.east, cast.west_one), (cast.west, cast.east_one))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def is_circle(cast: Cast) -> bool:
    east, west = OrgUnit.objects.get(pk=cast.east.pk), OrgUnit.objects.get(pk=cast.west.pk)
    return east.parent_id == cast.west_one.pk and west.parent_id == cast.east_one.pk


def test_two_moves_at_once_make_no_circle(company: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    (failure,) = race(company, monkeypatch, lock=True)
    assert isinstance(failure, units.UnitBelowItself)
    assert not is_circle(company)


def test_the_trigger_holds_where_a_writer_forgets_the_lock(company: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    (failure,) = race(company, monkeypatch, lock=False)
    assert isinstance(failure, IntegrityError)
    assert not is_circle(company)


def test_without_lock_and_trigger_the_same_race_makes_a_circle(company: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE teams_orgunit DISABLE TRIGGER orgunit_no_circle")
    assert race(company, monkeypatch, lock=False) == []
    assert is_circle(company)
    OrgUnit.objects.filter(pk=company.west.pk).update(parent=company.company)
