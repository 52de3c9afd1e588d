from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from teams.models import User


class FiscalYear(models.Model):
    """Twelve whole months that the company plans as one year. `year` names it (FY2026); the days are [first, after)."""

    year = models.PositiveSmallIntegerField(_("fiscal year"), unique=True)
    first_date = models.DateField(_("first day"))
    after_date = models.DateField(_("first day after"))

    class Meta:
        ordering = ["-year"]
        constraints = [
            models.CheckConstraint(
                condition=Q(after_date__gt=F("first_date")),
                name="fiscalyear_ends_after_it_begins",
            ),
            ExclusionConstraint(
                name="fiscalyear_no_day_twice",
                expressions=[
                    (
                        Func(
                            F("first_date"),
                            F("after_date"),
                            function="daterange",
                            output_field=DateRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    )
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"FY{self.year}"


class PlanQuerySet(models.QuerySet["Plan"]):
    def visible_to(self, user: User) -> Self:
        """Everybody who works here may know that a plan exists; its targets are another matter."""
        return self if user.is_active else self.none()


class Plan(models.Model):
    """The plan of one fiscal year: its money, its clock, and its versions."""

    fiscal_year = models.OneToOneField(FiscalYear, models.PROTECT, related_name="plan")
    name = models.CharField(_("name"), max_length=80)
    currency = models.CharField(_("currency"), max_length=3)
    time_zone = models.CharField(_("time zone"), max_length=40)  # decides which business day it is
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        ordering = ["-fiscal_year__year"]

    def __str__(self) -> str:
        return f"{self.fiscal_year} {self.name}"


class PlanVersionQuerySet(models.QuerySet["PlanVersion"]):
    def visible_to(self, user: User) -> Self:
        """Active and past versions are for everybody, a draft for those who plan: managers and plan owners."""
        if not user.is_active:
            return self.none()
        return self if user.is_manager else self.exclude(status=PlanVersion.Status.DRAFT)

    def active(self) -> Self:
        return self.filter(status=PlanVersion.Status.ACTIVE)

    def drafts(self) -> Self:
        return self.filter(status=PlanVersion.Status.DRAFT)


class PlanVersion(models.Model):
    """One state of a plan: a draft that is worked on, the active one that counts, or one that was active before."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Active")
        SUPERSEDED = "superseded", _("Superseded")

    class Talk(models.TextChoices):
        """Whether owners commit to amounts while the version is worked on, and whether they see what is asked of them."""

        CLOSED = "closed", _("Not open")
        BLIND = "blind", _("Open, without the draft target")
        SHOWN = "shown", _("Open, everybody sees their own draft target")

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("number"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    note = models.CharField(_("note"), max_length=400, blank=True)
    talk = models.CharField(_("commitments"), max_length=6, choices=Talk, default=Talk.CLOSED)
    based_on = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    activated_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    activated_at = models.DateTimeField(null=True)

    objects = PlanVersionQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="planversion_number_once_in_a_plan"),
            models.UniqueConstraint(
                fields=["plan"],
                condition=Q(status="active"),
                name="planversion_one_active_in_a_plan",
            ),
            models.UniqueConstraint(
                fields=["plan"],
                condition=Q(status="draft"),
                name="planversion_one_draft_in_a_plan",
            ),
            models.CheckConstraint(
                condition=Q(status="draft", activated_at__isnull=True)
                | (~Q(status="draft") & Q(activated_at__isnull=False)),
                name="planversion_activated_unless_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} v{self.number}"

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT
