"""Setting market-share targets, and saying which strategies serve a target and who carries it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.access import require
from core.errors import Problem, VersionConflict
from core.transactions import within_transaction
from customers.models import ProductLine, Region, Strategy
from planning import policies
from planning.models import PlanVersion, ShareTarget, Target, TargetCarrier, TargetStrategy
from teams.models import User

from .refusals import LinkIsInvalid, ShareIsInvalid
from .versions import _hold_draft


@dataclass(frozen=True)
class ShareWish:
    """
    The share of a product line in a region for the year (quarter 0) or a quarter; None takes the target away.

    :param lock_version: the version of the row that the person looked at; 0 = there was none
    """

    product: ProductLine
    region: Region
    quarter: int
    share: float | None
    lock_version: int


@transaction.atomic(durable=True)
def set_share_target(
    *,
    version: PlanVersion,
    product: ProductLine,
    region: Region,
    quarter: int,
    share: float | None,
    lock_version: int,
    actor: User,
    now: datetime,
) -> ShareTarget | None:
    """
    Set the share of a product line in a region for the year (quarter 0) or a quarter; None takes the target away.

    :param lock_version: the version of the row that the person looked at; 0 = there was none
    :raises PlanIsActive: unless the version is a draft
    :raises VersionConflict: where somebody changed it since
    :raises ShareIsInvalid: for a share that is none
    """
    require(policies.can_plan(actor))
    _hold_draft(version)
    wish = ShareWish(product, region, quarter, share, lock_version)
    return _set_share(version, wish, actor=actor, now=now)


@transaction.atomic(durable=True)
def import_share_targets(
    *, version: PlanVersion, wishes: Sequence[ShareWish], actor: User, now: datetime, origin: str
) -> int:
    """
    Set the shares of a file: all of them, or none. Returns how many.

    :param origin: where they came from, for the audit trail
    :raises PlanIsActive, VersionConflict, ShareIsInvalid: as `set_share_target`; nothing is written then
    """
    require(policies.can_plan(actor))
    _hold_draft(version)
    for wish in wishes:
        _set_share(version, wish, actor=actor, now=now, origin=origin)
    return len(wishes)


@within_transaction
def _set_share(
    version: PlanVersion, wish: ShareWish, *, actor: User, now: datetime, **facts: object
) -> ShareTarget | None:
    share, seen = wish.share, wish.lock_version
    if share is not None and not 0 < share <= 1:
        said = _("A share is more than 0% and at most 100%.")
        raise ShareIsInvalid(said, problems=[Problem("share", said)])
    where = {"product": wish.product, "region": wish.region, "quarter": wish.quarter}
    row = ShareTarget.objects.select_for_update().filter(version=version, **where).first()
    if (row.lock_version if row else 0) != seen:
        raise VersionConflict(current=row.lock_version if row else 0)
    was = row.share if row else None
    if share is None:
        if row is not None:
            row.delete()
    elif row is None:
        row = ShareTarget.objects.create(version=version, **where, share=share, set_by=actor, set_at=now)
    else:
        row.share, row.set_by, row.set_at, row.lock_version = share, actor, now, seen + 1
        row.save()
    audit.record("planning.share_target.set", actor=actor, subject=version, was=was, share=share, **where, **facts)
    return row if share is not None else None


@transaction.atomic(durable=True)
def link_target(
    *, target: Target, actor: User, strategies: Sequence[Strategy], carriers: Sequence[tuple[User, str]]
) -> Target:
    """
    Say which strategies serve a target and who carries it as what; both lists replace what stood there.

    It changes no amount, so a target of a version in force may be linked anew.

    :raises LinkIsInvalid: for a person named twice or without a role
    """
    version = target.version
    require(policies.can_set_target(actor, version, unit=target.unit, person=target.person))
    people = [person.pk for person, _role in carriers]
    if len(set(people)) < len(people):
        raise LinkIsInvalid(_("A person carries a target once."))
    if any(not role.strip() for _person, role in carriers):
        raise LinkIsInvalid(_("Say as what each person carries the target."))
    Target.objects.select_for_update().get(pk=target.pk)
    TargetStrategy.objects.filter(target=target).delete()
    TargetCarrier.objects.filter(target=target).delete()
    TargetStrategy.objects.bulk_create(TargetStrategy(target=target, strategy=strategy) for strategy in strategies)
    TargetCarrier.objects.bulk_create(
        TargetCarrier(target=target, person=person, role=role.strip()) for person, role in carriers
    )
    audit.record(
        "planning.target.linked",
        actor=actor,
        subject=target,
        strategies=list(strategies),
        carriers=[[person, role] for person, role in carriers],
    )
    return target
