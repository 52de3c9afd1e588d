"""
The life of a version: draft, submitted, approved, active, then superseded by a later one, or closed with its year.

What was approved once never changes; a change of mind is a new draft.
"""

from datetime import date, timedelta

from django.db import connection, transaction
from django.db.models import Count, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import DomainError, VersionConflict
from core.templatetags.formats import day
from core.transactions import within_transaction
from planning import policies, queries
from planning.models import IN_THE_WORKS, PlanVersion, Submission
from teams.models import OrgUnit, User

from .publications import _publish
from .refusals import (
    DraftExists,
    NotInForce,
    PartIsHeld,
    PlanIsActive,
    PlanIsApproved,
    PlanIsNotApproved,
    PlanIsSubmitted,
    YearIsRunning,
)

Status = PlanVersion.Status


@transaction.atomic(durable=True)
def activate_version(*, version: PlanVersion, actor: User, lock_version: int) -> PlanVersion:
    """
    Make an approved version the one that counts, in place of the one that did.

    All sums are taken under the lock and kept (`Publication`). Differences between a target and what is spread below it are
    allowed: over-assignment is a decision, and it stays shown; what its policy does not allow was handed up with a reason.

    :param lock_version: the version's own, as the person saw it
    :raises PlanIsNotApproved: for one that is still a draft, or handed up
    :raises PlanIsActive: for one that counts or did
    :raises NotAsApproved: where a target is not what was approved
    :raises VersionConflict: where somebody moved it on since
    """
    require(policies.can_plan(actor))
    locked = _hold_versions(version.plan_id)
    version = locked[version.pk]
    if version.status in {Status.DRAFT, Status.SUBMITTED}:
        raise PlanIsNotApproved()
    if version.status != Status.APPROVED:
        raise PlanIsActive()
    _refuse_stale(version, lock_version)
    former = next((found for found in locked.values() if found.status == Status.ACTIVE), None)
    if former is not None:
        former.status = Status.SUPERSEDED
        former.lock_version += 1
        former.save(update_fields=["status", "lock_version"])
    version.status = Status.ACTIVE
    version.activated_by = actor
    version.activated_at = Now()  # by the database's clock
    version.lock_version += 1
    version.save(update_fields=["status", "activated_by", "activated_at", "lock_version"])
    version.refresh_from_db(fields=["activated_at"])
    published = _publish(version, actor)
    facts = {"supersedes": former, "rows": published.rows, "total": published.total, "outside": published.outside}
    audit.record("planning.version.activated", actor=actor, subject=version, number=version.number, **facts)
    return version


@transaction.atomic(durable=True)
def close_version(*, version: PlanVersion, actor: User, as_of: date, lock_version: int) -> PlanVersion:
    """
    Close a plan whose year is over: it stays the one that counted, and is revised no more.

    :raises NotInForce: unless it is the version that counts
    :raises YearIsRunning: before the year has ended
    :raises VersionConflict: where somebody moved it on since
    """
    require(policies.can_plan(actor))
    locked = _hold_versions(version.plan_id)
    version = locked[version.pk]
    if version.status != Status.ACTIVE:
        raise NotInForce(_("Only the version that counts can be closed."))
    _refuse_stale(version, lock_version)
    last = version.plan.fiscal_year.after_date - timedelta(days=1)
    if as_of <= last:
        raise YearIsRunning(_("The year runs until %(day)s; it is closed after that.") % {"day": day(last, "year")})
    if any(found.status in IN_THE_WORKS for found in locked.values()):
        raise DraftExists(_("A draft of this plan is being worked on; decide on it before the year is closed."))
    version.status = Status.CLOSED
    version.closed_by = actor
    version.closed_at = Now()
    version.lock_version += 1
    version.save(update_fields=["status", "closed_by", "closed_at", "lock_version"])
    version.refresh_from_db(fields=["closed_at"])
    audit.record("planning.version.closed", actor=actor, subject=version, number=version.number)
    return version


def targets_state(version: PlanVersion) -> str:
    """Return a mark that changes with every change of a version's targets: how many rows, how many changes of them."""
    found = version.targets.aggregate(rows=Count("pk"), changes=Sum("lock_version"))
    return f"{found['rows']}.{found['changes'] or 0}"


def settled(version: PlanVersion) -> DomainError:
    """Return the refusal that says why a version's targets do not change."""
    match version.status:
        case Status.SUBMITTED:
            return PlanIsSubmitted()
        case Status.APPROVED:
            return PlanIsApproved()
    return PlanIsActive()


@within_transaction
def _hold_versions(plan: int) -> dict[int, PlanVersion]:
    """Hold all versions of a plan alone, in one order: two acts wait for each other, and so does every edit (FOR SHARE)."""
    rows = PlanVersion.objects.select_for_update(of=("self",)).select_related("plan__fiscal_year").filter(plan=plan)
    return {found.pk: found for found in rows.order_by("pk")}


@within_transaction
def _hold_alone(version: PlanVersion) -> PlanVersion:
    """Hold one version alone, as it stands now."""
    return PlanVersion.objects.select_for_update(of=("self",)).select_related("plan__fiscal_year").get(pk=version.pk)


@within_transaction
def _hold_draft(version: PlanVersion) -> None:
    """
    Hold a version as a draft until the end of the transaction.

    Edits share the lock among each other; whoever hands up or activates wants it alone, and an edit that waited for that sees
    its result.

    :raises PlanIsActive, PlanIsSubmitted, PlanIsApproved: for a version that is no draft
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT status FROM planning_planversion WHERE id = %s FOR SHARE", [version.pk])
        (status,) = cursor.fetchone() or ("",)
    if status != Status.DRAFT:
        version.status = status
        raise settled(version)


@within_transaction
def _refuse_held(
    version: PlanVersion,
    actor: User,
    *,
    unit: OrgUnit | None = None,
    person: User | None = None,
    held: queries.Held | None = None,
) -> None:
    """
    Refuse to touch what belongs to a part that is handed up. To be asked with the version held.

    :param held: what holds the version's rows, where many are asked about
    :raises PartIsHeld: naming the part, and what to do
    """
    by = (held or queries.held_parts(version)).stopping(
        actor, unit=unit.pk if unit else None, person=person.pk if person else None
    )
    if by is None:
        return
    facts = {"unit": by.unit}
    if by.status == Submission.Status.APPROVED:
        raise PartIsHeld(_("The part of %(unit)s is approved. Send it back before you change it.") % facts)
    raise PartIsHeld(_("The part of %(unit)s is handed up. It can be changed once it is sent back.") % facts)


def _refuse_stale(version: PlanVersion, lock_version: int) -> None:
    if version.lock_version != lock_version:
        raise VersionConflict(current=version.lock_version)
