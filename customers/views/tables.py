"""The columns of the lists, and how each is sorted: what is missing comes last in both directions."""

from typing import Any

import django_tables2 as tables
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

ROWS_A_PAGE = 25


class MissingLast(tables.Column):
    """A column whose rows without a value stand at the end, however it is sorted."""

    def order(self, queryset: QuerySet[Any], is_descending: bool) -> tuple[QuerySet[Any], bool]:
        fields = [F(field) for field in str(self.accessor).split(",")]
        ways = [field.desc(nulls_last=True) if is_descending else field.asc(nulls_last=True) for field in fields]
        return queryset.order_by(*ways, "-pk"), True


class DealTable(tables.Table):
    """Deals: what the list shows of each."""

    title = MissingLast(verbose_name=_("Deal"))
    customer = MissingLast(accessor="customer__name", verbose_name=_("Customer"))
    stage = MissingLast(accessor="stage__position", verbose_name=_("Stage"))
    amount = MissingLast(verbose_name=_("Amount"), attrs={"th": {"class": "num"}})
    expected_close_date = MissingLast(verbose_name=_("Expected close"))
    closed_date = MissingLast(verbose_name=_("Closed"))
    owner = MissingLast(accessor="owner__name", verbose_name=_("Owner"))
    touched_at = MissingLast(verbose_name=_("Last touch"))

    class Meta:
        orderable = True
        template_name = "customers/_deal_table.html"


class CustomerTable(tables.Table):
    """Customers: what the list shows of each."""

    name = MissingLast(verbose_name=_("Customer"))
    owner = MissingLast(accessor="owner__name", verbose_name=_("Owner"))
    region = MissingLast(accessor="region__name", verbose_name=_("Market region"))
    open_count = MissingLast(verbose_name=_("Open deals"), attrs={"th": {"class": "num"}})
    open_amount = MissingLast(verbose_name=_("Open amount"), attrs={"th": {"class": "num"}})
    won_amount = MissingLast(verbose_name=_("Won this year"), attrs={"th": {"class": "num"}})
    last_activity_at = MissingLast(verbose_name=_("Last activity"))

    class Meta:
        orderable = True
        order_by = "name"
        template_name = "customers/_customer_table.html"
