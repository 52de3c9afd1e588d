"""Funnel goals: what a revenue target asks of every stage of the pipeline, derived from measurements and open to decisions."""

from decimal import Decimal
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.models import Pipeline, Stage
from teams.models import OrgUnit, User

from .plans import PlanVersion
from .targets import Target


def _floats(**options: object) -> "ArrayField[list[float], list[float]]":
    return ArrayField(models.FloatField(), **options)  # type: ignore[arg-type]  # the stub does not know its keywords


def _maybe_floats(**options: object) -> "ArrayField[list[float | None], list[float | None]]":
    return ArrayField(models.FloatField(null=True), **options)  # type: ignore[arg-type]  # the same


SETTLED = (PlanVersion.Status.CLOSED, PlanVersion.Status.SUPERSEDED)  # versions whose goals are history


class FunnelGoalsQuerySet(models.QuerySet["FunnelGoals"]):
    def visible_to(self, user: User) -> Self:
        """Goals are seen with the target that they belong to."""
        return self.filter(target__in=Target.objects.visible_to(user).values("pk"))


class FunnelGoals(models.Model):
    """
    The funnel of one target through one pipeline, as it was derived on a day: what it starts from.

    share: part of the target that this pipeline brings. mean_amount: of a won deal, null = not measured; drawn from the
    mean_cases wins of the target's own unit or person towards the mean of `above`. mean_error: square of its relative error.
    months: the target's months that it was derived from, in fiscal order. missing_orders: orders of the months ahead that
    new work cannot bring in time, null = not known.
    """

    target = models.ForeignKey(Target, models.CASCADE, related_name="funnels")
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="+")
    months: "ArrayField[list[Decimal], list[Decimal]]" = ArrayField(
        models.DecimalField(max_digits=14, decimal_places=2), size=12
    )
    share = models.FloatField(default=1.0)
    mean_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    mean_error = models.FloatField(default=0.0)
    mean_cases = models.PositiveIntegerField(default=0)
    above = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="+")
    since_date = models.DateField()  # what was reached on days of [since_date, as_of) is measured
    as_of = models.DateField()
    open_orders = models.FloatField(null=True)  # orders expected of the open deals, by the conversions measured
    missing_orders = models.FloatField(null=True)
    derived_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    derived_at = models.DateTimeField()

    objects = FunnelGoalsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["target", "pipeline"], name="funnelgoals_once_per_target_and_pipeline"),
            models.CheckConstraint(condition=Q(since_date__lt=F("as_of")), name="funnelgoals_period_has_days"),
            models.CheckConstraint(condition=Q(share__gt=0, share__lte=1), name="funnelgoals_share_in_0_1"),
            models.CheckConstraint(
                condition=Q(mean_amount__isnull=True) | Q(mean_amount__gt=0), name="funnelgoals_mean_is_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target_id} {self.pipeline_id}"


class StageGoalQuerySet(models.QuerySet["StageGoal"]):
    def visible_to(self, user: User) -> Self:
        """Goals are seen with the target that they belong to."""
        return self.filter(funnel__target__in=Target.objects.visible_to(user).values("pk"))


class StageGoal(models.Model):
    """
    The goal of one stage: how many deals reach it month by month, which share of them goes on, and in how many days.

    counts: what is counted. A deal reaches a stage when it stands there, or in a later one, for the first time. Rate =
    deals that reached next_stage ÷ deals that reached stage. Null = not measured; for the won stage nothing comes after.
    count, low, high: twelve months, with an 80 % interval. before: months before the year, the nearest first, what must have
    reached the stage for orders of the year. new, late: see `forecasting.goals.Ahead`; new is null for months that are over.
    coming: what open deals one stage before are expected to bring, from the running month on. lag: ten points of the days to
    the next stage. typed_…: what somebody decided instead, with the reason; the goals follow it.
    """

    class Counts(models.TextChoices):
        REACHED = "reached", _("Deals that reach the stage, or a later one, for the first time")

    funnel = models.ForeignKey(FunnelGoals, models.CASCADE, related_name="stages")
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="+")
    next_stage = models.ForeignKey(Stage, models.PROTECT, null=True, related_name="+")
    counts = models.CharField(max_length=8, choices=Counts, default=Counts.REACHED)
    position = models.PositiveSmallIntegerField()
    count = _maybe_floats(size=12)
    low = _maybe_floats(size=12)
    high = _maybe_floats(size=12)
    year_low = models.FloatField(null=True)
    year_high = models.FloatField(null=True)
    before = _maybe_floats(default=list)
    new = _maybe_floats(size=12)
    new_before = models.FloatField(default=0.0)  # new in the months between the day it was derived and the year
    late = models.FloatField(null=True)
    coming = _floats(default=list)
    standing = models.PositiveIntegerField(default=0)  # open deals that got as far as this stage
    rate = models.FloatField(null=True)
    days = models.FloatField(null=True)
    measured_rate = models.FloatField(null=True)
    measured_low = models.FloatField(null=True)
    measured_high = models.FloatField(null=True)
    reached_cases = models.PositiveIntegerField(default=0)  # reached the stage in the period
    ended_cases = models.PositiveIntegerField(default=0)  # of them went on or were lost
    went_cases = models.PositiveIntegerField(default=0)  # of them reached the next stage
    rate_cases = models.FloatField(default=0.0)  # what the rate rests on, with what it was drawn towards
    measured_days = models.FloatField(null=True)
    lag = _floats(default=list)
    lag_of = models.ForeignKey(
        OrgUnit, models.PROTECT, null=True, related_name="+"
    )  # whose lag, where one's own is too thin
    typed_months = _maybe_floats(size=12, default=list)
    typed_rate = models.FloatField(null=True)
    typed_days = models.FloatField(null=True)
    reason = models.CharField(_("reason"), max_length=400, blank=True)
    edited_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    edited_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = StageGoalQuerySet.as_manager()

    class Meta:
        ordering = ["funnel", "position"]
        constraints = [
            models.UniqueConstraint(fields=["funnel", "stage"], name="stagegoal_once_per_stage"),
            models.CheckConstraint(
                condition=(Q(rate__isnull=True) | Q(rate__gt=0, rate__lte=1))
                & (Q(typed_rate__isnull=True) | Q(typed_rate__gt=0, typed_rate__lte=1)),
                name="stagegoal_rate_in_0_1",
            ),
            models.CheckConstraint(
                condition=(Q(days__isnull=True) | Q(days__gte=0))
                & (Q(typed_days__isnull=True) | Q(typed_days__range=(0, 1000))),
                name="stagegoal_days_in_range",
            ),
            models.CheckConstraint(
                condition=Q(edited_by__isnull=True, edited_at__isnull=True)
                | (Q(edited_by__isnull=False, edited_at__isnull=False) & ~Q(reason="")),
                name="stagegoal_edited_with_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.funnel_id} {self.stage_id}"

    @property
    def is_edited(self) -> bool:
        return self.edited_by_id is not None


class EffortSettingsQuerySet(models.QuerySet["EffortSettings"]):
    def the_one(self) -> "EffortSettings":
        """Return the company's settings; before anybody changed them, the defaults."""
        return self.select_related("changed_by").first() or EffortSettings()


class EffortSettings(models.Model):
    """How many hours a working day has and which share of them is for selling: one row, made when first changed."""

    day_hours = models.DecimalField(
        _("hours of a working day"), max_digits=4, decimal_places=2, default=Decimal("8.00")
    )
    selling_share = models.DecimalField(
        _("share of them for selling"), max_digits=4, decimal_places=3, default=Decimal("0.500")
    )
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)
    only = models.BooleanField(default=True, editable=False)

    objects = EffortSettingsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["only"], name="effortsettings_are_one"),
            models.CheckConstraint(condition=Q(only=True), name="effortsettings_only_is_true"),
            models.CheckConstraint(
                condition=Q(day_hours__gt=0, day_hours__lte=24), name="effortsettings_day_hours_in_range"
            ),
            models.CheckConstraint(
                condition=Q(selling_share__gt=0, selling_share__lte=1), name="effortsettings_share_in_0_1"
            ),
        ]

    def __str__(self) -> str:
        return "effort"


class StageEffort(models.Model):
    """How many hours of selling one deal takes that reaches a stage; without a row the default of its kind counts."""

    stage = models.OneToOneField(Stage, models.CASCADE, related_name="effort")
    hours = models.DecimalField(_("hours"), max_digits=6, decimal_places=2)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(hours__range=(0, 1000)), name="stageeffort_hours_in_range"),
        ]

    def __str__(self) -> str:
        return f"{self.stage_id}: {self.hours}"
