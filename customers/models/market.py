from datetime import date, timedelta
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from teams.models import User

from .pipelines import ProductLine, Region


class MarketSizeQuerySet(models.QuerySet["MarketSize"]):
    def visible_to(self, user: User) -> Self:
        """What the company knows about its market is for those who plan with it: managers and plan owners."""
        return self if user.is_active and user.is_manager else self.none()

    def in_force(self) -> Self:
        """The newest estimate of each product line, region and period; of one day's the last one recorded."""
        cell = ("product_id", "region_id", "first_date", "after_date")
        newest = MarketSize.objects.order_by(*cell, "-estimated_date", "-pk").distinct(*cell).values("pk")
        return self.filter(pk__in=newest)


class MarketSize(models.Model):
    """
    An estimate of what all suppliers together sell of a product line in a region in the days [first_date, after_date).

    Estimates are added and never changed: the newest counts, the earlier ones stay as history.
    """

    product = models.ForeignKey(
        ProductLine, models.PROTECT, related_name="market_sizes", verbose_name=_("product line")
    )
    region = models.ForeignKey(Region, models.PROTECT, related_name="market_sizes", verbose_name=_("market region"))
    first_date = models.DateField(_("first day"))
    after_date = models.DateField(_("first day after"))
    size: "models.DecimalField[Decimal, Decimal]" = models.DecimalField(
        _("market size"), max_digits=16, decimal_places=2
    )
    currency = models.CharField(_("currency"), max_length=3)
    source = models.CharField(_("source"), max_length=200)
    estimated_date = models.DateField(_("estimated on"))
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    objects = MarketSizeQuerySet.as_manager()

    class Meta:
        ordering = ["product", "region", "-first_date", "-estimated_date", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(size__gt=0), name="marketsize_is_positive"),
            models.CheckConstraint(condition=Q(after_date__gt=F("first_date")), name="marketsize_period_has_days"),
            models.CheckConstraint(condition=~Q(source=""), name="marketsize_has_a_source"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.region_id} {self.first_date}"

    @property
    def last_date(self) -> date:
        return self.after_date - timedelta(days=1)

    @property
    def days(self) -> int:
        span: int = (self.after_date - self.first_date).days
        return span

    def share_of(self, first: date, after: date) -> Decimal:
        """The part of the size that falls into [first, after), day by day alike."""
        inside = (min(after, self.after_date) - max(first, self.first_date)).days
        return self.size * max(inside, 0) / self.days


class StrategyQuerySet(models.QuerySet["Strategy"]):
    def visible_to(self, user: User) -> Self:
        """What the company wants is for everybody who works here to know."""
        return self if user.is_active else self.none()

    def open(self) -> Self:
        return self.filter(status=Strategy.Status.OPEN)


class Strategy(models.Model):
    """What the company means to do about its market, and who answers for it. `version` counts the changes."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        DONE = "done", _("Done")
        DROPPED = "dropped", _("Dropped")

    name = models.CharField(_("name"), max_length=160, unique=True)
    owner = models.ForeignKey(User, models.PROTECT, related_name="strategies", verbose_name=_("owner"))
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    version = models.PositiveIntegerField(default=1)

    objects = StrategyQuerySet.as_manager()

    class Meta:
        ordering = ["status", "name", "pk"]
        verbose_name_plural = "strategies"

    def __str__(self) -> str:
        return self.name
