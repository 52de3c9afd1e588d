from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from teams.models import OrgUnit, User

from .plans import PlanVersion
from .targets import Target

OPEN = ("submitted", "approved")  # a part in one of these is not worked on below


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: User) -> Self:
        """The parts of the units that somebody manages, and of all below; the whole plan for those who plan it."""
        if not user.is_active:
            return self.none()
        return self if user.sees_everything else self.filter(unit__in=user.units_in_reach)

    def open(self) -> Self:
        """Those that hold: handed up, or approved and not sent back since."""
        return self.filter(status__in=OPEN)

    def undecided(self) -> Self:
        return self.filter(status=Submission.Status.SUBMITTED)


class Submission(models.Model):
    """
    One handing up of a part of a draft, the targets below one unit, or of the whole (no unit), and what was decided on it.

    What was asked for at that moment stays with it (`SubmittedTarget`), so that the next one can be compared with it.
    """

    class Status(models.TextChoices):
        SUBMITTED = "submitted", _("Submitted")
        APPROVED = "approved", _("Approved")
        SENT_BACK = "sent_back", _("Sent back")

    plan_version = models.ForeignKey(PlanVersion, models.PROTECT, related_name="submissions")
    unit = models.ForeignKey(OrgUnit, models.PROTECT, null=True, blank=True, related_name="+")
    round = models.PositiveSmallIntegerField(_("round"))  # 1 is the first handing up of this part of this version
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.SUBMITTED)
    failed = models.JSONField(default=list, blank=True)  # SMART checks that failed: name, check, facts
    reason = models.CharField(_("reason"), max_length=1000, blank=True)  # why it was handed up nevertheless
    submitted_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    comment = models.CharField(_("comment"), max_length=1000, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["plan_version", "-submitted_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan_version", "unit", "round"],
                nulls_distinct=False,
                name="submission_round_once_of_a_part",
            ),
            models.UniqueConstraint(
                fields=["plan_version", "unit"],
                condition=Q(status__in=OPEN),
                nulls_distinct=False,
                name="submission_one_open_of_a_part",
            ),
            models.CheckConstraint(
                condition=Q(status="submitted", decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(status="submitted") & Q(decided_at__isnull=False, decided_by__isnull=False)),
                name="submission_decided_unless_submitted",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("submitted_by")),
                name="submission_decided_by_somebody_else",
            ),
            models.CheckConstraint(
                condition=~Q(status="sent_back") | ~Q(comment=""),
                name="submission_sent_back_with_a_comment",
            ),
            models.CheckConstraint(
                condition=Q(failed=[]) | ~Q(reason=""),
                name="submission_of_failed_checks_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_version_id}: unit {self.unit_id} round {self.round}"


class SubmittedTarget(models.Model):
    """The twelve months that a target asked for when its part was handed up."""

    submission = models.ForeignKey(Submission, models.CASCADE, related_name="targets")
    target = models.ForeignKey(Target, models.CASCADE, related_name="+")
    months = ArrayField(models.DecimalField(max_digits=14, decimal_places=2), size=12)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["submission", "target"], name="submittedtarget_once_in_a_submission"),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id}: target {self.target_id}"
