"""
The audit trail: one line per change, written in the transaction of the change, never changed again.

Webhooks and mails leave from the same line after the commit, so that there is one mechanism.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Model
from django.utils import timezone

from core.models import AuditEntry
from core.transactions import within_transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

request_id: ContextVar[str] = ContextVar("request_id", default="")
token_name: ContextVar[str] = ContextVar("token_name", default="")


@within_transaction
def record(event: str, *, actor: "AbstractBaseUser | None", subject: Model, **facts: object) -> AuditEntry:
    """
    Write the line of a change.

    :param event: dotted name, `<app>.<thing>.<verb in the past>`, e.g. `customers.deal.moved`
    :param actor: who did it; None for the product itself (a nightly run)
    :param facts: what changed, as plain values; never secrets, never HR content
    :raises RuntimeError: outside a transaction
    """
    return AuditEntry.objects.create(
        event=event,
        actor_id=actor.pk if actor is not None else None,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        facts={name: plain(value) for name, value in facts.items()},
        request_id=request_id.get(),
        token_name=token_name.get(),
        at=timezone.now(),
    )


def plain(value: object) -> object:
    """Return a value as JSON holds it: money as text, dates in ISO form, rows by their key."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Decimal():
            return str(value)
        case datetime() | date():
            return value.isoformat()
        case Model():
            return value.pk
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
        case _:
            return str(value)
