"""The life of a version: draft, active, superseded. What counted once never changes; a change of mind is a new draft."""

from django.db import connection, transaction
from django.db.models import Count, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.transactions import within_transaction
from planning import policies
from planning.models import Plan, PlanVersion, Target
from teams.models import User

from .refusals import DraftExists, NoActiveVersion, PlanHasChanged, PlanHasNoTargets, PlanIsActive

Status = PlanVersion.Status


@transaction.atomic(durable=True)
def activate_version(*, version: PlanVersion, actor: User, seen: str | None = None) -> PlanVersion:
    """
    Make a draft the version that counts, in place of the one that did.

    Differences between a target and what is spread below it are allowed: over-assignment is a decision, and it stays shown.

    :param seen: the state of the targets that the person looked at (`targets_state`); None = whatever it is now
    :raises PlanIsActive: for a version that is no draft
    :raises PlanHasNoTargets: for a version without any
    :raises PlanHasChanged: where somebody changed a target since `seen`
    """
    require(policies.can_plan(actor))
    # All versions of the plan, in one order: two activations wait for each other, and so does every edit (FOR SHARE).
    locked = {
        found.pk: found for found in PlanVersion.objects.select_for_update().filter(plan=version.plan_id).order_by("pk")
    }
    version = locked[version.pk]
    if not version.is_draft:
        raise PlanIsActive()
    state = targets_state(version)
    if state.startswith("0."):
        raise PlanHasNoTargets(_("Set at least one target before the plan takes effect."))
    if seen is not None and seen != state:
        raise PlanHasChanged(_("Somebody changed targets since you looked. Look at the gaps again, then activate."))
    former = next((found for found in locked.values() if found.status == Status.ACTIVE), None)
    if former is not None:
        former.status = Status.SUPERSEDED
        former.save(update_fields=["status"])
    version.status = Status.ACTIVE
    version.activated_by = actor
    version.activated_at = Now()  # by the database's clock
    version.save(update_fields=["status", "activated_by", "activated_at"])
    version.refresh_from_db(fields=["activated_at"])
    audit.record("planning.version.activated", actor=actor, subject=version, number=version.number, supersedes=former)
    return version


@transaction.atomic(durable=True)
def revise_plan(*, plan: Plan, actor: User, note: str = "") -> PlanVersion:
    """
    Begin a new draft with the targets of the active version.

    :raises NoActiveVersion: where none counts yet: the draft itself can be changed
    :raises DraftExists: where a draft is being worked on
    """
    require(policies.can_plan(actor))
    versions = list(PlanVersion.objects.select_for_update().filter(plan=plan).order_by("pk"))
    active = next((found for found in versions if found.status == Status.ACTIVE), None)
    if active is None:
        raise NoActiveVersion(_("No version of this plan is active yet; change its draft."))
    if any(found.is_draft for found in versions):
        raise DraftExists(_("A draft of this plan is being worked on; activate it or change it."))
    draft = PlanVersion.objects.create(
        plan=plan,
        number=max(found.number for found in versions) + 1,
        note=note,
        based_on=active,
        created_by=actor,
    )
    rows = active.targets.order_by("pk").values(*Target.own_fields())
    Target.objects.bulk_create(Target(version=draft, **row) for row in rows)
    audit.record("planning.plan.revised", actor=actor, subject=draft, number=draft.number, based_on=active, note=note)
    return draft


def targets_state(version: PlanVersion) -> str:
    """Return a mark that changes with every change of a version's targets: how many rows, how many changes of them."""
    found = version.targets.aggregate(rows=Count("pk"), changes=Sum("lock_version"))
    return f"{found['rows']}.{found['changes'] or 0}"


@within_transaction
def _hold_draft(version: PlanVersion) -> None:
    """
    Hold a version as a draft until the end of the transaction.

    Edits share the lock among each other; an activation wants it alone, and an edit that waited for one sees its result.

    :raises PlanIsActive: for a version that is no draft
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM planning_planversion WHERE id = %s FOR SHARE", [version.pk])
        if cursor.fetchone() != (Status.DRAFT,):
            raise PlanIsActive()
