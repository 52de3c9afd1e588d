from datetime import date
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import audit
from core.errors import DomainError, Invalid, Problem, VersionConflict
from core.transactions import within_transaction
from teams.models import Management, Membership, OrgUnit, User

# The key of the advisory lock under which the tree of units changes its shape; the trigger of migration 0002 takes it too.
TREE_LOCK = 7_201_001


class UnitBelowItself(DomainError):
    """A unit would become its own ancestor."""

    code = "unit_below_itself"


class AlreadyThere(DomainError):
    """The person holds this place on that day already."""

    code = "already_there"


class LaterChangePlanned(DomainError):
    """A change is already recorded for a later day: two open ends would meet."""

    code = "later_change_planned"


@transaction.atomic(durable=True)
def create_unit(*, actor: User, name: str, kind: str, parent: OrgUnit | None, position: int = 0) -> OrgUnit:
    """
    Add a unit to the tree.

    :raises Invalid: a second company, a unit without a parent, or a name that its parent has already
    """
    _lock_tree()
    _refuse_misplaced(name=name, kind=kind, parent=parent, but_not=None)
    unit = OrgUnit.objects.create(name=name, kind=kind, parent=parent, position=position)
    audit.record("teams.unit.created", actor=actor, subject=unit, name=name, kind=kind, parent=parent)
    return unit


@transaction.atomic(durable=True)
def edit_unit(
    *, actor: User, unit: OrgUnit, version: int, name: str, kind: str, parent: OrgUnit | None, position: int = 0
) -> OrgUnit:
    """
    Rename a unit or hang it elsewhere in the tree, with all that is below it.

    :raises VersionConflict: somebody else was faster
    :raises UnitBelowItself: the new parent is the unit or stands below it
    :raises Invalid: a second company, a unit without a parent, or a name that its parent has already
    """
    _lock_tree()
    unit = OrgUnit.objects.select_for_update().get(pk=unit.pk)
    if unit.version != version:
        raise VersionConflict(current=unit.version, name=unit.name)
    if parent is not None and parent.pk in _keys_of_subtree(unit):
        raise UnitBelowItself(
            _("A unit cannot hang below itself."),
            problems=[Problem("parent", _("This unit is below the one you are moving."))],
        )
    _refuse_misplaced(name=name, kind=kind, parent=parent, but_not=unit)
    wanted = {"name": name, "kind": kind, "parent": parent, "position": position}
    changes = {
        field: [audit.plain(getattr(unit, field)), audit.plain(value)]
        for field, value in wanted.items()
        if getattr(unit, field) != value
    }
    if changes:
        for field, value in wanted.items():
            setattr(unit, field, value)
        unit.version += 1
        unit.save()
        audit.record("teams.unit.edited", actor=actor, subject=unit, changes=changes)
    return unit


@transaction.atomic(durable=True)
def move_person(*, actor: User, user: User, unit: OrgUnit, from_date: date) -> Membership:
    """
    Give a person a new unit from a day on: the old place ends the day the new one begins, and stays on record.

    The day may lie ahead. A second move for the same day corrects the first.

    :raises AlreadyThere: the person belongs to that unit on that day
    :raises LaterChangePlanned: a move for a later day is on record
    """
    User.objects.select_for_update().get(pk=user.pk)  # one change of one person's places at a time
    held = Membership.objects.filter(user=user)
    place, was = _succeed(held, from_date, new=Membership(user=user, unit=unit, valid_from=from_date), field="unit")
    audit.record(
        "teams.person.moved",
        actor=actor,
        subject=user,
        unit=unit.name,
        from_date=from_date,
        was=was.unit.name if was else None,
    )
    return place


@transaction.atomic(durable=True)
def appoint_manager(*, actor: User, unit: OrgUnit, user: User, from_date: date) -> Management:
    """
    Make a person answer for a unit from a day on; the one before answers until then.

    :raises AlreadyThere: the person manages that unit on that day
    :raises LaterChangePlanned: an appointment for a later day is on record
    """
    OrgUnit.objects.select_for_update().get(pk=unit.pk)
    held = Management.objects.filter(unit=unit)
    post, was = _succeed(held, from_date, new=Management(user=user, unit=unit, valid_from=from_date), field="user")
    audit.record(
        "teams.manager.appointed",
        actor=actor,
        subject=unit,
        manager=user.name,
        from_date=from_date,
        was=was.user.name if was else None,
    )
    return post


@within_transaction
def _succeed(held: Any, from_date: date, *, new: Any, field: str) -> tuple[Any, Any]:
    """
    Let `new` follow on the rows that one person or one unit holds, without overlap.

    Returns the row that holds from the day on, and a copy of the one before it.
    """
    later = held.filter(valid_from__gt=from_date).order_by("valid_from").first()
    if later is not None:
        message = _("A change from %(day)s is already on record. Choose that day or a later one.") % {
            "day": later.valid_from.isoformat()
        }
        raise LaterChangePlanned(message, problems=[Problem("from_date", message)])
    before = held.select_related("user", "unit").on(from_date).first()
    if before is None:
        new.save()
        return new, None
    if getattr(before, f"{field}_id") == getattr(new, f"{field}_id"):
        message = _("So it is on that day already.")
        raise AlreadyThere(message, problems=[Problem(field, message)])
    was = type(before)(user=before.user, unit=before.unit, valid_from=before.valid_from, valid_to=before.valid_to)
    if before.valid_from == from_date:  # the place did not hold a single day: a correction, kept in the audit trail
        setattr(before, field, getattr(new, field))
        before.save(update_fields=[field])
        return before, was
    before.valid_to = from_date
    before.save(update_fields=["valid_to"])
    new.save()
    return new, was


@within_transaction
def _lock_tree() -> None:
    """Change the shape of the tree one at a time: two moves that are fine alone can make a circle together."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])


def _keys_of_subtree(unit: OrgUnit) -> set[int]:
    return set(unit.descendants(include_self=True).values_list("pk", flat=True))


def _refuse_misplaced(*, name: str, kind: str, parent: OrgUnit | None, but_not: OrgUnit | None) -> None:
    others = OrgUnit.objects.exclude(pk=but_not.pk) if but_not else OrgUnit.objects.all()
    problems = []
    if kind == OrgUnit.Kind.COMPANY:
        if parent is not None:
            problems.append(Problem("parent", _("The company is the root and hangs below nothing.")))
        if others.filter(kind=kind).exists():
            problems.append(Problem("kind", _("There is a company already; it is the root of the tree.")))
    elif parent is None:
        problems.append(Problem("parent", _("Choose the unit that this one belongs to.")))
    if others.filter(parent=parent, name=name).exists():
        problems.append(Problem("name", _("Its parent has a unit of this name already."), "taken"))
    if problems:
        raise Invalid(_("The unit does not fit into the tree."), problems=problems)
