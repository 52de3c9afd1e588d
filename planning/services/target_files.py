"""Taking over the rows of a file: all of them, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from core import audit
from core.access import require
from core.transactions import within_transaction
from planning import policies, queries
from planning.models import MONTHS, PLAIN, Override, PlanVersion, Scope, Target
from teams.models import OrgUnit, User

from .months import _told
from .targets import _refuse_other_total, _row, _write


@dataclass(frozen=True)
class RowMonths:
    """One row of a file: whose target, of what, the twelve months, and the version of the row that the file was made from."""

    unit: OrgUnit | None
    person: User | None
    months: Sequence[Decimal]
    lock_version: int
    scope: Scope = PLAIN


@transaction.atomic(durable=True)
def import_targets(
    *, version: PlanVersion, rows: Sequence[RowMonths], reason: str, actor: User, now: datetime
) -> list[Target]:
    """
    Set the months of many rows at once, each as if it had been typed: months that differ are set by hand, with this reason.

    :raises VersionConflict: where somebody changed one of the rows since; nothing is written then
    :raises NotAllowed: for a row out of reach, or the own
    :raises TotalIsLocked, AmountIsInvalid, PlanIsActive: as `set_target`
    """
    reach = policies.target_reach(actor)
    require(PlanVersion.objects.visible_to(actor).filter(pk=version.pk).exists())
    for row in rows:
        require(reach.covers(unit=row.unit.pk if row.unit else None, person=row.person.pk if row.person else None))
    written = [_take_over(version, row, Override(reason, actor.pk, now), actor) for row in rows]
    audit.record("planning.targets.imported", actor=actor, subject=version, rows=len(written), reason=reason)
    return written


@within_transaction
def _take_over(version: PlanVersion, given: RowMonths, told: Override, actor: User) -> Target:
    row = _row(version, given.unit, given.person, given.scope)
    columns: dict[str, object] = {}
    split = str(Target.Split.MANUAL)
    if row is not None and row.lock_version == given.lock_version:
        _refuse_other_total(row, given.months)
        was = dict(zip(MONTHS, queries.months_of(row), strict=True))
        amounts = dict(zip(MONTHS, given.months, strict=True))
        changed = [month for month in MONTHS if amounts[month] != was[month]]
        if len(changed) < len(MONTHS):
            by_hand = {month: _told(row, month, amounts[month], told) for month in changed}
            columns, split = {"overrides": {**row.overrides, **by_hand}}, row.split
    return _write(
        version=version,
        unit=given.unit,
        person=given.person,
        scope=given.scope,
        months=given.months,
        split=split,
        actor=actor,
        lock_version=given.lock_version,
        event="planning.target.set",
        columns=columns,
        origin=told.reason,
    )
