from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.serializers import Day, In, Linked, ModelOut, Number, Out, Text, WholeNumber
from planning.models import PlanVersion, Scenario
from teams.models import OrgUnit


class ScenarioOut(ModelOut):
    """Levers as factors; 1 = as it is."""

    class Meta:
        model = Scenario
        fields = [
            "id",
            "version",
            "slot",
            "name",
            "win_rate",
            "price",
            "leads",
            "ramp",
            "hires",
            "hires_unit",
            "hires_month",
            "author",
            "changed_at",
            "lock_version",
        ]


class ScenarioIn(In):
    version = Linked(lambda user: PlanVersion.objects.visible_to(user).select_related("plan__fiscal_year"))
    name = Text(max_length=60)
    win_rate = Number(min_value=0.5, max_value=1.5, default=1.0)
    price = Number(min_value=0.5, max_value=1.5, default=1.0)
    leads = Number(min_value=0, max_value=3, default=1.0)
    ramp = Number(min_value=0.25, max_value=4, default=1.0)
    hires = WholeNumber(min_value=0, max_value=500, default=0)
    hires_unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"), required=False)
    hires_month = Day(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["hires"] and not ("hires_unit" in attrs and "hires_month" in attrs):
            raise serializers.ValidationError({"hires_unit": _("Say where the people start, and in which month.")})
        return attrs


class ScenarioChangeIn(In):
    """What is to change; the rest stays. Hires need a unit and a month, which may stand in the scenario already."""

    name = Text(max_length=60, required=False)
    win_rate = Number(min_value=0.5, max_value=1.5, required=False)
    price = Number(min_value=0.5, max_value=1.5, required=False)
    leads = Number(min_value=0, max_value=3, required=False)
    ramp = Number(min_value=0.25, max_value=4, required=False)
    hires = WholeNumber(min_value=0, max_value=500, required=False)
    hires_unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"), required=False)
    hires_month = Day(required=False)


class AdoptScenarioIn(In):
    """What becomes of what the months that are over lack; asked for where months are over."""

    shortfall = serializers.ChoiceField(choices=PlanVersion.Shortfall.choices, required=False)
    note = Text(max_length=400, required=False, allow_blank=True)


class ScenarioPeriodOut(Out):
    """A period of the asked node; chances are null without a target, or where nothing is known."""

    period = serializers.CharField()
    target = serializers.DecimalField(max_digits=16, decimal_places=2, allow_null=True)
    baseline = serializers.DecimalField(max_digits=16, decimal_places=2)
    expected = serializers.FloatField()
    delta = serializers.FloatField()
    baseline_chance = serializers.FloatField(allow_null=True)
    chance = serializers.FloatField(allow_null=True)


class ScenarioResultOut(Out):
    """What a scenario makes of the published night; `without` people have no full quota and are not counted."""

    night = serializers.DateField(allow_null=True)
    without = serializers.IntegerField()
    periods = ScenarioPeriodOut(many=True)
