"""Keeping what the SMART checks found, and the limits that they judge by."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Invalid, Problem, VersionConflict
from core.transactions import within_transaction
from planning import policies
from planning.models import PlanVersion, SmartFinding, SmartSettings
from planning.queries.smart import LINKED, judged
from teams.models import User

_BATCH = 2_000


@transaction.atomic(durable=True)
def check_targets(*, version: PlanVersion, now: datetime) -> int:
    """
    Judge every target of a draft and keep what was found, for whoever asks later; return how many targets there are.

    What was kept of a version that was handed up stays as it was at plan time: nothing happens.
    """
    version = PlanVersion.objects.select_for_update(of=("self",)).select_related("plan__fiscal_year").get(pk=version.pk)
    return _keep_findings(version, now=now) if version.is_draft else 0


@transaction.atomic(durable=True)
def set_smart_limits(
    *, actor: User, now: datetime, version: int, stretch_below: float, soft_above: float
) -> SmartSettings:
    """
    Set the chances below and above which a target is called stretch or soft.

    :raises VersionConflict: where somebody changed them since they were read
    :raises Invalid: unless stretch lies below soft
    """
    require(policies.can_plan(actor))
    if not 0 <= stretch_below < soft_above <= 1:
        said = _("The limit of stretch lies below that of soft, both between 0 and 100 %.")
        raise Invalid(said, problems=[Problem("stretch_below", said)])
    SmartSettings.objects.bulk_create([SmartSettings()], ignore_conflicts=True)  # the row to lock, made once
    row = SmartSettings.objects.select_for_update().get()
    if row.version != version:
        raise VersionConflict(current=row.version)
    before = [row.stretch_below, row.soft_above]
    row.stretch_below, row.soft_above = stretch_below, soft_above
    row.changed_by, row.changed_at, row.version = actor, now, version + 1
    row.save()
    audit.record(
        "planning.smart.limits_set", actor=actor, subject=row, before=before, after=[stretch_below, soft_above]
    )
    return row


@within_transaction
def _keep_findings(version: PlanVersion, *, now: datetime) -> int:
    """Keep what every check finds now, in place of what it found before."""
    as_of = now.astimezone(ZoneInfo(version.plan.time_zone)).date()
    targets = list(version.targets.select_related(*LINKED).order_by("pk"))
    rows = [
        SmartFinding(
            target_id=key,
            kind=finding.check,
            verdict=finding.verdict,
            facts=dict(finding.facts),
            computed_at=now,
        )
        for key, findings in judged(targets, version=version, as_of=as_of)
        for finding in findings
    ]
    SmartFinding.objects.bulk_create(
        rows,
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["target", "kind"],
        update_fields=["verdict", "facts", "computed_at"],
    )
    return len(targets)
