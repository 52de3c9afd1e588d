from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Pipeline, Stage
from teams.models import User


class RateSettingsQuerySet(models.QuerySet["RateSettings"]):
    def the_one(self) -> "RateSettings":
        """Return the company's settings; before anybody changed them, the defaults."""
        return self.select_related("changed_by").first() or RateSettings()


class RateSettings(models.Model):
    """
    The limits that the named rates are counted by: one row, made when they are first changed.

    response_limit is null while the data decide: one working hour where leads are recorded with their time of day, one
    working day where only the day is known.
    """

    class Unit(models.TextChoices):
        HOURS = "hours", _("working hours")
        DAYS = "days", _("working days")

    response_limit = models.PositiveSmallIntegerField(_("limit of the first response"), null=True, blank=True)
    response_unit = models.CharField(_("unit of the limit"), max_length=5, choices=Unit, default=Unit.HOURS)
    next_step_days = models.PositiveSmallIntegerField(_("days to the agreed next step"), default=14)
    open_quote_days = models.PositiveSmallIntegerField(_("days until an open quote counts as expired"), default=90)
    opens_hour = models.PositiveSmallIntegerField(_("the working day begins at"), default=9)
    closes_hour = models.PositiveSmallIntegerField(_("the working day ends at"), default=18)
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)
    only = models.BooleanField(default=True, editable=False)

    objects = RateSettingsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["only"], name="ratesettings_are_one"),
            models.CheckConstraint(condition=Q(only=True), name="ratesettings_only_is_true"),
            models.CheckConstraint(
                condition=Q(response_limit__isnull=True) | Q(response_limit__range=(1, 200)),
                name="ratesettings_response_limit_1_to_200",
            ),
            models.CheckConstraint(
                condition=Q(next_step_days__range=(1, 365)) & Q(open_quote_days__range=(1, 1000)),
                name="ratesettings_days_in_range",
            ),
            models.CheckConstraint(
                condition=Q(opens_hour__lt=F("closes_hour")) & Q(closes_hour__lte=24),
                name="ratesettings_day_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return "rates"


class RateStages(models.Model):
    """Which stages of a pipeline mean that a visit took place and that a quote is out; without a row, names tell."""

    pipeline = models.OneToOneField(Pipeline, models.CASCADE, related_name="rate_stages")
    visit_stage = models.ForeignKey(Stage, models.SET_NULL, null=True, related_name="+")
    quote_stage = models.ForeignKey(Stage, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.pipeline_id}"
