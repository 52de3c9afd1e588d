from functools import reduce
from operator import and_
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import ProductLine, Region, Tier
from teams.models import OrgUnit, User

from .metrics import Metric
from .plans import PlanVersion


def _months() -> Any:
    return ArrayField(models.DecimalField(max_digits=16, decimal_places=2), size=12)


class PublicationQuerySet(models.QuerySet["Publication"]):
    def visible_to(self, user: User) -> Self:
        """The whole company's sums are for those who plan it."""
        return self if user.sees_everything else self.none()


class Publication(models.Model):
    """What was put into force, by whom: how many targets of which sum, all of it as it was approved."""

    version = models.OneToOneField(PlanVersion, models.PROTECT, related_name="publication")
    rows = models.PositiveIntegerField(_("targets"))
    total = models.DecimalField(
        _("sum of all months"), max_digits=20, decimal_places=2
    )  # a control: every row, whatever it counts
    outside = models.PositiveIntegerField(_("units outside the policy"))
    published_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    published_at = models.DateTimeField()

    objects = PublicationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.version_id}: {self.rows}"


class PublishedBalanceQuerySet(models.QuerySet["PublishedBalance"]):
    def visible_to(self, user: User) -> Self:
        """The balances of the units in reach."""
        if not user.is_active:
            return self.none()
        return self if user.sees_everything else self.filter(unit__in=user.units_in_reach)


class PublishedBalance(models.Model):
    """
    What a unit was asked for when its version was put into force, what stood directly below it, and what had no owner.

    In every month planned + unallocated = asked: the database holds it. Unallocated below zero is over-assigned.
    """

    publication = models.ForeignKey(Publication, models.CASCADE, related_name="balances")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+")
    metric = models.ForeignKey(Metric, models.PROTECT, null=True, blank=True, related_name="+")
    product = models.ForeignKey(ProductLine, models.PROTECT, null=True, blank=True, related_name="+")
    region = models.ForeignKey(Region, models.PROTECT, null=True, blank=True, related_name="+")
    tier = models.CharField(_("customer tier"), max_length=12, choices=Tier, blank=True)
    below = models.PositiveIntegerField(_("targets below"))
    asked, planned, unallocated = _months(), _months(), _months()

    objects = PublishedBalanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["publication", "unit", "metric", "product", "region", "tier"],
                nulls_distinct=False,
                name="publishedbalance_once_of_a_unit_and_scope",
            ),
            models.CheckConstraint(
                condition=reduce(
                    and_, (Q(**{f"asked__{m}": F(f"planned__{m}") + F(f"unallocated__{m}")}) for m in range(12))
                ),
                name="publishedbalance_adds_up_in_every_month",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.publication_id}: unit {self.unit_id}"
