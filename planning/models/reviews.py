from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models import JobRun
from teams.models import OrgUnit, User

from .plans import Plan


class ForecastReview(models.Model):
    """
    A point in time at which a manager went through a unit's forecast: "what moved" can start from it.

    The night that was looked at is kept as long as the review is.
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="+")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, related_name="+")
    run = models.ForeignKey(JobRun, models.PROTECT, related_name="+")
    marked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("reviewed by"))
    marked_at = models.DateTimeField(_("reviewed at"))

    class Meta:
        ordering = ["-marked_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["unit", "run"], name="forecastreview_once_per_unit_and_night")]
        indexes = [models.Index(fields=["plan", "unit", "-marked_at"], name="forecastreview_newest")]

    def __str__(self) -> str:
        return f"{self.unit_id} {self.run_id}"
