from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from core.errors import NotAllowed, VersionConflict
from core.models import AuditEntry
from planning import services
from planning.models import Commitment, PlanVersion, Target
from teams.models import OrgUnit, User
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)
Talk = PlanVersion.Talk


def open_version(talk: str = Talk.BLIND) -> PlanVersion:
    version = make_version()
    version.talk = talk
    version.save(update_fields=["talk"])
    return version


def commit(version: PlanVersion, amount: str, actor: User, whose: OrgUnit | User | None = None) -> Commitment:
    whose = whose or actor
    of = {"unit": whose} if isinstance(whose, OrgUnit) else {"person": whose}
    return services.commit_amount(
        version=version, amount=Decimal(amount), actor=actor, at=NOW, note="Two renewals", **of
    )


def accept(version: PlanVersion, seen: int, actor: User, *, lock_version: int = 0, **of: object) -> Target:
    actor = User.objects.get(pk=actor.pk)
    return services.accept_commitment(
        version=version,
        seen=seen,
        actor=actor,
        at=NOW,
        lock_version=lock_version,
        **of,  # type: ignore[arg-type]  # unit or person
    )


def test_an_owner_commits_and_every_word_is_kept(cast: Cast) -> None:
    version = open_version()
    commit(version, "100", cast.rao)
    commit(version, "120", cast.rao)
    commit(version, "900", cast.mori, cast.east_one)
    assert list(Commitment.objects.filter(person=cast.rao).newest_of_owner().values_list("amount", flat=True)) == [120]
    assert AuditEntry.objects.filter(event="planning.commitment.made").count() == 3


def test_nobody_commits_for_somebody_else_nor_for_a_unit_they_do_not_manage(cast: Cast) -> None:
    version = open_version()
    for actor, whose in (
        (cast.mori, cast.rao),
        (cast.rao, cast.peer),
        (cast.lin, cast.east_one),
        (cast.rao, cast.east_one),
    ):
        with pytest.raises(NotAllowed):
            commit(version, "100", actor, whose)


@pytest.mark.parametrize("closed", [Talk.CLOSED, None])
def test_a_version_that_is_not_open_takes_no_commitments(cast: Cast, closed: str | None) -> None:
    version = open_version(closed or Talk.BLIND)
    if closed is None:  # decided already
        PlanVersion.objects.filter(pk=version.pk).update(status="submitted")
        PlanVersion.objects.filter(pk=version.pk).update(status="approved")
    with pytest.raises(services.TalkIsClosed):
        commit(version, "100", cast.rao)


@pytest.mark.parametrize("amount", ["-1", "0.001"])
def test_an_amount_that_a_target_cannot_hold_is_no_commitment(cast: Cast, amount: str) -> None:
    with pytest.raises(services.AmountIsInvalid):
        commit(open_version(), amount, cast.rao)


def test_a_counter_needs_a_commitment_and_a_reason_and_goes_back_to_the_owner(cast: Cast) -> None:
    version = open_version()

    def counter(note: str) -> None:
        services.counter_commitment(
            version=version, person=cast.rao, amount=Decimal(150), note=note, actor=cast.mori, at=NOW
        )

    with pytest.raises(services.NothingCommitted):
        counter("Your pipeline carries more")
    commit(version, "100", cast.rao)
    with pytest.raises(services.CommitmentIsInvalid):
        counter(" ")
    counter("Your pipeline carries more")
    last = Commitment.objects.filter(person=cast.rao).newest().get()
    assert (last.act, last.amount) == (Commitment.Act.COUNTER, Decimal(150))
    assert not Target.objects.exists()
    commit(version, "130", cast.rao)
    assert Commitment.objects.filter(person=cast.rao).newest().get().act == Commitment.Act.COMMIT


def test_an_accepted_commitment_is_the_draft_target_in_the_shape_it_had_and_is_kept(cast: Cast) -> None:
    version = open_version()
    make_target(version, person=cast.rao, month=Decimal(0), m02=Decimal(30), m03=Decimal(10))
    said = commit(version, "100.01", cast.rao)
    target = accept(version, said.pk, cast.mori, lock_version=1, person=cast.rao)
    assert (target.total, target.m02, target.m03) == (Decimal("100.01"), Decimal("75.01"), Decimal("25.00"))
    assert target.kept_reason == "Accepted commitment"
    assert AuditEntry.objects.filter(event="planning.commitment.accepted").count() == 1


def test_an_accepted_commitment_keeps_the_months_set_by_hand_and_their_reason(cast: Cast) -> None:
    version = open_version()
    make_target(version, person=cast.rao, month=Decimal(10))
    services.change_months(
        version=version,
        person=cast.rao,
        actor=cast.mori,
        now=timezone.now(),
        lock_version=1,
        amounts={"m03": Decimal(50)},
        reason="The fair is in March",
    )
    said = commit(version, "270", cast.rao)
    target = accept(version, said.pk, cast.mori, lock_version=2, person=cast.rao)
    assert (target.total, target.m03, target.m04) == (Decimal(270), Decimal(50), Decimal(20))
    assert target.overrides["m03"]["reason"] == "The fair is in March"


def test_nobody_accepts_their_own_commitment(cast: Cast) -> None:
    version = open_version()
    mine, unit = commit(version, "1", cast.rao), commit(version, "1", cast.mori, cast.east_one)
    with pytest.raises(NotAllowed):
        accept(version, mine.pk, cast.rao, person=cast.rao)
    with pytest.raises(NotAllowed):
        accept(version, unit.pk, cast.mori, unit=cast.east_one)
    assert accept(version, unit.pk, cast.lin, unit=cast.east_one).total == 1


def test_who_accepts_an_amount_that_was_changed_meanwhile_is_told(cast: Cast) -> None:
    version = open_version()
    seen = commit(version, "100", cast.rao)
    commit(version, "90", cast.rao)
    with pytest.raises(VersionConflict):
        accept(version, seen.pk, cast.mori, person=cast.rao)
    assert not Target.objects.exists()


def test_the_database_lets_nobody_take_back_a_word(cast: Cast) -> None:
    said = commit(open_version(), "100", cast.rao)
    for change in (
        "UPDATE planning_commitment SET amount = 1 WHERE id = %s",
        "DELETE FROM planning_commitment WHERE id = %s",
    ):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change, [said.pk])


def test_a_rep_sees_the_own_draft_target_only_where_it_is_shown(cast: Cast) -> None:
    version = open_version(Talk.BLIND)
    make_target(version, person=cast.rao)
    make_target(version, person=cast.peer)
    assert not Target.objects.visible_to(cast.rao).exists()
    services.set_talk(version=version, talk=Talk.SHOWN, actor=cast.planner)
    assert [target.person for target in Target.objects.visible_to(cast.rao)] == [cast.rao]
    with pytest.raises(NotAllowed):
        services.set_talk(version=version, talk=Talk.CLOSED, actor=cast.lin)
