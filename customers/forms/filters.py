"""How the board and the list are narrowed: every filter is a query of the address, so that a view can be kept and sent."""

from datetime import datetime, timedelta
from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from customers.models import Channel, Customer, Deal, ProductLine, Region, Stage, Tier
from customers.models.deals import DealQuerySet
from teams.models import User

_DATE = forms.DateInput(attrs={"type": "date"})


def _people(request: Any) -> QuerySet[User]:
    people: QuerySet[User] = User.objects.visible_to(request.user).order_by("name", "pk")
    return people


def _search(deals: DealQuerySet, _name: str, words: str) -> DealQuerySet:
    return deals.matching(words)


class Narrowing(filters.FilterSet):
    """Filters whose choices are read once: the page asks whether there are any, and then draws them."""

    @property
    def form(self) -> Any:
        fresh = not hasattr(self, "_form")
        form = super().form
        if fresh:
            for field in form.fields.values():
                if isinstance(field, forms.ModelChoiceField):
                    field.widget.choices = list(field.widget.choices)
        return form


class BoardFilter(Narrowing):
    """The few filters of the board."""

    q = filters.CharFilter(method="search", label=_("Search"), max_length=100)
    owner = filters.ModelChoiceFilter(queryset=_people, label=_("Owner"), empty_label=_("Everybody"))
    product = filters.ModelChoiceFilter(
        queryset=ProductLine.objects.all(), label=_("Product line"), empty_label=_("All product lines")
    )
    region = filters.ModelChoiceFilter(
        queryset=Region.objects.all(), label=_("Market region"), empty_label=_("All market regions")
    )
    channel = filters.ModelChoiceFilter(
        queryset=Channel.objects.all(), label=_("Lead source"), empty_label=_("All lead sources")
    )

    class Meta:
        model = Deal
        fields: list[str] = []

    search = staticmethod(_search)

    shown_first = frozenset({"q", "owner", "state", "stage"})

    @property
    def active(self) -> set[str]:
        """The names of the filters that narrow the page."""
        data = getattr(self.form, "cleaned_data", {}) if self.form.is_valid() else {}
        return {name for name, value in data.items() if value not in (None, "")}

    @property
    def is_narrowed(self) -> bool:
        """Whether one of the further filters is set, so that they have to be seen."""
        return bool(self.active - self.shown_first)


class DealFilter(BoardFilter):
    """All filters of the list."""

    state = filters.ChoiceFilter(
        field_name="stage__kind", choices=Stage.Kind.choices, label=_("State"), empty_label=_("Open and closed")
    )
    stage = filters.ModelChoiceFilter(
        queryset=Stage.objects.select_related("pipeline"), label=_("Stage"), empty_label=_("All stages")
    )
    customer = filters.CharFilter(field_name="customer__name", lookup_expr="icontains", label=_("Customer"))
    closed_from = filters.DateFilter(field_name="closed_date", lookup_expr="gte", label=_("Closed from"), widget=_DATE)
    closed_to = filters.DateFilter(field_name="closed_date", lookup_expr="lte", label=_("Closed until"), widget=_DATE)
    created_from = filters.DateFilter(
        field_name="created_date", lookup_expr="gte", label=_("Created from"), widget=_DATE
    )
    created_to = filters.DateFilter(
        field_name="created_date", lookup_expr="lte", label=_("Created until"), widget=_DATE
    )
    amount_min = filters.NumberFilter(field_name="amount", lookup_expr="gte", label=_("Amount from"), min_value=0)
    amount_max = filters.NumberFilter(field_name="amount", lookup_expr="lte", label=_("Amount up to"), min_value=0)
    idle_days = filters.NumberFilter(
        method="idle", label=_("Idle for at least (days)"), min_value=0, max_value=3650, decimal_places=0
    )
    missing = filters.ChoiceFilter(
        method="lacking",
        label=_("What is missing"),
        empty_label=_("Whatever is known"),
        choices=[("amount", _("Amount is missing")), ("close", _("Expected close is missing"))],
    )

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now

    def idle(self, deals: QuerySet[Deal], _name: str, days: Any) -> QuerySet[Deal]:
        touched: QuerySet[Any] = deals.filter(stage__kind=Stage.Kind.OPEN)
        return touched.filter(touched_at__lte=self.now - timedelta(days=int(days)))

    def lacking(self, deals: QuerySet[Deal], _name: str, what: str) -> QuerySet[Deal]:
        return deals.filter(amount=None) if what == "amount" else deals.filter(expected_close_date=None)


class CustomerFilter(Narrowing):
    """The filters of the customers' list."""

    q = filters.CharFilter(method="search", label=_("Search"), max_length=100)
    owner = filters.ModelChoiceFilter(queryset=_people, label=_("Owner"), empty_label=_("Everybody"))
    region = filters.ModelChoiceFilter(
        queryset=Region.objects.all(), label=_("Market region"), empty_label=_("All market regions")
    )
    tier = filters.ChoiceFilter(choices=Tier.choices, label=_("Customer tier"), empty_label=_("All tiers"))

    class Meta:
        model = Customer
        fields: list[str] = []

    def search(self, customers: QuerySet[Customer], _name: str, words: str) -> QuerySet[Customer]:
        for word in words.split()[:8]:
            customers = customers.filter(
                Q(name__icontains=word) | Q(industry__icontains=word) | Q(external_id__iexact=word)
            )
        return customers
