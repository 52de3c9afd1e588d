from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from planning import services
from planning.models import Commitment, FullQuota, PlanVersion
from planning.queries.reconcile import Line, Reconciled, reconciled
from teams.models import OrgUnit, User
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
TODAY = date(2026, 3, 15)
NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    version = make_version()
    version.talk = PlanVersion.Talk.BLIND
    version.save(update_fields=["talk"])
    return version


def say(version: PlanVersion, amount: int, whose: OrgUnit | User, by: User) -> None:
    of = {"unit": whose} if isinstance(whose, OrgUnit) else {"person": whose}
    services.commit_amount(version=version, amount=Decimal(amount), actor=by, at=NOW, **of)


def screen(version: PlanVersion, user: User, unit: OrgUnit) -> Reconciled:
    return reconciled(version=version, user=User.objects.get(pk=user.pk), unit=unit.pk, as_of=TODAY)


def line_of(found: Reconciled, name: str) -> Line:
    return next(line for line in found.lines if line.spot.name == name)


def test_a_unit_stands_above_those_directly_below_it_and_the_path_leads_up(cast: Cast, version: PlanVersion) -> None:
    found = screen(version, cast.planner, cast.east)
    assert [(line.depth, line.spot.name) for line in found.lines] == [(0, "East"), (1, "East one"), (1, "East two")]
    assert [spot.name for spot in found.path] == ["Company"]
    assert screen(version, cast.lin, cast.east).path == []


def test_bottom_up_is_what_the_owner_says_else_the_sum_of_what_is_below(cast: Cast, version: PlanVersion) -> None:
    make_target(version, unit=cast.east, month=Decimal(100))
    say(version, 300, cast.rao, cast.rao)
    say(version, 500, cast.peer, cast.peer)
    told = line_of(screen(version, cast.planner, cast.east), "East one").bottom_up
    assert (told.amount, told.told, told.of) == (Decimal(800), 2, 2)
    east = line_of(screen(version, cast.planner, cast.east), "East")
    assert (east.bottom_up.amount, east.bottom_up.told, east.bottom_up.of, east.gap_below) == (
        Decimal(800),
        1,
        2,
        Decimal(-400),
    )
    say(version, 700, cast.east_one, cast.mori)
    assert line_of(screen(version, cast.planner, cast.east), "East").bottom_up.amount == 700


def test_who_said_nothing_is_not_zero(cast: Cast, version: PlanVersion) -> None:
    make_target(version, unit=cast.east_one)
    line = line_of(screen(version, cast.mori, cast.east_one), "East one")
    assert (line.bottom_up.amount, line.gap_below, line.capacity, line.forecast, line.chance) == (None,) * 5


def test_capacity_stands_beside_where_somebodys_full_quota_is_set(cast: Cast, version: PlanVersion) -> None:
    make_target(version, person=cast.rao, month=Decimal(100))
    FullQuota.objects.create(plan=version.plan, person=cast.rao, amount=Decimal(900), changed_by=cast.planner)
    found = screen(version, cast.mori, cast.east_one)
    carried = line_of(found, "Rao").capacity
    assert carried is not None
    assert 0 < carried <= 900
    assert line_of(found, "Rao").gap_capacity == carried - 1200
    assert line_of(found, "Peer of Rao").capacity is None
    assert line_of(found, "East one").without == 1  # the team's capacity is Rao's alone, and says so


def test_a_gap_is_settled_by_accepting_until_the_draft_says_otherwise(cast: Cast, version: PlanVersion) -> None:
    say(version, 300, cast.rao, cast.rao)
    said = Commitment.objects.get()
    target = services.accept_commitment(
        version=version, person=cast.rao, seen=said.pk, actor=cast.mori, at=NOW, lock_version=0
    )
    assert line_of(screen(version, cast.mori, cast.east_one), "Rao").is_settled
    services.set_target(
        version=version, person=cast.rao, months=[Decimal(1)] * 12, actor=cast.mori, lock_version=target.lock_version
    )
    assert not line_of(screen(version, cast.mori, cast.east_one), "Rao").is_settled


def test_nobody_answers_their_own_row(cast: Cast, version: PlanVersion) -> None:
    found = screen(version, cast.mori, cast.east_one)
    assert {line.spot.name: line.may_answer for line in found.lines} == {
        "East one": False,
        "Rao": True,
        "Peer of Rao": True,
    }


def test_the_screen_asks_as_often_for_many_as_for_few(cast: Cast, version: PlanVersion) -> None:
    make_target(version, unit=cast.east_one)
    say(version, 300, cast.rao, cast.rao)
    user = User.objects.get(pk=cast.lin.pk)
    reconciled(version=version, user=user, unit=cast.east_one.pk, as_of=TODAY)
    with CaptureQueriesContext(connection) as few:
        reconciled(version=version, user=user, unit=cast.east_one.pk, as_of=TODAY)
    for _ in range(60):
        person = make_person(unit=cast.east_one)
        make_target(version, person=person)
        say(version, 10, person, person)
    with CaptureQueriesContext(connection) as many:
        found = reconciled(version=version, user=user, unit=cast.east_one.pk, as_of=TODAY)
    assert (len(many), len(found.lines), found.shown, found.count) == (len(few), 61, (1, 60), 62)
    rest = reconciled(version=version, user=user, unit=cast.east_one.pk, as_of=TODAY, after=60)
    assert [line.bottom_up.told for line in (found.lines[0], rest.lines[0])] == [61, 61]
    assert (len(rest.lines), rest.shown, rest.before, rest.next_after) == (3, (61, 62), 0, None)
