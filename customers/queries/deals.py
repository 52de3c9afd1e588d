"""Deals as the board, the list and the deal page show them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum, Window
from django.db.models.functions import RowNumber

from customers.models import Activity, Contact, Deal, DealOwnership, Pipeline, Stage, StageEvent
from teams.models import User

CARDS_A_COLUMN = 25
CARDS_AT_MOST = 500  # even "show all" ends somewhere; the list shows the rest
IDLE_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Totals:
    """How many, how much; `missing` deals have no amount, and a missing amount is not zero."""

    count: int
    amount: Decimal | None
    missing: int


@dataclass
class Column:
    """A stage of the board with its first cards."""

    stage: Stage
    totals: Totals
    deals: list[Deal] = field(default_factory=list)

    @property
    def hidden(self) -> int:
        return self.totals.count - len(self.deals)


@dataclass(frozen=True)
class Step:
    """One line of a deal's history: of its ledger, or a change of owner."""

    at: datetime
    event: StageEvent | None = None
    owner: User | None = None


def deal_list(*, user: User) -> QuerySet[Deal]:
    """Return the visible deals with what a row shows."""
    return (
        Deal.objects.visible_to(user)
        .select_related("customer", "owner", "stage", "pipeline", "product", "region", "channel")
        .with_last_touch()
    )


def totals(deals: QuerySet[Deal]) -> Totals:
    found = deals.order_by().aggregate(**_TOTALS)
    return Totals(found["deal_count"], found["amount_sum"], found["amounts_missing"])


def totals_by_kind(deals: QuerySet[Deal]) -> dict[str, Totals]:
    """Return the totals of the open, the won and the lost deals; a kind without deals is not there."""
    grouped: QuerySet[Any, Any] = deals.order_by().values("stage__kind").annotate(**_TOTALS)
    return {row["stage__kind"]: Totals(row["deal_count"], row["amount_sum"], row["amounts_missing"]) for row in grouped}


def board_columns(
    *, deals: QuerySet[Deal], pipeline: Pipeline, stages: Sequence[Stage], whole: int | None = None
) -> list[Column]:
    """
    Return a column for each open stage in use, and for retired ones in which deals still stand.

    :param deals: the visible deals, filtered as the page asks
    :param whole: key of the stage whose column shows (nearly) all its cards
    """
    here = deals.filter(pipeline=pipeline, stage__kind=Stage.Kind.OPEN)
    grouped: QuerySet[Any, Any] = here.order_by().values("stage").annotate(**_TOTALS)
    sums = {row["stage"]: Totals(row["deal_count"], row["amount_sum"], row["amounts_missing"]) for row in grouped}
    nothing = Totals(0, None, 0)
    columns = {
        stage.pk: Column(stage, sums.get(stage.pk, nothing))
        for stage in stages
        if stage.is_open and (stage.is_active or stage.pk in sums)
    }
    # The keys first: what a card shows besides is looked up for the cards alone, not for every open deal.
    ranked = here.annotate(
        rank=Window(RowNumber(), partition_by=F("stage"), order_by=[F("stage_since").desc(), F("pk").desc()])
    ).filter(Q(rank__lte=CARDS_A_COLUMN) | Q(stage=whole, rank__lte=CARDS_AT_MOST))
    keys = list(ranked.order_by().values_list("pk", flat=True))
    for deal in here.filter(pk__in=keys).order_by("-stage_since", "-pk"):
        columns[deal.stage_id].deals.append(deal)
    return list(columns.values())


def history(deal: Deal) -> list[Step]:
    """Return the deal's history, latest first: the lines of its ledger and its changes of owner."""
    events = deal.events.select_related("from_stage", "to_stage", "actor")
    steps = [Step(event.occurred_at, event=event) for event in events]
    owners = DealOwnership.objects.filter(deal=deal).select_related("owner").order_by("valid_from")[1:]
    steps += [Step(held.valid_from, owner=held.owner) for held in owners]
    return sorted(steps, key=lambda step: (step.at, step.event.seq if step.event else 0), reverse=True)


def activities_of(deal: Deal, *, user: User) -> QuerySet[Activity]:
    """Return what was done about a deal and what is planned: open first by due date, then done, latest first."""
    return (
        Activity.objects.visible_to(user)
        .filter(deal=deal)
        .select_related("person")
        .order_by(F("done_at").desc(nulls_first=True), "due_at", "-pk")
    )


def contacts_of(deal: Deal) -> QuerySet[Contact]:
    return Contact.objects.filter(customer=deal.customer_id) if deal.customer_id else Contact.objects.none()


_TOTALS: dict[str, Any] = {
    "deal_count": Count("pk"),
    "amount_sum": Sum("amount"),
    "amounts_missing": Count("pk", filter=Q(amount__isnull=True)),
}
