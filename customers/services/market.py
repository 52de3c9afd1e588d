"""What the company knows about its market, and what it means to do about it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypedDict, Unpack

from django.db import transaction
from django.db.models import F

from core import audit
from core.access import require
from core.errors import VersionConflict
from customers import policies
from customers.models import MarketSize, ProductLine, Region, Strategy
from customers.services import refusals
from teams.models import User


class StrategyFacts(TypedDict, total=False):
    """What is known of a strategy; what is not given stays."""

    name: str
    owner: User
    status: str


@transaction.atomic(durable=True)
def record_market_size(
    *,
    actor: User,
    now: datetime,
    product: ProductLine,
    region: Region,
    first_date: date,
    last_date: date,
    size: Decimal,
    currency: str,
    source: str,
    estimated_date: date,
) -> MarketSize:
    """
    Add an estimate; the newest of a product line, region and period counts, the earlier ones stay as history.

    :raises PeriodEndsEarly, SizeIsNotPositive:
    """
    require(policies.can_keep_market(actor))
    if last_date < first_date:
        raise refusals.PeriodEndsEarly()
    if size <= 0:
        raise refusals.SizeIsNotPositive()
    row = MarketSize.objects.create(
        product=product,
        region=region,
        first_date=first_date,
        after_date=last_date + timedelta(days=1),
        size=size,
        currency=currency.upper(),
        source=source.strip(),
        estimated_date=estimated_date,
        recorded_by=actor,
        recorded_at=now,
    )
    audit.record(
        "customers.market_size.recorded",
        actor=actor,
        subject=row,
        product=product,
        region=region,
        first_date=first_date,
        last_date=last_date,
        size=size,
        currency=row.currency,
        source=row.source,
        estimated_date=estimated_date,
    )
    return row


@transaction.atomic(durable=True)
def add_strategy(*, actor: User, name: str, owner: User, status: str = Strategy.Status.OPEN) -> Strategy:
    """:raises StrategyNameIsTaken:"""
    require(policies.can_keep_market(actor))
    _check_name(name)
    row = Strategy.objects.create(name=name.strip(), owner=owner, status=status)
    audit.record("customers.strategy.added", actor=actor, subject=row, name=row.name, owner=owner, status=status)
    return row


@transaction.atomic(durable=True)
def edit_strategy(*, strategy: Strategy, version: int, actor: User, **facts: Unpack[StrategyFacts]) -> Strategy:
    """
    Rename a strategy, hand it to somebody, call it done or dropped.

    :raises VersionConflict, StrategyNameIsTaken:
    """
    require(policies.can_edit_strategy(actor, strategy))
    if "name" in facts:
        facts["name"] = facts["name"].strip()
        _check_name(facts["name"], but=strategy.pk)
    changed = Strategy.objects.filter(pk=strategy.pk, version=version).update(**facts, version=F("version") + 1)
    current = Strategy.objects.get(pk=strategy.pk)
    if not changed:
        raise VersionConflict(current=current.version, name=current.name, status=current.status)
    audit.record("customers.strategy.edited", actor=actor, subject=current, **facts)
    return current


def _check_name(name: str, *, but: int | None = None) -> None:
    others = Strategy.objects.filter(name__iexact=name.strip())
    if (others if but is None else others.exclude(pk=but)).exists():
        raise refusals.StrategyNameIsTaken()
