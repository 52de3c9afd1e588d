"""The talk about a year's number: an owner commits, those above counter or accept. Every word is kept."""

from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Problem, VersionConflict
from core.transactions import within_transaction
from planning import policies
from planning.models import PLAIN, Commitment, PlanVersion, Target
from planning.models.plans import IN_THE_WORKS
from teams.models import OrgUnit, User

from .refusals import CommitmentIsInvalid, NothingCommitted, PlanIsActive, TalkIsClosed
from .targets import _check, _least, _spread
from .versions import _hold_draft

Act = Commitment.Act


@transaction.atomic(durable=True)
def set_talk(*, version: PlanVersion, talk: str, actor: User) -> PlanVersion:
    """
    Open a draft for commitments, or close it again; while it is open with the target shown, everybody sees their own row.

    :raises PlanIsActive: unless the version is a draft
    """
    require(policies.can_plan(actor))
    held = PlanVersion.objects.select_for_update().get(pk=version.pk)
    if not held.is_draft:
        raise PlanIsActive()
    was, held.talk = held.talk, PlanVersion.Talk(talk)
    held.save(update_fields=["talk"])
    audit.record("planning.version.talk_set", actor=actor, subject=held, was=was, talk=held.talk)
    return held


@transaction.atomic(durable=True)
def commit_amount(
    *,
    version: PlanVersion,
    amount: Decimal,
    actor: User,
    at: datetime,
    note: str = "",
    unit: OrgUnit | None = None,
    person: User | None = None,
) -> Commitment:
    """
    Say what one stands for in the year: a person for themself, a manager for a unit of theirs. Earlier words stay.

    :raises NotAllowed: about anybody else
    :raises TalkIsClosed: unless the version is open for commitments
    :raises CommitmentIsInvalid: for an amount that a target cannot hold
    """
    require(policies.can_commit(actor, unit=unit, person=person))
    _hold_talk(version)
    return _say(version=version, unit=unit, person=person, act=Act.COMMIT, amount=amount, note=note, actor=actor, at=at)


@transaction.atomic(durable=True)
def counter_commitment(
    *,
    version: PlanVersion,
    amount: Decimal,
    note: str,
    actor: User,
    at: datetime,
    unit: OrgUnit | None = None,
    person: User | None = None,
) -> Commitment:
    """
    Propose another amount to an owner who committed, and say why: the owner has the next word.

    :raises NotAllowed: for one's own row, or one out of reach
    :raises TalkIsClosed: unless the version is open for commitments
    :raises NothingCommitted: where the owner has not committed to anything
    :raises CommitmentIsInvalid: without a note, or for an amount that a target cannot hold
    """
    require(policies.can_set_target(actor, version, unit=unit, person=person))
    _hold_talk(version)
    _last_of_owner(version, unit, person)
    if not note.strip():
        message = _("Say why you propose another amount.")
        raise CommitmentIsInvalid(message, problems=[Problem("note", message, "required")])
    return _say(
        version=version, unit=unit, person=person, act=Act.COUNTER, amount=amount, note=note, actor=actor, at=at
    )


@transaction.atomic(durable=True)
def accept_commitment(
    *,
    version: PlanVersion,
    seen: int,
    actor: User,
    at: datetime,
    lock_version: int,
    note: str = "",
    unit: OrgUnit | None = None,
    person: User | None = None,
) -> Target:
    """
    Take the amount that the owner committed to into the draft, in the months' shape that the row has, around the months set
    by hand. From then on it is kept when the target above is spread.

    :param seen: the key of the commitment that the person looked at
    :raises NotAllowed, PlanIsActive, VersionConflict: as `set_target`; the latter also where the owner has said another
        amount since `seen`
    :raises NothingCommitted: where the owner has not committed to anything
    """
    require(policies.can_set_target(actor, version, unit=unit, person=person))
    _hold_draft(version)
    last = _last_of_owner(version, unit, person)
    if last.pk != seen:
        raise VersionConflict(current=lock_version, theirs=str(last.amount))
    target = _spread(
        version=version,
        unit=unit,
        person=person,
        total=last.amount,
        split=Target.Split.MANUAL,
        actor=actor,
        lock_version=lock_version,
        event="planning.commitment.accepted",
        commitment=last,
    ).target
    Target.objects.filter(pk=target.pk).update(kept_reason=note.strip() or _("Accepted commitment"))
    Commitment.objects.create(
        version=version,
        unit=unit,
        person=person,
        act=Act.ACCEPT,
        amount=last.amount,
        note=note,
        said_by=actor,
        said_at=at,
    )
    target.refresh_from_db()
    return target


@within_transaction
def _say(
    *,
    version: PlanVersion,
    unit: OrgUnit | None,
    person: User | None,
    act: str,
    amount: Decimal,
    note: str,
    actor: User,
    at: datetime,
) -> Commitment:
    _check({"amount": amount}, _least(version, PLAIN), PLAIN)
    said = Commitment.objects.create(
        version=version,
        unit=unit,
        person=person,
        act=act,
        amount=amount,
        note=note.strip(),
        said_by=actor,
        said_at=at,
    )
    audit.record(
        f"planning.commitment.{'countered' if act == Act.COUNTER else 'made'}",
        actor=actor,
        subject=said,
        unit=unit,
        person=person,
        amount=amount,
    )
    return said


@within_transaction
def _last_of_owner(version: PlanVersion, unit: OrgUnit | None, person: User | None) -> Commitment:
    said = Commitment.objects.filter(version=version, unit=unit, person=person, act=Act.COMMIT)
    last = said.order_by("-said_at", "-pk").first()
    if last is None:
        raise NothingCommitted()
    return last


@within_transaction
def _hold_talk(version: PlanVersion) -> None:
    """Hold a version as open for commitments until the end of the transaction. :raises TalkIsClosed: for one that is not"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT status, talk FROM planning_planversion WHERE id = %s FOR SHARE", [version.pk])
        found = cursor.fetchone()
    if found is None or found[0] not in IN_THE_WORKS or found[1] == PlanVersion.Talk.CLOSED:
        raise TalkIsClosed()
