"""What people do with a warning: take note, give it to somebody, put it off, close it, open it again."""

from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Problem, VersionConflict
from core.transactions import within_transaction
from planning import policies
from planning.models import ConversionWarning
from teams.models import User

from .refusals import DayIsInvalid, PersonIsUnknown, WarningIsOver

LONGEST_SNOOZE = timedelta(days=92)
Status = ConversionWarning.Status


@transaction.atomic(durable=True)
def acknowledge_warning(*, warning: ConversionWarning, version: int, actor: User, note: str = "") -> ConversionWarning:
    """
    Note that somebody has seen a warning and looks after it.

    :raises VersionConflict: where it changed since it was read
    :raises WarningIsOver: where it is closed, recovered or faded
    """
    row = _held(warning, version)
    require(policies.can_note_warning(actor, row))
    _still_open(row)
    return _kept(row, "acknowledged", actor, status=Status.ACKNOWLEDGED, snoozed_until=None, note=note or row.note)


@transaction.atomic(durable=True)
def assign_warning(
    *,
    warning: ConversionWarning,
    version: int,
    actor: User,
    today: date,
    owner: User,
    due_date: date | None = None,
    note: str = "",
) -> ConversionWarning:
    """
    Give a warning to somebody, with a day until which it is to be looked into.

    :raises PersonIsUnknown: unless the actor sees the work of that person
    :raises DayIsInvalid: for a day that is over
    """
    row = _held(warning, version)
    require(policies.can_handle_warning(actor, row))
    _still_open(row)
    if not User.objects.active().visible_to(actor).filter(pk=owner.pk).exists():
        message = _("Choose somebody whose work you see.")
        raise PersonIsUnknown(message, problems=[Problem("owner", message)])
    if due_date is not None and due_date < today:
        _refuse_day("due_date", _("This day is over already."))
    return _kept(
        row,
        "assigned",
        actor,
        status=Status.ACKNOWLEDGED,
        snoozed_until=None,
        owner=owner,
        due_date=due_date,
        note=note or row.note,
    )


@transaction.atomic(durable=True)
def snooze_warning(
    *, warning: ConversionWarning, version: int, actor: User, today: date, snoozed_until: date, note: str = ""
) -> ConversionWarning:
    """Put a warning off until a day at most three months ahead; the night then opens it again. :raises DayIsInvalid: else"""
    row = _held(warning, version)
    require(policies.can_handle_warning(actor, row))
    _still_open(row)
    if not today < snoozed_until <= today + LONGEST_SNOOZE:
        _refuse_day("snoozed_until", _("Choose a day after today, at most three months ahead."))
    return _kept(row, "snoozed", actor, status=Status.SNOOZED, snoozed_until=snoozed_until, note=note or row.note)


@transaction.atomic(durable=True)
def close_warning(*, warning: ConversionWarning, version: int, actor: User, note: str) -> ConversionWarning:
    """Close a warning with a reason; the cell has a new one only after this one recovered or faded, and it fell once more."""
    row = _held(warning, version)
    require(policies.can_handle_warning(actor, row))
    _still_open(row)
    return _kept(row, "closed", actor, status=Status.CLOSED, snoozed_until=None, note=note)


@transaction.atomic(durable=True)
def reopen_warning(*, warning: ConversionWarning, version: int, actor: User) -> ConversionWarning:
    """Open a closed or put-off warning again. :raises WarningIsOver: where it recovered or faded"""
    row = _held(warning, version)
    require(policies.can_handle_warning(actor, row))
    if not row.is_current:
        raise WarningIsOver
    return _kept(row, "reopened", actor, status=Status.OPEN, snoozed_until=None)


@within_transaction
def _held(warning: ConversionWarning, version: int) -> ConversionWarning:
    row = ConversionWarning.objects.select_for_update().get(pk=warning.pk)
    if row.version != version:
        raise VersionConflict(current=row.version)
    return row


def _still_open(row: ConversionWarning) -> None:
    if not row.is_current or row.status == Status.CLOSED:
        raise WarningIsOver


def _refuse_day(field: str, message: str) -> None:
    raise DayIsInvalid(message, problems=[Problem(field, message)])


@within_transaction
def _kept(row: ConversionWarning, verb: str, actor: User, **changes: object) -> ConversionWarning:
    was = {name: getattr(row, name) for name in changes}
    for name, value in changes.items():
        setattr(row, name, value)
    row.version += 1
    row.save(update_fields=[*changes, "version"])
    audit.record(f"planning.warning.{verb}", actor=actor, subject=row, was=was, **changes)
    return row
