from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from teams.models import User

from .targets import Target


class Check(models.TextChoices):
    SPECIFIC = "specific", _("Specific")
    MEASURABLE = "measurable", _("Measurable")
    ACHIEVABLE = "achievable", _("Achievable")
    RELEVANT = "relevant", _("Relevant")
    TIME_BOUND = "time_bound", _("Time-bound")


class Verdict(models.TextChoices):
    PASSED = "passed", _("passed")
    STRETCH = "stretch", _("stretch")
    SOFT = "soft", _("soft")
    FAILED = "failed", _("failed")
    UNKNOWN = "unknown", _("not judged")


class SmartFinding(models.Model):
    """
    What a check of a target found and what it rests on, as it was at a moment.

    A draft is judged anew every night and when it is asked for; once it is handed up the findings stay as they were at plan
    time. `facts` hold figures and names, never sentences: those are made in the reader's language (`queries.smart_words`).
    """

    target = models.ForeignKey(Target, models.CASCADE, related_name="smart_findings")
    kind = models.CharField(_("check"), max_length=12, choices=Check)
    verdict = models.CharField(max_length=8, choices=Verdict)
    facts: "models.JSONField[dict[str, Any], dict[str, Any]]" = models.JSONField(
        default=dict, encoder=DjangoJSONEncoder
    )
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["target", "kind"], name="smartfinding_once_per_check"),
        ]

    def __str__(self) -> str:
        return f"{self.target_id} {self.kind}: {self.verdict}"


class SmartSettingsQuerySet(models.QuerySet["SmartSettings"]):
    def the_one(self) -> "SmartSettings":
        """Return the company's settings; before anybody changed them, the defaults."""
        return self.select_related("changed_by").first() or SmartSettings()


class SmartSettings(models.Model):
    """The chances below and above which a target is called stretch or soft: one row, made when they are first changed."""

    stretch_below = models.FloatField(_("stretch below a chance of"), default=0.30)
    soft_above = models.FloatField(_("soft above a chance of"), default=0.85)
    changed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    changed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)
    only = models.BooleanField(default=True, editable=False)

    objects = SmartSettingsQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["only"], name="smartsettings_are_one"),
            models.CheckConstraint(condition=Q(only=True), name="smartsettings_only_is_true"),
            models.CheckConstraint(
                condition=Q(stretch_below__gte=0, soft_above__lte=1, stretch_below__lt=F("soft_above")),
                name="smartsettings_stretch_lies_below_soft",
            ),
        ]

    def __str__(self) -> str:
        return "smart"
