from typing import Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.periods import months_apart
from teams.models import User

IN_THE_WORKS = ("draft", "submitted")  # a plan has one of these at a time
IN_FORCE = ("active", "closed")  # and one of these


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
        """Versions that count or did are for everybody; what is still planned is for managers and plan owners."""
        if not user.is_active:
            return self.none()
        return self if user.is_manager else self.filter(activated_at__isnull=False)

    def active(self) -> Self:
        return self.filter(status=PlanVersion.Status.ACTIVE)

    def in_force(self) -> Self:
        """The version that counts, or counted last in a year that is closed."""
        return self.filter(status__in=IN_FORCE)

    def drafts(self) -> Self:
        return self.filter(status=PlanVersion.Status.DRAFT)


class PlanVersion(models.Model):
    """
    One state of a plan: worked on, handed up, approved, in force, closed with its year, or replaced by a later one.

    `planversion_follows_its_life`, a trigger, lets the status go forwards only; back from submitted to draft it goes by sending
    the plan back. Targets change in a draft alone.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        APPROVED = "approved", _("Approved")
        ACTIVE = "active", _("Active")
        CLOSED = "closed", pgettext_lazy("state of a plan", "Closed")
        SUPERSEDED = "superseded", _("Superseded")

    class Talk(models.TextChoices):
        """Whether owners commit to amounts while the version is worked on, and whether they see what is asked of them."""

        CLOSED = "closed", _("Not open")
        BLIND = "blind", _("Open, without the draft target")
        SHOWN = "shown", _("Open, everybody sees their own draft target")

    class Shortfall(models.TextChoices):
        """What becomes of what the months that are over lack."""

        CARRY = "carry", _("Make it up in the next three months")
        SPREAD = "spread", _("Make it up over all months to come")
        DROP = "drop", _("Let it go")

    plan = models.ForeignKey(Plan, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("number"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    note = models.CharField(_("note"), max_length=400, blank=True)
    talk = models.CharField(_("commitments"), max_length=6, choices=Talk, default=Talk.CLOSED)
    based_on = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    effective_date = models.DateField(_("effective from"), null=True, blank=True)  # the months before stay as they were
    shortfall = models.CharField(_("shortfall so far"), max_length=8, choices=Shortfall, blank=True)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    activated_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    activated_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    lock_version = models.PositiveIntegerField(default=1)

    objects = PlanVersionQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="planversion_number_once_in_a_plan"),
            models.UniqueConstraint(
                fields=["plan"],
                condition=Q(status__in=IN_FORCE),
                name="planversion_one_in_force_in_a_plan",
            ),
            models.UniqueConstraint(
                fields=["plan"],
                condition=Q(status__in=IN_THE_WORKS),
                name="planversion_one_draft_in_a_plan",
            ),
            models.UniqueConstraint(
                fields=["plan"],
                condition=Q(status="approved"),
                name="planversion_one_approved_in_a_plan",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[*IN_THE_WORKS, "approved"], activated_at__isnull=True)
                | Q(status__in=IN_FORCE, activated_at__isnull=False)
                | Q(status="superseded"),
                name="planversion_activated_once_in_force",
            ),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False)
                | (~Q(status="closed") & Q(closed_at__isnull=True)),
                name="planversion_closed_at_its_close",
            ),
            models.CheckConstraint(
                condition=Q(effective_date__isnull=True, shortfall="")
                | (Q(effective_date__isnull=False, effective_date__day=1) & ~Q(shortfall="")),
                name="planversion_effective_month_with_its_shortfall",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan} v{self.number}"

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT

    @property
    def version(self) -> int:
        """How often it has changed its state: what an act on it must have seen."""
        return self.lock_version

    @property
    def closed_months(self) -> int:
        """How many months of the year were over when it was planned anew: their targets stay as they were."""
        if self.effective_date is None:
            return 0
        return months_apart(self.plan.fiscal_year.first_date, self.effective_date)

    @property
    def steps(self) -> list[str]:
        """The steps of its life in words: those gone, where it stands, and those to come."""
        status = self.Status
        life = [status.DRAFT, status.SUBMITTED, status.APPROVED, status.ACTIVE, status.CLOSED]
        if self.status == status.SUPERSEDED:
            life = [*life[: 4 if self.activated_at else 3], status.SUPERSEDED]
        return [str(step.label) for step in life]

    @property
    def step(self) -> int:
        """Which of its steps it stands at, from 1."""
        return self.steps.index(str(self.Status(self.status).label)) + 1
