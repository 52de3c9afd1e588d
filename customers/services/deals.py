"""Deals: create, move, reopen, amend, hand over, edit, undo. One service each, version-checked, one audit line."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from customers.models import Channel, Customer, Deal, DealOwnership, Pipeline, ProductLine, Region, Stage, StageEvent
from customers.services import refusals
from customers.services.ledger import _append_event, _begin_history, _claim, current_deal
from teams.models import User

UNDO_WITHIN = timedelta(seconds=30)  # the page offers ten; slow lines and slow hands get the rest


class DealFacts(TypedDict, total=False):
    """What is known of a deal beside its ledger; what is not given stays."""

    title: str
    customer: Customer | None
    product: ProductLine | None
    region: Region | None
    channel: Channel | None
    units: Decimal | None
    cost: Decimal | None


@transaction.atomic(durable=True)
def create_deal(
    *,
    actor: User,
    title: str,
    owner: User,
    pipeline: Pipeline,
    now: datetime,
    customer: Customer | None = None,
    stage: Stage | None = None,
    amount: Decimal | None = None,
    expected_close_date: date | None = None,
    product: ProductLine | None = None,
    region: Region | None = None,
    channel: Channel | None = None,
    units: Decimal | None = None,
    cost: Decimal | None = None,
    occurred_at: datetime | None = None,
) -> Deal:
    """
    Begin a deal in an open stage (the pipeline's first unless given).

    :param occurred_at: when it began in the business; the door's `now` unless given
    :raises OwnerIsOutOfReach, CustomerIsOutOfReach, StageIsNotOpen, StageIsRetired, TimeIsOutOfOrder, AmountIsNegative:
    """
    _check_owner(owner, actor)
    facts = DealFacts(
        title=title.strip(),
        customer=customer,
        product=product,
        region=region,
        channel=channel,
        units=units,
        cost=cost,
    )
    _check_facts(facts, actor)
    stage = stage or pipeline.stages.open().in_use().first()
    if stage is None:
        raise refusals.PipelineNeedsItsStages(_("This pipeline has no open stage in use."))
    _check_target(stage, pipeline)
    if not stage.is_open:
        raise refusals.StageIsNotOpen
    deal = Deal(
        owner=owner, pipeline=pipeline, stage=stage, amount=amount, expected_close_date=expected_close_date, **facts
    )
    _begin_history(deal=deal, actor=actor, occurred_at=occurred_at or now, now=now)
    audit.record("customers.deal.created", actor=actor, subject=deal, owner=owner, stage=stage, amount=amount)
    return deal


@transaction.atomic(durable=True)
def move_deal(
    *,
    deal: Deal,
    to_stage: Stage,
    version: int,
    actor: User,
    now: datetime,
    occurred_at: datetime | None = None,
    reason: str = "",
    amount: Decimal | None = None,
) -> Deal:
    """
    Move an open deal forward, back, to won or to lost.

    :param reason: needed to go back and to lose
    :param amount: the new amount, mostly on winning; None leaves it
    :raises VersionConflict: with the current values, when somebody moved or changed it since
    :raises DealIsClosed, DealStandsThere, StageOfAnotherPipeline, StageIsRetired, ReasonIsMissing, TimeIsOutOfOrder:
    """
    current = current_deal(deal=deal, version=version)
    before = current.stage
    if not before.is_open:
        raise refusals.DealIsClosed
    if to_stage.pk == before.pk:
        raise refusals.DealStandsThere
    _check_target(to_stage, current.pipeline)
    back = to_stage.is_open and to_stage.position < before.position
    _append_event(
        deal=current,
        kind=StageEvent.Kind.BACK if back else StageEvent.Kind.MOVE,
        to_stage=to_stage,
        amount=current.amount if amount is None else amount,
        expected_close_date=current.expected_close_date,
        reason=reason,
        actor=actor,
        occurred_at=occurred_at or now,
        now=now,
    )
    verb = "moved_back" if back else "moved" if to_stage.is_open else to_stage.kind
    audit.record(
        f"customers.deal.{verb}",
        actor=actor,
        subject=current,
        from_stage=before,
        to_stage=to_stage,
        amount=current.amount,
        reason=reason,
        version=current.version,
    )
    return current


@transaction.atomic(durable=True)
def reopen_deal(
    *,
    deal: Deal,
    version: int,
    actor: User,
    now: datetime,
    reason: str,
    to_stage: Stage | None = None,
    occurred_at: datetime | None = None,
) -> Deal:
    """
    Take a won or lost deal back into an open stage: the chosen one, or the one it was closed from.

    :raises VersionConflict, DealIsOpen, StageIsNotOpen, StageIsRetired, ReasonIsMissing, TimeIsOutOfOrder:
    """
    current = current_deal(deal=deal, version=version)
    before = current.stage
    if before.is_open:
        raise refusals.DealIsOpen
    if to_stage is None:
        closing = current.events.exclude(kind=StageEvent.Kind.AMEND).select_related("from_stage").last()
        to_stage = closing.from_stage if closing and closing.from_stage else current.pipeline.stages.open().first()
    assert to_stage is not None  # noqa: S101  # a closed deal was open before, so there is one
    _check_target(to_stage, current.pipeline)
    if not to_stage.is_open:
        raise refusals.StageIsNotOpen
    _append_event(
        deal=current,
        kind=StageEvent.Kind.REOPEN,
        to_stage=to_stage,
        amount=current.amount,
        expected_close_date=current.expected_close_date,
        reason=reason,
        actor=actor,
        occurred_at=occurred_at or now,
        now=now,
    )
    audit.record(
        "customers.deal.reopened",
        actor=actor,
        subject=current,
        from_stage=before,
        to_stage=to_stage,
        reason=reason,
        version=current.version,
    )
    return current


@transaction.atomic(durable=True)
def amend_deal(
    *,
    deal: Deal,
    version: int,
    actor: User,
    now: datetime,
    amount: Decimal | None,
    expected_close_date: date | None,
    reason: str = "",
    occurred_at: datetime | None = None,
) -> Deal:
    """
    Change amount and expected close; the stage stays. None means not known, and is not zero.

    :param reason: needed once the deal is won or lost
    :raises VersionConflict, NothingChanges, ReasonIsMissing, TimeIsOutOfOrder, AmountIsNegative:
    """
    current = current_deal(deal=deal, version=version)
    before = {"amount": current.amount, "expected_close_date": current.expected_close_date}
    if before == {"amount": amount, "expected_close_date": expected_close_date}:
        raise refusals.NothingChanges(_("Neither the amount nor the expected close is different."))
    if not current.stage.is_open and not reason.strip():
        raise refusals.ReasonIsMissing
    _append_event(
        deal=current,
        kind=StageEvent.Kind.AMEND,
        to_stage=current.stage,
        amount=amount,
        expected_close_date=expected_close_date,
        reason=reason,
        actor=actor,
        occurred_at=occurred_at or now,
        now=now,
    )
    audit.record(
        "customers.deal.amended",
        actor=actor,
        subject=current,
        before=before,
        amount=amount,
        expected_close_date=expected_close_date,
        reason=reason,
        version=current.version,
    )
    return current


@transaction.atomic(durable=True)
def hand_over_deal(
    *, deal: Deal, to: User, version: int, actor: User, now: datetime, occurred_at: datetime | None = None
) -> Deal:
    """
    Give a deal to another person of the actor's reach. Stage, history and past credit stay as they are.

    :param occurred_at: from when it is theirs; after the present owner took it, and not in the future
    :raises VersionConflict, OwnerIsOutOfReach, OwnerHasItAlready, TimeIsOutOfOrder:
    """
    current = current_deal(deal=deal, version=version)
    at = occurred_at or now
    _check_owner(to, actor)
    if to.pk == current.owner_id:
        raise refusals.OwnerHasItAlready
    before = current.owner_id
    _claim(current, owner=to)
    held = current.ownerships.get(valid_to=None)
    if not held.valid_from < at <= now:
        raise refusals.TimeIsOutOfOrder(
            _("The time must lie after the present owner took the deal, and not in the future.")
        )
    held.valid_to = at
    held.save(update_fields=["valid_to"])
    DealOwnership.objects.create(deal=current, owner=to, valid_from=at)
    audit.record(
        "customers.deal.handed_over", actor=actor, subject=current, before=before, owner=to, version=current.version
    )
    return current


@transaction.atomic(durable=True)
def edit_deal(*, deal: Deal, version: int, actor: User, **facts: Unpack[DealFacts]) -> Deal:
    """
    Change what is known of a deal beside its ledger: title, customer, product line, region, channel, units, cost.

    :raises VersionConflict, CustomerIsOutOfReach, WordIsRetired, AmountIsNegative:
    """
    current = current_deal(deal=deal, version=version)
    changed = {name: value for name, value in facts.items() if getattr(current, name) != value}
    if not changed:
        return current
    _check_facts(changed, actor)
    before = {name: getattr(current, name) for name in changed}
    _claim(current, **changed)
    audit.record(
        "customers.deal.edited",
        actor=actor,
        subject=current,
        changes={name: [before[name], value] for name, value in changed.items()},
        version=current.version,
    )
    return current


@transaction.atomic(durable=True)
def undo_move(*, deal: Deal, version: int, actor: User, now: datetime) -> Deal:
    """
    Take back one's own last move, seconds after it: a further line of the ledger that leads back, nothing is erased.

    What the move changed beside the stage (the amount on winning) returns too.

    :raises VersionConflict: when anything happened to the deal since the move
    :raises UndoIsTooLate: when the last line is not one's own move, or older than `UNDO_WITHIN`
    """
    current = current_deal(deal=deal, version=version)
    last = current.events.select_related("from_stage").get(seq=current.last_seq)
    undoable = (StageEvent.Kind.MOVE, StageEvent.Kind.BACK, StageEvent.Kind.REOPEN)
    if last.kind not in undoable or last.actor_id != actor.pk or now - last.recorded_at > UNDO_WITHIN:
        raise refusals.UndoIsTooLate(_("It is too late to undo this. Move the deal instead."))
    before, target = current.stage, last.from_stage
    assert target is not None  # noqa: S101  # only a first line has none
    earlier = current.events.get(seq=last.seq - 1)
    back = before.is_open and target.is_open and target.position < before.position
    _append_event(
        deal=current,
        kind=StageEvent.Kind.REOPEN if not before.is_open else StageEvent.Kind.BACK if back else StageEvent.Kind.MOVE,
        to_stage=target,
        amount=earlier.amount,
        expected_close_date=earlier.expected_close_date,
        reason=_("Undone at once"),
        actor=actor,
        occurred_at=max(now, last.occurred_at),
        now=now,
    )
    audit.record(
        "customers.deal.move_undone",
        actor=actor,
        subject=current,
        from_stage=before,
        to_stage=target,
        version=current.version,
    )
    return current


def _check_target(stage: Stage, pipeline: Pipeline) -> None:
    if stage.pipeline_id != pipeline.pk:
        raise refusals.StageOfAnotherPipeline
    if not stage.is_active:
        raise refusals.StageIsRetired


def _check_owner(owner: User, actor: User) -> None:
    if not User.objects.visible_to(actor).active().filter(pk=owner.pk).exists():
        raise refusals.OwnerIsOutOfReach


def _check_facts(facts: DealFacts | dict[str, object], actor: User) -> None:
    customer = facts.get("customer")
    if isinstance(customer, Customer) and not Customer.objects.visible_to(actor).filter(pk=customer.pk).exists():
        raise refusals.CustomerIsOutOfReach
    for name in ("product", "region", "channel"):
        word = facts.get(name)
        if isinstance(word, ProductLine | Region | Channel) and not word.is_active:
            raise refusals.WordIsRetired(name)
    for name in ("units", "cost"):
        number = facts.get(name)
        if isinstance(number, Decimal) and number < 0:
            raise refusals.AmountIsNegative(field=name)
