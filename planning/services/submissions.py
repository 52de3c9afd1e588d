"""
Handing a draft up the tree: a manager the part of a unit, the plan owner the whole. Somebody above approves, or sends back.

Every act locks the version alone; an edit shares that lock, so that nothing changes under what is handed up.
"""

from datetime import date

from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import audit
from core.access import require
from core.errors import Problem, VersionConflict
from core.transactions import within_transaction
from planning import policies, queries
from planning.models import MONTHS, PlanVersion, Submission
from teams.models import OrgUnit, User

from .refusals import (
    AlreadySubmitted,
    ChecksFailed,
    CommentIsMissing,
    NotDecidable,
    OwnSubmission,
    PartsAreOpen,
    PlanHasChanged,
    PlanHasNoTargets,
)
from .smart import _keep_findings
from .versions import _hold_alone, _hold_versions, _refuse_held, settled, targets_state

Status = PlanVersion.Status


@transaction.atomic(durable=True)
def submit_part(
    *, version: PlanVersion, unit: OrgUnit, actor: User, as_of: date, reason: str = "", seen: str | None = None
) -> Submission:
    """
    Hand up what is planned below a unit, to whoever manages the unit above.

    :param reason: why it is handed up although SMART checks fail; needed only then
    :param seen: the state of the version's targets that the person looked at (`targets_state`); None = whatever it is now
    :raises PlanIsActive, PlanIsSubmitted, PlanIsApproved: unless the version is a draft
    :raises AlreadySubmitted: where this part, or one that it belongs to, is handed up already
    :raises PartsAreOpen: where a part within it waits for a decision
    :raises PlanHasNoTargets, PlanHasChanged, ChecksFailed: as they say
    """
    require(policies.can_submit(actor, unit))
    version = _hold_alone(version)
    if not version.is_draft:
        raise settled(version)
    if Submission.objects.open().filter(plan_version=version, unit=unit).exists():
        raise AlreadySubmitted(_("This part is handed up already."))
    _refuse_held(version, actor, unit=unit)
    made = _submit(version=version, unit=unit, actor=actor, as_of=as_of, reason=reason, seen=seen)
    audit.record("planning.part.submitted", actor=actor, subject=made, **_facts(made))
    return made


@transaction.atomic(durable=True)
def submit_version(
    *, version: PlanVersion, actor: User, as_of: date, lock_version: int, reason: str = "", seen: str | None = None
) -> Submission:
    """
    Hand up a whole draft. Its targets are locked until it is sent back.

    :param lock_version: the version's own, as the person saw it
    :raises VersionConflict: where somebody moved the version on since
    :raises PlanIsActive, PlanIsSubmitted, PlanIsApproved, PartsAreOpen, PlanHasNoTargets, PlanHasChanged, ChecksFailed: as
        `submit_part`
    """
    require(policies.can_plan(actor))
    version = _hold_alone(version)
    if not version.is_draft:
        raise settled(version)
    if version.lock_version != lock_version:
        raise VersionConflict(current=version.lock_version)
    made = _submit(version=version, unit=None, actor=actor, as_of=as_of, reason=reason, seen=seen)
    _keep_findings(version, now=made.submitted_at)  # as whoever decides on it finds them
    _move(version, Status.SUBMITTED)
    audit.record("planning.version.submitted", actor=actor, subject=version, submission=made, **_facts(made))
    return made


@transaction.atomic(durable=True)
def approve_submission(*, submission: Submission, version: int, actor: User, seen: str | None = None) -> Submission:
    """
    Approve a part, or the whole: then the version never changes again, and takes effect once it is activated.

    :param version: the submission's own, as the person saw it
    :param seen: the state of the targets that the person looked at
    :raises OwnSubmission: for one's own
    :raises NotDecidable: where it is decided already, or its plan has moved on
    :raises VersionConflict, PlanHasChanged: where somebody changed it, or a target, since
    """
    plan_version, submission = _hold_for_decision(submission, version, actor)
    if submission.status != Submission.Status.SUBMITTED:
        raise NotDecidable(_("This is decided already."))
    if seen is not None and seen != targets_state(plan_version):
        raise PlanHasChanged(_("Somebody changed targets since you looked. Look again, then decide."))
    _refuse_open_parts(plan_version, submission.unit)
    _decide(submission, Submission.Status.APPROVED, actor)
    if submission.unit is not None:
        audit.record("planning.part.approved", actor=actor, subject=submission, **_facts(submission))
        return submission
    former = plan_version.plan.versions.filter(status=Status.APPROVED).first()
    if former is not None:  # it never took effect, and never will
        _move(former, Status.SUPERSEDED)
    _move(plan_version, Status.APPROVED)
    facts = {"submission": submission, "supersedes": former, **_facts(submission)}
    audit.record("planning.version.approved", actor=actor, subject=plan_version, **facts)
    return submission


@transaction.atomic(durable=True)
def send_back(*, submission: Submission, version: int, actor: User, comment: str) -> Submission:
    """
    Send a part, or the whole, back to be worked on. An approved part too, as long as nothing above it is handed up.

    :raises CommentIsMissing: without saying why
    :raises OwnSubmission, NotDecidable, VersionConflict: as `approve_submission`
    """
    if not comment.strip():
        message = _("Say what is to be changed.")
        raise CommentIsMissing(message, problems=[Problem("comment", message)])
    plan_version, submission = _hold_for_decision(submission, version, actor)
    if submission.status == Submission.Status.SENT_BACK:
        raise NotDecidable(_("This was sent back already."))
    if submission.unit is not None:
        _refuse_held(plan_version, actor, unit=submission.unit)
    _decide(submission, Submission.Status.SENT_BACK, actor, comment.strip())
    if submission.unit is not None:
        audit.record("planning.part.sent_back", actor=actor, subject=submission, **_facts(submission))
        return submission
    _move(plan_version, Status.DRAFT)
    facts = {"submission": submission, **_facts(submission)}
    audit.record("planning.version.sent_back", actor=actor, subject=plan_version, **facts)
    return submission


@within_transaction
def _submit(
    *, version: PlanVersion, unit: OrgUnit | None, actor: User, as_of: date, reason: str, seen: str | None
) -> Submission:
    extent = queries.extent_of(unit)
    if not extent.targets(version).exists():
        raise PlanHasNoTargets(_("There is no target in it yet. Set one first."))
    if seen is not None and seen != targets_state(version):
        raise PlanHasChanged(_("Somebody changed targets since you looked. Look again, then hand it up."))
    _refuse_open_parts(version, unit)
    failed = queries.failures(version=version, extent=extent, user=actor, as_of=as_of)
    reason = reason.strip()
    if failed and not reason:
        message = ngettext(
            "%(count)d check fails. Mend it, or say why the plan is handed up nevertheless.",
            "%(count)d checks fail. Mend them, or say why the plan is handed up nevertheless.",
            len(failed),
        ) % {"count": len(failed)}
        raise ChecksFailed(message, problems=[Problem("reason", message)])
    rounds = Submission.objects.filter(plan_version=version, unit=unit).aggregate(last=Max("round"))
    made = Submission.objects.create(
        plan_version=version,
        unit=unit,
        round=(rounds["last"] or 0) + 1,
        failed=[failure.plain for failure in failed],
        reason=reason if failed else "",
        submitted_by=actor,
        submitted_at=Now(),
    )
    _keep_targets(made, extent)
    made.refresh_from_db()
    return made


@within_transaction
def _keep_targets(submission: Submission, extent: queries.Extent) -> None:
    """Keep what every target of the part asks for, in one statement."""
    rows, parameters = extent.targets(submission.plan_version).order_by().values("pk", *MONTHS).query.sql_with_params()
    months = ", ".join(f"rows.{month}" for month in MONTHS)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO planning_submittedtarget (submission_id, target_id, months) "  # noqa: S608  # columns of ours
            f"SELECT %s, rows.pk, ARRAY[{months}] FROM ({rows}) AS rows",
            [submission.pk, *parameters],
        )


@within_transaction
def _hold_for_decision(submission: Submission, version: int, actor: User) -> tuple[PlanVersion, Submission]:
    if actor.pk == submission.submitted_by_id:
        raise OwnSubmission(_("Nobody decides on what they handed up themselves."))
    require(policies.can_decide(actor, submission))
    plan_version = _hold_versions(submission.plan_version.plan_id)[submission.plan_version_id]
    held = Submission.objects.select_for_update(of=("self",)).select_related("unit").get(pk=submission.pk)
    if held.version != version:
        raise VersionConflict(current=held.version)
    wanted = Status.DRAFT if held.unit_id else Status.SUBMITTED
    if plan_version.status != wanted:
        raise NotDecidable(_("The plan has moved on; this is decided with it."))
    held.plan_version = plan_version
    return plan_version, held


@within_transaction
def _refuse_open_parts(version: PlanVersion, unit: OrgUnit | None) -> None:
    waiting = queries.undecided_below(version, queries.extent_of(unit))
    if waiting:
        names = ", ".join(str(row.unit) for row in waiting[:5])
        raise PartsAreOpen(_("First decide on the parts that were handed up: %(names)s.") % {"names": names})


@within_transaction
def _decide(submission: Submission, status: str, actor: User, comment: str = "") -> None:
    submission.status = status
    submission.decided_by = actor
    submission.decided_at = Now()  # by the database's clock
    submission.comment = comment
    submission.version += 1
    submission.save(update_fields=["status", "decided_by", "decided_at", "comment", "version"])
    submission.refresh_from_db(fields=["decided_at"])


@within_transaction
def _move(version: PlanVersion, status: str) -> None:
    version.status = status
    version.lock_version += 1
    version.save(update_fields=["status", "lock_version"])


def _facts(submission: Submission) -> dict[str, object]:
    return {
        "unit": submission.unit.name if submission.unit else None,
        "round": submission.round,
        "failed": len(submission.failed),
        "reason": submission.reason,
        "comment": submission.comment,
    }
