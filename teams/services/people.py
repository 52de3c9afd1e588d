from collections.abc import Sequence
from datetime import date

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError, Invalid, Problem, VersionConflict
from core.transactions import within_transaction
from teams.models import Capability, Membership, OrgUnit, User


class OwnRoleIsNotYours(DomainError):
    """Nobody changes the own capabilities and nobody shuts the own door."""

    code = "own_role"


class NoLongerEntitled(DomainError):
    """The actor lost the right while the request was on its way."""

    status = 403
    code = "not_allowed"


@transaction.atomic(durable=True)
def create_person(
    *,
    actor: User,
    email: str,
    name: str,
    capabilities: Sequence[str] = (),
    unit: OrgUnit | None = None,
    from_date: date | None = None,
    hired_date: date | None = None,
    external_id: str = "",
    language: str = "",
    password: str = "",
) -> User:
    """
    Make the record of a person, with a place in a unit from a day on if one is given.

    Without a password the person sets one through "Forgot your password?", or comes in by the company account.

    :raises Invalid: where the e-mail or the id is taken, or a unit comes without its day
    """
    email = email.strip().lower()
    _refuse_doubles(email=email, external_id=external_id, but_not=None)
    if (unit is None) != (from_date is None):
        field = "unit" if unit is None else "from_date"
        raise Invalid(
            _("A place in a unit needs the unit and the day it begins."),
            problems=[Problem(field, _("Give both the unit and the day, or neither."))],
        )
    person = User(
        email=email,
        name=name,
        capabilities=_in_order(capabilities),
        hired_date=hired_date,
        external_id=external_id,
        language=language,
    )
    person.set_password(password or None)
    person.save()
    if unit is not None and from_date is not None:
        Membership.objects.create(user=person, unit=unit, valid_from=from_date)
    audit.record(
        "teams.person.created",
        actor=actor,
        subject=person,
        name=name,
        email=email,
        capabilities=person.capabilities,
        unit=unit.name if unit else None,
        from_date=from_date,
    )
    return person


@transaction.atomic(durable=True)
def edit_person(
    *,
    actor: User,
    person: User,
    version: int,
    email: str,
    name: str,
    capabilities: Sequence[str],
    hired_date: date | None = None,
    external_id: str = "",
) -> User:
    """
    Change the record of a person.

    :raises VersionConflict: somebody else was faster
    :raises OwnRoleIsNotYours: the actor's own capabilities would change
    :raises NoLongerEntitled: the actor is no administrator any more
    :raises Invalid: where the e-mail or the id is taken
    """
    person = _locked(person, version, actor=actor)
    email = email.strip().lower()
    wanted = _in_order(capabilities)
    if set(wanted) != set(person.capabilities) and person.pk == actor.pk:
        raise OwnRoleIsNotYours(_("Nobody changes their own role. Ask another administrator."))
    _refuse_doubles(email=email, external_id=external_id, but_not=person)
    changes = _apply(
        person,
        email=email,
        name=name,
        capabilities=wanted,
        hired_date=hired_date,
        external_id=external_id,
    )
    if changes:
        audit.record("teams.person.edited", actor=actor, subject=person, changes=changes)
    return person


@transaction.atomic(durable=True)
def deactivate_person(*, actor: User, person: User, version: int, left_date: date) -> User:
    """
    Shut a person out: sign-in, sessions and tokens end now. What they own, and their place, stay as they are.

    :raises VersionConflict: somebody else was faster
    :raises OwnRoleIsNotYours: the actor is the person
    """
    person = _locked(person, version, actor=actor)
    if person.pk == actor.pk:
        raise OwnRoleIsNotYours(_("You cannot shut yourself out. Ask another administrator."))
    _apply(person, is_active=False, left_date=left_date)
    sessions, tokens = _end_sessions(person), _end_tokens(person)
    audit.record(
        "teams.person.deactivated",
        actor=actor,
        subject=person,
        left_date=left_date,
        sessions_ended=sessions,
        tokens_ended=tokens,
    )
    return person


@transaction.atomic(durable=True)
def reactivate_person(*, actor: User, person: User, version: int) -> User:
    """Let a former person in again; old sessions and tokens stay dead. :raises VersionConflict:"""
    person = _locked(person, version, actor=actor)
    _apply(person, is_active=True, left_date=None)
    audit.record("teams.person.reactivated", actor=actor, subject=person)
    return person


@transaction.atomic(durable=True)
def change_profile(*, actor: User, version: int, name: str, language: str, theme: str, weekly_mail: bool) -> User:
    """Change what a person may change about themselves. :raises VersionConflict: changed elsewhere meanwhile"""
    person = _locked(actor, version, actor=actor)
    changes = _apply(person, name=name, language=language, theme=theme, weekly_mail=weekly_mail)
    if changes:
        audit.record("teams.profile.changed", actor=actor, subject=person, changes=changes)
    return person


@transaction.atomic(durable=True)
def change_appearance(*, actor: User, language: str = "", theme: str = "") -> User:
    """Switch language or theme with one click; the last click counts, so there is no version to check."""
    person = User.objects.select_for_update().get(pk=actor.pk)
    changes = _apply(
        person,
        language=language or person.language,
        theme=theme or person.theme,
    )
    if changes:
        audit.record("teams.profile.changed", actor=actor, subject=person, changes=changes)
    return person


@within_transaction
def _locked(person: User, version: int, *, actor: User) -> User:
    """
    Return the row as it stands now, locked together with the actor's own.

    Two administrators who remove each other at the same moment would leave the company without any: the second one finds
    here that the right is gone. Both rows are taken in the order of their keys, so that the two do not wait for each other.

    :raises VersionConflict: unless it is still the version that was read
    :raises NoLongerEntitled: the actor was shut out, or is no administrator any more and writes to somebody else's row
    """
    rows = {row.pk: row for row in User.objects.select_for_update().filter(pk__in={person.pk, actor.pk}).order_by("pk")}
    current, writer = rows[person.pk], rows[actor.pk]
    if not writer.is_active or (writer.pk != current.pk and not writer.can(Capability.ADMINISTRATOR)):
        raise NoLongerEntitled(_("You are no longer an administrator."))
    if current.version != version:
        raise VersionConflict(current=current.version, name=current.name, email=current.email)
    return current


@within_transaction
def _apply(person: User, **values: object) -> dict[str, object]:
    """Write what differs and return it as {field: [was, became]}; the version counts up with every change."""
    changes: dict[str, object] = {}
    for field, value in values.items():
        was = getattr(person, field)
        if was != value:
            changes[field] = [audit.plain(was), audit.plain(value)]
            setattr(person, field, value)
    if changes:
        person.version += 1
        person.save(update_fields=[*changes, "version"])
    return changes


def _in_order(capabilities: Sequence[str]) -> list[str]:
    """Return capabilities once each, in the order of the trade."""
    return [str(capability) for capability in Capability if capability in capabilities]


def _refuse_doubles(*, email: str, external_id: str, but_not: User | None) -> None:
    others = User.objects.exclude(pk=but_not.pk) if but_not else User.objects.all()
    problems = []
    if others.filter(email=email).exists():
        problems.append(Problem("email", _("Another person has this e-mail."), "taken"))
    if external_id and others.filter(external_id=external_id).exists():
        problems.append(Problem("external_id", _("Another person has this id."), "taken"))
    if problems:
        raise Invalid(_("There is already such a person."), problems=problems)


@within_transaction
def _end_sessions(person: User) -> int:
    """Delete the living sessions of a person, so that none wakes up again with the account. Return how many."""
    mine = [
        session.pk
        for session in Session.objects.filter(expire_date__gt=Now())
        if session.get_decoded().get("_auth_user_id") == str(person.pk)
    ]
    return Session.objects.filter(pk__in=mine).delete()[0]


@within_transaction
def _end_tokens(person: User) -> int:
    return person.auth_token_set.all().delete()[0]
