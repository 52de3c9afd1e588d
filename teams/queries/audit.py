from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Model, QuerySet

from core.models import AuditEntry
from teams.models import Capability, User


def audit_trail(user: User, *, event: str = "", actor: User | None = None) -> QuerySet[AuditEntry]:
    """
    The lines of the audit trail that a user may read, newest first.

    Everybody reads what they did themselves; a manager also what was done by people whose work they see; administrators
    and plan owners everything.

    :param event: only events whose dotted name begins so, e.g. "customers.deal."
    :param actor: only what this person did
    """
    lines = AuditEntry.objects.select_related("actor").order_by("-pk")
    if not user.is_active:
        return lines.none()
    if not user.can(Capability.PLAN_OWNER, Capability.ADMINISTRATOR):
        lines = lines.filter(actor__in=User.objects.visible_to(user).values("pk"))
    if event:
        lines = lines.filter(event__startswith=event)
    if actor is not None:
        lines = lines.filter(actor=actor)
    return lines


@dataclass(frozen=True)
class AuditRow:
    """A line with the name of its subject, "" where the reader may not (or no longer) see the subject."""

    line: AuditEntry
    subject: str


def with_subjects(lines: Sequence[AuditEntry], user: User) -> list[AuditRow]:
    """Name the subjects of lines for one reader: a query for each kind of subject, whatever the number of lines."""
    keys: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        keys[line.subject_type].add(line.subject_id)
    names: dict[tuple[str, str], str] = {}
    for label, wanted in keys.items():
        model: type[Model] = apps.get_model(label)
        rows = model._default_manager.all()
        if hasattr(rows, "known_to"):
            rows = rows.known_to(user)
        elif hasattr(rows, "visible_to"):
            rows = rows.visible_to(user)
        elif not user.sees_everything:
            continue
        names.update({(label, str(row.pk)): str(row) for row in rows.filter(pk__in=wanted)})
    return [AuditRow(line, names.get((line.subject_type, line.subject_id), "")) for line in lines]
