"""Customers, pipelines and deals with a true ledger for tests."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count

from customers.models import (
    Activity,
    Channel,
    Customer,
    Deal,
    DealOwnership,
    Pipeline,
    ProductLine,
    Region,
    Stage,
    StageEvent,
)
from teams.models import User
from tests.factories.teams import make_person

_number = count(1)
STAGES = (
    ("Lead", "线索", Stage.Kind.OPEN),
    ("Contacted", "已联系", Stage.Kind.OPEN),
    ("Visited", "已拜访", Stage.Kind.OPEN),
    ("Quoted", "已报价", Stage.Kind.OPEN),
    ("Won", "赢单", Stage.Kind.WON),
    ("Lost", "丢单", Stage.Kind.LOST),
)


def make_pipeline(name: str = "Sales") -> Pipeline:
    pipeline = Pipeline.objects.create(name=name)
    Stage.objects.bulk_create(
        Stage(pipeline=pipeline, name=stage, name_zh=stage_zh, kind=kind, position=position)
        for position, (stage, stage_zh, kind) in enumerate(STAGES, start=1)
    )
    return pipeline


def stage_of(pipeline: Pipeline, name: str) -> Stage:
    return pipeline.stages.get(name=name)


def make_customer(name: str = "", *, owner: User | None = None, **fields: object) -> Customer:
    return Customer.objects.create(name=name or f"Customer {next(_number)}", owner=owner, **fields)


def make_product(name: str = "") -> ProductLine:
    return ProductLine.objects.create(name=name or f"Product {next(_number)}")


def make_region(name: str = "") -> Region:
    return Region.objects.create(name=name or f"Market {next(_number)}")


def make_channel(name: str = "") -> Channel:
    return Channel.objects.create(name=name or f"Channel {next(_number)}")


def make_deal(
    title: str = "",
    *,
    owner: User | None = None,
    customer: Customer | None = None,
    pipeline: Pipeline | None = None,
    path: tuple[str, ...] = ("Lead",),
    amount: Decimal | None = Decimal("1000.00"),
    created: date = date(2026, 1, 5),
    days_in_stage: int = 7,
    **fields: object,
) -> Deal:
    """Make a deal that went the path of stages, `days_in_stage` apart, with its ledger and its owner."""
    owner = owner or make_person()
    pipeline = pipeline or Pipeline.objects.first() or make_pipeline()
    by_name = {stage.name: stage for stage in pipeline.stages.all()}
    stages = [by_name[name] for name in path]
    moments = [
        datetime.combine(created, time(9), UTC) + timedelta(days=days_in_stage * step) for step in range(len(stages))
    ]
    deal = Deal.objects.create(
        title=title or f"Deal {next(_number)}",
        owner=owner,
        customer=customer or make_customer(owner=owner),
        pipeline=pipeline,
        stage=stages[-1],
        amount=amount,
        created_date=created,
        stage_since=moments[-1],
        closed_date=None if stages[-1].is_open else moments[-1].date(),
        version=len(stages),
        last_seq=len(stages),
        **fields,
    )
    DealOwnership.objects.create(deal=deal, owner=owner, valid_from=moments[0])
    events = []
    for seq, (stage, at) in enumerate(zip(stages, moments, strict=True), start=1):
        before = stages[seq - 2] if seq > 1 else None
        back = before is not None and before.is_open and stage.is_open and stage.position < before.position
        kind = StageEvent.Kind.CREATE if before is None else StageEvent.Kind.BACK if back else StageEvent.Kind.MOVE
        if before is not None and not before.is_open:
            kind = StageEvent.Kind.REOPEN
        events.append(
            StageEvent(
                deal=deal,
                seq=seq,
                kind=kind,
                from_stage=before,
                to_stage=stage,
                amount=amount,
                reason="as it was" if kind in (StageEvent.Kind.BACK, StageEvent.Kind.REOPEN) else "",
                actor=owner,
                occurred_at=at,
                recorded_at=at,
            )
        )
    StageEvent.objects.bulk_create(events)
    return deal


def make_activity(
    deal: Deal, *, kind: str = Activity.Kind.CALL, done_at: datetime | None = None, due_at: datetime | None = None
) -> Activity:
    """Make an activity on a deal: done, planned, or planned and then done."""
    return Activity.objects.create(
        kind=kind, deal=deal, customer=deal.customer, person=deal.owner, subject="Ask", done_at=done_at, due_at=due_at
    )
