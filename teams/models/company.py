from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class CompanyQuerySet(models.QuerySet["Company"]):
    def the_one(self) -> "Company":
        """Return the company of this installation; a fresh one knows only its defaults."""
        return self.first() or Company()


class Company(models.Model):
    """The facts that hold for the whole installation: one row."""

    name = models.CharField(_("name"), max_length=80, default="Yearline")
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    time_zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")
    country = models.CharField(_("country of the working-day calendar"), max_length=2, default="CN")
    fiscal_start_month = models.PositiveSmallIntegerField(_("first month of the fiscal year"), default=1)
    is_demo = models.BooleanField(default=False)
    only = models.BooleanField(default=True, editable=False)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["only"], name="company_is_one"),
            models.CheckConstraint(condition=Q(only=True), name="company_only_is_true"),
            models.CheckConstraint(
                condition=Q(fiscal_start_month__range=(1, 12)),
                name="company_start_month_1_to_12",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WorkdayOverride(models.Model):
    """
    A day that is worked, or is not, against the library's calendar: make-up working days, company holidays.

    A row is made or deleted, never changed: two people cannot overwrite each other.
    """

    day = models.DateField(_("day"), unique=True)
    is_workday = models.BooleanField(_("is worked"))
    note = models.CharField(_("note"), max_length=80, blank=True)  # the name of the day
    made_by = models.ForeignKey("teams.User", models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day}"
