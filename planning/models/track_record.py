"""What forecasts of past periods said while the periods were still ahead, and what came."""

from decimal import Decimal
from typing import Self, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.models import JobRun, Publication
from teams.models import OrgUnit, User

TRACK_JOB = "planning.track_record"  # one run a month for the whole company
TRACK_SCOPE = "company"

Row = TypeVar("Row", bound=models.Model)


class TrackQuerySet(models.QuerySet[Row]):
    def current(self) -> Self:
        """Rows of the published track record: the one that readers see."""
        return self.filter(run__in=Publication.objects.filter(job=TRACK_JOB, scope=TRACK_SCOPE).values("run"))

    def visible_to(self, user: User) -> Self:
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        return self.filter(Q(person__in=User.objects.visible_to(user).values("pk")) | Q(unit__in=user.units_in_reach))


def _money() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=16, decimal_places=2)


def _of_one(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(unit__isnull=True) ^ Q(person__isnull=True), name=f"{name}_of_a_unit_or_a_person"
    )


class PastForecast(models.Model):
    """
    Revenue of one unit or person in a month or quarter that is over: what was forecast on a day before its end, from what
    was known on that day, and what came.

    run_rate, pipeline, last_year: what simple ways would have said on the same day; null where they had nothing to go by.
    goals: amounts that might have been targets (0.9, 1, 1.1, 1.25 × the last period of the kind); p_goals: the chance given
    to each.
    """

    class Kind(models.TextChoices):
        MONTH = "month", _("Month")
        QUARTER = "quarter", _("Quarter")

    class Horizon(models.IntegerChoices):
        """Days to go until the period's end. 90, 60 and 30 are month starts, so up to two days more."""

        D90 = 90, _("90 days to go")
        D60 = 60, _("60 days to go")
        D30 = 30, _("30 days to go")
        D7 = 7, _("7 days to go")

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="+")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=7, choices=Kind)
    first_date = models.DateField()
    after_date = models.DateField()
    days_to_go = models.PositiveSmallIntegerField(choices=Horizon)
    as_of_date = models.DateField()
    method = models.CharField(max_length=24)  # forecasts of another method are not those of today, and are made anew
    expected = _money()
    p025, p10, p25 = _money(), _money(), _money()
    p50, p75, p90, p975 = _money(), _money(), _money(), _money()
    run_rate = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    pipeline = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    last_year = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    goals = ArrayField(models.DecimalField(max_digits=16, decimal_places=2), default=list)
    p_goals = ArrayField(models.FloatField(), default=list)
    actual = _money()

    objects = TrackQuerySet["PastForecast"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "unit", "kind", "first_date", "days_to_go"],
                condition=Q(unit__isnull=False),
                name="pastforecast_once_per_unit",
            ),
            models.UniqueConstraint(
                fields=["run", "person", "kind", "first_date", "days_to_go"],
                condition=Q(person__isnull=False),
                name="pastforecast_once_per_person",
            ),
            _of_one("pastforecast"),
            models.CheckConstraint(
                condition=Q(as_of_date__lt=F("after_date")), name="pastforecast_made_before_the_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id or self.person_id} {self.kind} {self.first_date} at {self.days_to_go}"


class ChanceCheck(models.Model):
    """
    Chances that the open deals of one unit or person had, on a past day, to be won within three months, sorted by how high
    they were, and how many came true.

    Sums, so that days and bins may be added up. squares, logs: of the losses (Brier, log loss). ladder_squares: the same loss
    of fixed stage percentages on the same deals.
    """

    run = models.ForeignKey(JobRun, models.CASCADE, related_name="+")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="+")
    person = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    as_of_date = models.DateField()
    bin = models.PositiveSmallIntegerField()  # the tenth in which the chance lay, 0 to 9
    deals = models.PositiveIntegerField()
    chances = models.FloatField()
    won = models.PositiveIntegerField()
    squares = models.FloatField()
    logs = models.FloatField()
    ladder_squares = models.FloatField()

    objects = TrackQuerySet["ChanceCheck"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "unit", "as_of_date", "bin"],
                condition=Q(unit__isnull=False),
                name="chancecheck_once_per_unit",
            ),
            models.UniqueConstraint(
                fields=["run", "person", "as_of_date", "bin"],
                condition=Q(person__isnull=False),
                name="chancecheck_once_per_person",
            ),
            _of_one("chancecheck"),
            models.CheckConstraint(condition=Q(won__lte=F("deals")), name="chancecheck_won_at_most_all"),
        ]

    def __str__(self) -> str:
        return f"{self.unit_id or self.person_id} {self.as_of_date} {self.bin}"
