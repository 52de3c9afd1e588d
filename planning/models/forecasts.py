from decimal import Decimal
from typing import Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from core.models import JobRun, Publication
from customers.models import Deal, Stage
from teams.models import OrgUnit, User

from .plans import Plan

FEWEST_PEOPLE = 4  # an average of fewer is nobody's to see who does not see all of them
JOB = "planning.forecast"  # the job whose runs and publication these rows belong to; its scope is the plan's key


Row = TypeVar("Row", bound=models.Model)


class SnapshotQuerySet(models.QuerySet[Row]):
    def current(self, plan: Plan) -> Self:
        """Rows of the published snapshot of a plan: the one that readers see."""
        return self.filter(run__in=Publication.objects.filter(job=JOB, scope=str(plan.pk)).values("run"))


class NodeQuerySet(SnapshotQuerySet["NodeForecast"]):
    def visible_to(self, user: User) -> Self:
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(Q(person__in=User.objects.visible_to(user).values("pk")) | Q(unit__in=user.units_in_reach))


class ConversionQuerySet(SnapshotQuerySet["StageConversion"]):
    def visible_to(self, user: User) -> Self:
        """
        Units and people as far as their work is visible; product lines, lead sources and regions for those who manage.

        The company's own rates are everybody's where they tell about four people, three of them out of sight: an average of
        fewer would tell about a colleague.
        """
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        by, seen = StageConversion.By, User.objects.visible_to(user).values("pk")
        people = StageConversion.objects.filter(
            run=OuterRef("run"), window=OuterRef("window"), stage=OuterRef("stage"), by=by.PERSON
        ).order_by()
        many = (
            people.values("stage")
            .annotate(people=Count("pk"), others=Count("pk", filter=~Q(member__in=seen)))
            .filter(people__gte=FEWEST_PEOPLE, others__gte=FEWEST_PEOPLE - 1)
        )
        rows = (
            Q(Exists(many), by=by.COMPANY)
            | Q(by=by.PERSON, member__in=seen)
            | Q(by=by.UNIT, member__in=OrgUnit.objects.visible_to(user).values("pk"))
        )
        if user.is_manager:
            rows |= Q(by__in=[by.PRODUCT, by.CHANNEL, by.REGION])
        return self.filter(rows)


def _money() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=16, decimal_places=2)


class ForecastEvidence(models.Model):
    """What a snapshot rests on: how much history, which method, how sure; one row per run."""

    run = models.OneToOneField(JobRun, models.CASCADE, related_name="evidence")
    plan = models.ForeignKey(Plan, models.CASCADE, related_name="+")
    as_of_date = models.DateField()
    is_thin = models.BooleanField()  # the figures rest mainly on priors, and the pages say so
    facts = models.JSONField(default=dict)

    objects = SnapshotQuerySet["ForecastEvidence"].as_manager()

    def __str__(self) -> str:
        return f"{self.run_id}"


class NodeForecast(models.Model):
    """
    Revenue and wins of one unit or person in one period, as seen by one night.

    Expected revenue = booked + open + new: won already, from the open pipeline, from deals not yet created. Quantiles are
    of the period's whole revenue. Expected values add up over months and over the tree, to the cent; quantiles do not.
    """

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="+")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    period = models.CharField(max_length=3)  # M01 … M12, Q1 … Q4, FY; C01 … C11 from the year's start to a month's end
    first_date = models.DateField()
    booked = _money()
    open = _money()
    new = _money()
    expected = models.GeneratedField(
        expression=models.F("booked") + models.F("open") + models.F("new"),
        output_field=models.DecimalField(max_digits=16, decimal_places=2),
        db_persist=True,
    )
    p025, p10, p25 = _money(), _money(), _money()
    p50, p75, p90, p975 = _money(), _money(), _money(), _money()
    wins_booked = models.PositiveIntegerField()
    wins_expected = models.FloatField()
    wins_p10 = models.FloatField()
    wins_p90 = models.FloatField()
    target = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    p_attain = models.FloatField(null=True)
    shortfall = models.DecimalField(
        max_digits=16, decimal_places=2, null=True
    )  # E[what the target will lack, or nothing]
    cover = models.JSONField(default=dict)  # running quarter and year: what past periods needed, see queries.coverage

    objects = NodeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "unit", "period"],
                condition=Q(unit__isnull=False),
                name="nodeforecast_once_per_unit",
            ),
            models.UniqueConstraint(
                fields=["run", "person", "period"],
                condition=Q(person__isnull=False),
                name="nodeforecast_once_per_person",
            ),
            models.CheckConstraint(
                condition=Q(unit__isnull=True) ^ Q(person__isnull=True),
                name="nodeforecast_of_a_unit_or_a_person",
            ),
            models.CheckConstraint(
                condition=Q(p_attain__isnull=True) | Q(p_attain__range=(0, 1)),
                name="nodeforecast_p_attain_in_0_1",
            ),
            models.CheckConstraint(
                condition=Q(shortfall__isnull=True) | Q(shortfall__gte=0),
                name="nodeforecast_shortfall_is_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(p10__lte=models.F("p50")) & Q(p50__lte=models.F("p90")),
                name="nodeforecast_quantiles_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.unit_id or self.person_id} {self.period}"


class DealForecast(models.Model):
    """
    The chance of one open deal, as seen by one night, with the factors that explain it and what the deal was that night.

    Owner, stage, expected close and recorded amount are those of the night, so that two nights can be compared after the
    deal has moved on.
    """

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="+")
    deal = models.ForeignKey(Deal, models.CASCADE, related_name="forecasts")
    owner = models.ForeignKey(User, models.PROTECT, null=True, db_index=False, related_name="+")
    stage = models.ForeignKey(Stage, models.PROTECT, null=True, db_index=False, related_name="+")
    expected_close_date = models.DateField(null=True)
    recorded_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)  # null = the deal had none
    p_win = models.FloatField()  # finally won
    p_by_month = ArrayField(models.FloatField())  # won by the end of each fiscal month, cumulative
    amount = models.DecimalField(
        max_digits=14, decimal_places=2
    )  # the amount reckoned with; the mean where it is unknown
    factors = models.JSONField(default=dict)

    objects = SnapshotQuerySet["DealForecast"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "deal"], name="dealforecast_once_per_deal"),
            models.CheckConstraint(condition=Q(p_win__range=(0, 1)), name="dealforecast_p_win_in_0_1"),
        ]
        indexes = [models.Index(fields=["run", "owner"], name="dealforecast_run_owner")]

    def __str__(self) -> str:
        return f"{self.run_id} {self.deal_id}"


class StageConversion(models.Model):
    """
    How deals leave one stage, as seen by one night: counts, rate with its interval, time in stage.

    entered = stays begun in the window. rate = share of the stays that leave forwards (to a later open stage or to won) as
    their next move, young stays counting only as long as they were watched (Aalen-Johansen); win_rate = share of the deals
    that entered the stage which are won in the end. low, high: 80 % intervals. Null where there is no evidence.
    """

    class By(models.TextChoices):
        COMPANY = "company", _("Company")
        UNIT = "unit", _("Unit")
        PERSON = "person", _("Owner")
        PRODUCT = "product", _("Product line")
        CHANNEL = "channel", _("Lead source")
        REGION = "region", _("Market region")

    class Window(models.TextChoices):
        QUARTER = "90d", _("Entered in the last 90 days")
        YEAR = "365d", _("Entered in the last 365 days")
        EVER = "all", _("Entered at any time")

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="+")
    stage = models.ForeignKey(Stage, models.CASCADE, related_name="+")
    window = models.CharField(max_length=4, choices=Window)
    by = models.CharField(max_length=8, choices=By)
    member = models.BigIntegerField(default=0)  # key of the unit, person, product line …; 0 = the company
    entered = models.PositiveIntegerField()
    advanced = models.PositiveIntegerField()
    back = models.PositiveIntegerField()
    lost = models.PositiveIntegerField()
    still_open = models.PositiveIntegerField()
    rate = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    win_rate = models.FloatField(null=True)
    win_low = models.FloatField(null=True)
    win_high = models.FloatField(null=True)
    median_days = models.FloatField(null=True)
    p85_days = models.FloatField(null=True)

    objects = ConversionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "window", "by", "member", "stage"], name="stageconversion_once_per_member"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.stage_id} {self.window} {self.by} {self.member}"
