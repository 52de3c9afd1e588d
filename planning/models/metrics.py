from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Stage
from customers.models.pipelines import Named

REVENUE = "revenue"  # the metric of every target that names none


class MetricQuerySet(models.QuerySet["Metric"]):
    def in_use(self) -> Self:
        return self.filter(is_active=True)


class Metric(Named):
    """
    What a target counts, and what counts as achieved: the definition of "actual" as data.

    The sentence that every report prints is made from these columns (`planning.queries.metrics`), so that it cannot say one
    thing while the figures do another. A row that a target uses is not changed; a changed mind is a new metric.
    """

    class Unit(models.TextChoices):
        MONEY = "money", _("Money")
        COUNT = "count", _("Count")
        PERCENT = "percent", _("Per cent")

    class Kind(models.TextChoices):
        REVENUE = "revenue", _("Amounts of won deals")
        MARGIN = "margin", _("Gross margin of won deals")
        UNITS = "units", _("Units of won deals")
        WINS = "wins", _("Number of won deals")
        CUSTOMERS = "customers", _("New customers")
        ENTRIES = "entries", _("Deals that entered a stage")
        RATE = "rate", _("Rate from one stage to another")

    class Day(models.TextChoices):
        EVENT = "event", _("the day it happened")
        CREATED = "created", _("the day the deal was created")

    class Tax(models.TextChoices):
        RECORDED = "recorded", _("as recorded")
        NET = "net", _("net of tax")
        GROSS = "gross", _("with tax")

    code = models.SlugField(_("code"), max_length=40, primary_key=True)
    kind = models.CharField(_("counts"), max_length=10, choices=Kind)
    unit = models.CharField(_("unit"), max_length=8, choices=Unit)
    stage = models.ForeignKey(
        Stage, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("stage reached")
    )
    from_stage = models.ForeignKey(
        Stage, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("stage it starts from")
    )
    day = models.CharField(_("counted on"), max_length=8, choices=Day, default=Day.EVENT)
    tax = models.CharField(_("amounts are"), max_length=8, choices=Tax, default=Tax.RECORDED)
    takes_off_reopened = models.BooleanField(_("takes off what was reopened or returned"), default=True)

    objects = MetricQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name", "code"]
        constraints = [
            models.UniqueConstraint(fields=["name"], name="metric_name_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["revenue", "margin"], unit="money")
                | Q(kind__in=["units", "wins", "customers", "entries"], unit="count")
                | Q(kind="rate", unit="percent"),
                name="metric_unit_fits_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind="entries", stage__isnull=False, from_stage__isnull=True)
                | Q(kind="rate", stage__isnull=False, from_stage__isnull=False)
                | (~Q(kind__in=["entries", "rate"]) & Q(stage__isnull=True, from_stage__isnull=True)),
                name="metric_names_the_stages_of_its_kind",
            ),
            models.CheckConstraint(
                condition=Q(from_stage__isnull=True) | ~Q(stage=F("from_stage")),
                name="metric_leads_from_one_stage_to_another",
            ),
        ]

    @property
    def adds_up(self) -> bool:
        """Do its months add up to a year? A rate does not: the year's is the mean of its months."""
        return self.unit != self.Unit.PERCENT
