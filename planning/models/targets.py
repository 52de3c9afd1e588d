from decimal import Decimal
from functools import reduce
from operator import add
from typing import Self, cast

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Expression
from django.utils.translation import gettext_lazy as _

from teams.models import OrgUnit, User

from .plans import PlanVersion

MONTHS = tuple(f"m{month:02}" for month in range(1, 13))  # of the fiscal year, not of the calendar
QUARTERS = ("q1", "q2", "q3", "q4")


def _sum(months: tuple[str, ...]) -> Expression:
    return cast("Expression", reduce(add, (F(month) for month in months)))


def _month() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(max_digits=14, decimal_places=2)


def _generated(months: tuple[str, ...]) -> models.GeneratedField:
    return models.GeneratedField(
        expression=_sum(months),
        output_field=models.DecimalField(max_digits=16, decimal_places=2),
        db_persist=True,
    )


class TargetQuerySet(models.QuerySet["Target"]):
    def visible_to(self, user: User) -> Self:
        """
        Targets of the units and people whose work the user may see.

        One's own row counts once it is published: a draft shows a rep nothing.
        """
        if not user.is_active:
            return self.none()
        if user.sees_everything:
            return self
        mine = Q(person__in=User.objects.visible_to(user).values("pk")) | Q(unit__in=user.units_in_reach)
        return self.filter(mine, version__in=PlanVersion.objects.visible_to(user).values("pk"))


class Target(models.Model):
    """
    The revenue target of one unit or one person for one year.

    Twelve months are entered; the database generates quarters and year, so that they cannot disagree.
    """

    class Split(models.TextChoices):
        SEASON = "season", _("Learnt season")
        EVEN = "even", _("Evenly")
        LAST_YEAR = "last_year", _("Last year's shape")
        WORKING_DAYS = "working_days", _("Working days")
        MANUAL = "manual", _("By hand")
        LADDER = "ladder", _("Ladder")

    version = models.ForeignKey(PlanVersion, models.CASCADE, related_name="targets")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, null=True, blank=True, related_name="targets")
    person = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="targets")
    split = models.CharField(_("split"), max_length=12, choices=Split, default=Split.EVEN)
    m01, m02, m03 = _month(), _month(), _month()
    m04, m05, m06 = _month(), _month(), _month()
    m07, m08, m09 = _month(), _month(), _month()
    m10, m11, m12 = _month(), _month(), _month()
    q1 = _generated(MONTHS[0:3])
    q2 = _generated(MONTHS[3:6])
    q3 = _generated(MONTHS[6:9])
    q4 = _generated(MONTHS[9:12])
    total = _generated(MONTHS)
    lock_version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TargetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "unit"],
                condition=Q(unit__isnull=False),
                name="target_one_per_unit_and_version",
            ),
            models.UniqueConstraint(
                fields=["version", "person"],
                condition=Q(person__isnull=False),
                name="target_one_per_person_and_version",
            ),
            models.CheckConstraint(
                condition=Q(unit__isnull=True) ^ Q(person__isnull=True),
                name="target_of_a_unit_or_a_person",
            ),
            models.CheckConstraint(
                condition=Q(**{f"{month}__gte": 0 for month in MONTHS}),
                name="target_months_are_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version_id}: unit {self.unit_id} person {self.person_id}"
