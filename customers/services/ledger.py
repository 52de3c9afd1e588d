"""
The one way in which a deal's history grows.

Every change of a deal is a compare-and-set on its version, then (for what the ledger tells) the next line of the ledger, in one
transaction. Two locks: the version, and the ledger's own unique number per deal.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.db.models import F

from core.errors import VersionConflict
from core.transactions import within_transaction
from customers.models import Deal, DealOwnership, Stage, StageEvent
from customers.services.refusals import AmountIsNegative, ReasonIsMissing, TimeIsOutOfOrder
from teams.models import Company, User

CLOCK_TOLERANCE = timedelta(minutes=5)  # how far a caller's clock may run ahead of ours


def business_date(at: datetime, zone: str) -> date:
    """Return the day on which an instant falls in the company's time zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def current_deal(*, deal: Deal, version: int) -> Deal:
    """Return the deal as it stands now. :raises VersionConflict: if it is not at this version any more"""
    current = Deal.objects.select_related("stage", "pipeline").get(pk=deal.pk)
    if current.version != version:
        raise conflict_over(current)
    return current


def conflict_over(current: Deal) -> VersionConflict:
    """Return the refusal that shows what the deal is now, and who changed it last."""
    last = current.events.select_related("actor").last()
    return VersionConflict(
        current=current.version,
        stage=current.stage_id,
        stage_name=str(current.stage),
        amount=None if current.amount is None else str(current.amount),
        expected_close_date=current.expected_close_date.isoformat() if current.expected_close_date else None,
        changed_by=str(last.actor) if last and last.actor else "",
    )


@within_transaction
def _claim(deal: Deal, **values: object) -> None:
    """
    Write values to the deal unless somebody else wrote first, and count the version up, in the row and in `deal`.

    :raises VersionConflict: with the current values, when the row is no longer at `deal.version`
    """
    taken = Deal.objects.filter(pk=deal.pk, version=deal.version).update(version=F("version") + 1, **values)
    if not taken:
        raise conflict_over(Deal.objects.select_related("stage").get(pk=deal.pk))
    for name, value in values.items():
        setattr(deal, name, value)
    deal.version += 1


@within_transaction
def _append_event(
    *,
    deal: Deal,
    kind: str,
    to_stage: Stage,
    amount: Decimal | None,
    expected_close_date: date | None,
    reason: str,
    actor: User | None,
    occurred_at: datetime,
    now: datetime,
) -> StageEvent:
    """
    Claim the deal at its version, write what the ledger will say of it, and append the line.

    :param deal: as read by `current_deal`; carries the new values afterwards
    :param now: the door's clock; `occurred_at` lies between the previous line and it (five minutes of grace)
    :raises VersionConflict: when somebody was faster
    :raises TimeIsOutOfOrder: when the time lies before the previous line or in the future
    """
    if amount is not None and amount < 0:
        raise AmountIsNegative
    reason = reason.strip()
    if not reason and (kind in (StageEvent.Kind.BACK, StageEvent.Kind.REOPEN) or to_stage.kind == Stage.Kind.LOST):
        raise ReasonIsMissing
    previous = deal.events.get(seq=deal.last_seq)
    if not previous.occurred_at <= occurred_at <= now + CLOCK_TOLERANCE:
        raise TimeIsOutOfOrder
    moved = kind != StageEvent.Kind.AMEND
    _claim(
        deal,
        last_seq=deal.last_seq + 1,
        stage=to_stage,
        amount=amount,
        expected_close_date=expected_close_date,
        stage_since=occurred_at if moved else deal.stage_since,
        closed_date=_closed_date(to_stage, occurred_at) if moved else deal.closed_date,
    )
    return StageEvent.objects.create(
        deal=deal,
        seq=deal.last_seq,
        kind=kind,
        from_stage_id=previous.to_stage_id,
        to_stage=to_stage,
        amount=amount,
        expected_close_date=expected_close_date,
        reason=reason,
        actor=actor,
        occurred_at=occurred_at,
    )


@within_transaction
def _begin_history(*, deal: Deal, actor: User | None, occurred_at: datetime, now: datetime) -> StageEvent:
    """
    Save a new deal with the first line of its ledger and its first owner.

    :param deal: unsaved, with its stage, amount and expected close; dates of creation and stage are set here
    :raises TimeIsOutOfOrder: when the time lies in the future
    """
    if deal.amount is not None and deal.amount < 0:
        raise AmountIsNegative
    if occurred_at > now + CLOCK_TOLERANCE:
        raise TimeIsOutOfOrder
    deal.created_date = business_date(occurred_at, Company.objects.the_one().time_zone)
    deal.stage_since = occurred_at
    deal.save(force_insert=True)
    DealOwnership.objects.create(deal=deal, owner=deal.owner, valid_from=occurred_at)
    return StageEvent.objects.create(
        deal=deal,
        seq=1,
        kind=StageEvent.Kind.CREATE,
        to_stage=deal.stage,
        amount=deal.amount,
        expected_close_date=deal.expected_close_date,
        actor=actor,
        occurred_at=occurred_at,
    )


def _closed_date(stage: Stage, occurred_at: datetime) -> date | None:
    return None if stage.is_open else business_date(occurred_at, Company.objects.the_one().time_zone)
