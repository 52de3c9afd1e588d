from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from teams.models import OrgUnit, User

from .plans import Plan


def _percent() -> "models.DecimalField[Decimal, Decimal]":
    return models.DecimalField(
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(Decimal(-100)), MaxValueValidator(Decimal(200))],
    )


class AssignmentRule(models.Model):
    """
    How much more (or less) than its own target a unit of one level may have assigned below, in per cent of it.

    A plan without a row for a level keeps the usual span, see `queries.assignment`.
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="assignment_rules")
    level = models.CharField(_("level"), max_length=10, choices=OrgUnit.Kind)
    least = _percent()
    most = _percent()
    set_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "level"], name="assignmentrule_once_per_level"),
            models.CheckConstraint(condition=Q(least__lte=F("most")), name="assignmentrule_least_is_not_above_most"),
            models.CheckConstraint(
                condition=Q(least__gte=-100, most__lte=200), name="assignmentrule_between_minus_100_and_200"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.level}: {self.least} to {self.most}"
