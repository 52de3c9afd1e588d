from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from teams.models import OrgUnit, User

from .plans import PlanVersion

SCENARIOS = 3  # beside the baseline


class ScenarioQuerySet(models.QuerySet["Scenario"]):
    def visible_to(self, user: User) -> Self:
        """For those who lead; the figures that it leads to are shown as far as the reader sees the forecast."""
        return self if user.is_active and user.is_manager else self.none()


class Scenario(models.Model):
    """
    What if: levers on the published forecast of a plan's version, as factors (1 = as it is). What they lead to is reckoned
    when somebody looks, from the night of that day.

    hires: people who start in hires_unit in the month hires_month. ramp: how much longer everybody's ramp takes.
    """

    version = models.ForeignKey(PlanVersion, models.CASCADE, related_name="scenarios")
    slot = models.PositiveSmallIntegerField()
    name = models.CharField(_("name"), max_length=60)
    win_rate = models.FloatField(default=1.0)
    price = models.FloatField(default=1.0)
    leads = models.FloatField(default=1.0)
    ramp = models.FloatField(default=1.0)
    hires = models.PositiveSmallIntegerField(default=0)
    hires_unit = models.ForeignKey(OrgUnit, models.PROTECT, null=True, related_name="+")
    hires_month = models.DateField(null=True)
    author = models.ForeignKey(User, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)
    lock_version = models.PositiveIntegerField(default=1)

    objects = ScenarioQuerySet.as_manager()

    class Meta:
        ordering = ["version", "slot"]
        constraints = [
            models.UniqueConstraint(fields=["version", "slot"], name="scenario_once_in_a_slot"),
            models.CheckConstraint(condition=Q(slot__range=(1, SCENARIOS)), name="scenario_three_beside_the_baseline"),
            models.CheckConstraint(
                condition=Q(
                    win_rate__range=(0.5, 1.5), price__range=(0.5, 1.5), leads__range=(0, 3), ramp__range=(0.25, 4)
                ),
                name="scenario_levers_in_range",
            ),
            models.CheckConstraint(
                condition=Q(hires=0) | Q(hires__lte=500, hires_unit__isnull=False, hires_month__isnull=False),
                name="scenario_hires_have_a_unit_and_a_month",
            ),
        ]

    def __str__(self) -> str:
        return self.name
