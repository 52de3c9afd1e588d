"""Customers as their list and their page show them; every sum counts only deals that the reader may see."""

from datetime import date

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from customers.models import Activity, Customer, Deal, Stage
from teams.models import User


def customer_list(*, user: User, won_since: date) -> QuerySet[Customer]:
    """
    Return the visible customers with `open_count`, `open_amount`, `won_amount` (since a day) and `last_activity_at`.
    """
    deals = Deal.objects.visible_to(user).filter(customer=OuterRef("pk")).order_by().values("customer")
    open_deals = deals.filter(stage__kind=Stage.Kind.OPEN)
    won = deals.filter(stage__kind=Stage.Kind.WON, closed_date__gte=won_since)
    done = Activity.objects.visible_to(user).done().filter(customer=OuterRef("pk")).order_by("-done_at")
    return (
        Customer.objects.visible_to(user)
        .select_related("owner", "region")
        .annotate(
            open_count=Coalesce(Subquery(open_deals.annotate(n=Count("pk")).values("n")), 0),
            open_amount=Subquery(open_deals.annotate(s=Sum("amount")).values("s")),
            won_amount=Subquery(won.annotate(s=Sum("amount")).values("s")),
            last_activity_at=Subquery(done.values("done_at")[:1]),
        )
    )


def deals_of(customer: Customer, *, user: User) -> QuerySet[Deal]:
    """Return the visible deals of a customer: open ones first, then the latest closed."""
    return (
        Deal.objects.visible_to(user)
        .filter(customer=customer)
        .select_related("owner", "stage", "pipeline")
        .with_last_touch()
        .order_by(F("closed_date").desc(nulls_first=True), "-stage_since")
    )


def activities_of(customer: Customer, *, user: User) -> QuerySet[Activity]:
    """Return what was done with a customer and what is planned: open first, then done, latest first."""
    return (
        Activity.objects.visible_to(user)
        .filter(customer=customer)
        .select_related("person", "deal")
        .order_by(F("done_at").desc(nulls_first=True), "due_at", "-pk")
    )
