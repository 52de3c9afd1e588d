"""The full quota of a person, or of everybody in a unit, typed by those above."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Problem, VersionConflict
from planning import policies
from planning.models import FullQuota, Plan
from teams.models import OrgUnit, User

from .refusals import AmountIsInvalid


@transaction.atomic(durable=True)
def set_full_quota(
    *,
    plan: Plan,
    actor: User,
    amount: Decimal | None,
    version: int,
    unit: OrgUnit | None = None,
    person: User | None = None,
) -> FullQuota:
    """
    Say what somebody brings in a plan's year who is ramped up and there full time.

    :param amount: None = not typed any more; what the unit above or last year says holds again
    :param version: the one that was read, 0 where nothing was typed
    :raises VersionConflict: somebody else was faster
    :raises AmountIsInvalid: unless it is above zero
    :raises NotAllowed: for one's own, or one out of reach
    """
    require(policies.can_set_full_quota(actor, unit=unit, person=person))
    if amount is not None and amount <= 0:
        message = _("A full quota is above zero; leave it blank where none is set.")
        raise AmountIsInvalid(message, problems=[Problem("amount", message)])
    Plan.objects.select_for_update().get(pk=plan.pk)  # the first row of a unit or person is made once
    row = FullQuota.objects.select_for_update().filter(plan=plan, unit=unit, person=person).first()
    row = row or FullQuota(plan=plan, unit=unit, person=person, version=0)
    if row.version != version:
        raise VersionConflict(current=row.version, amount=str(row.amount))
    before = row.amount
    row.amount, row.changed_by, row.version = amount, actor, version + 1
    row.save()
    audit.record(
        "planning.full_quota.set", actor=actor, subject=row, unit=unit, person=person, before=before, amount=amount
    )
    return row
