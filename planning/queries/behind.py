"""The open deals behind a forecast's figure: the end of the drill-down."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import ExpressionWrapper, F, FloatField, Value
from django.db.models.functions import Cast

from core.models import JobRun
from customers.models import Deal
from planning.models import DealForecast
from teams.models import OrgUnit, User

from .forecasts import Node
from .movement import people_of
from .snapshot import PERIODS, SPANS

DEALS_SHOWN = 15


@dataclass(frozen=True)
class DealBehind:
    """An open deal: its chance to be won within the period, and what it is expected to bring there."""

    row: DealForecast
    chance: float
    expected: Decimal


@dataclass(frozen=True)
class Behind:
    """The largest deals behind a node's open pipeline of a period; `count` of them are in the reader's sight."""

    deals: tuple[DealBehind, ...]
    count: int


def deals_behind(*, run: JobRun, node: Node, user: User, period: str) -> Behind:
    """Return the open deals that a night expects to bring most within a period, as far as the user may see them."""
    start, stop = SPANS[PERIODS.index(period)].tolist()
    rows = DealForecast.objects.filter(run=run, deal__in=Deal.objects.visible_to(user))
    if node.unit is None or node.unit.kind != OrgUnit.Kind.COMPANY:
        rows = rows.filter(owner__in=people_of(node, run.business_date))
    before = F(f"p_by_month__{start - 1}") if start else Value(0.0)
    chance = ExpressionWrapper(F(f"p_by_month__{stop - 1}") - before, output_field=FloatField())
    found = (
        rows.annotate(chance=chance)
        .annotate(brings=ExpressionWrapper(F("chance") * Cast("amount", FloatField()), output_field=FloatField()))
        .select_related("deal", "stage", "owner")
        .order_by("-brings", "deal")
    )
    deals = [DealBehind(row, row.chance, Decimal(repr(round(row.brings, 2)))) for row in found[:DEALS_SHOWN]]
    return Behind(tuple(deals), rows.count())
