from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.serializers import In, Linked, ModelOut, Number, Out, Text
from planning.models import PlanVersion, StageGoal
from teams.models import OrgUnit, User


def _counts(**options: Any) -> serializers.ListField:
    return serializers.ListField(child=Number(allow_null=True), **options)


class StageGoalOut(ModelOut):
    """
    The goal of one stage for one target.

    count, low, high: twelve months in fiscal order, with an 80 % range. before: months before the year, the nearest first.
    new: what must newly reach the stage from the day of deriving on. Numerator of the rate: deals that reached next_stage;
    denominator: deals that reached stage, from since_date to as_of. typed_…: what edited_by decided, with the reason.
    """

    target, pipeline = (serializers.IntegerField(source=f"funnel.{name}_id") for name in ("target", "pipeline"))
    since_date, as_of = (serializers.DateField(source=f"funnel.{name}") for name in ("since_date", "as_of"))
    mean_amount = serializers.DecimalField(
        source="funnel.mean_amount", max_digits=14, decimal_places=2, allow_null=True
    )
    count, low, high, before, new, typed_months = (_counts() for _part in range(6))
    definition = serializers.SerializerMethodField()

    class Meta:
        model = StageGoal
        fields = [
            "id",
            "target",
            "pipeline",
            "stage",
            "next_stage",
            "position",
            "counts",
            "definition",
            "since_date",
            "as_of",
            "mean_amount",
            "count",
            "low",
            "high",
            "year_low",
            "year_high",
            "before",
            "new",
            "late",
            "standing",
            "rate",
            "days",
            "measured_rate",
            "measured_low",
            "measured_high",
            "measured_days",
            "reached_cases",
            "ended_cases",
            "went_cases",
            "typed_months",
            "typed_rate",
            "typed_days",
            "reason",
            "edited_by",
            "edited_at",
            "version",
        ]

    @extend_schema_field({"type": "string"})
    def get_definition(self, goal: StageGoal) -> str:
        return str(goal.get_counts_display())


class StageGoalIn(In):
    """Twelve counts in fiscal order, null where the derived one counts; rate in (0, 1]; days; and why."""

    months = _counts(min_length=12, max_length=12, required=False)
    rate = Number(required=False, allow_null=True, min_value=0, max_value=1)
    days = Number(required=False, allow_null=True, min_value=0, max_value=1000)
    reason = Text(max_length=400, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {
            "months": attrs.get("months") or [None] * 12,
            "rate": attrs.get("rate"),
            "days": attrs.get("days"),
            "reason": attrs.get("reason", ""),
        }


class DeriveIn(In):
    """Which version, and whose goals; neither unit nor person = every target that the caller sets."""

    version = Linked(lambda user: PlanVersion.objects.visible_to(user).select_related("plan__fiscal_year"))
    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"), required=False)
    person = Linked(lambda user: User.objects.visible_to(user).active(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "unit" in attrs and "person" in attrs:
            raise serializers.ValidationError({"unit": _("Name either a unit or a person.")})
        return attrs


class DerivedOut(Out):
    """How many targets have goals now, and for how many of them a conversion is not measured."""

    targets = serializers.IntegerField()
    unmeasured = serializers.IntegerField()
