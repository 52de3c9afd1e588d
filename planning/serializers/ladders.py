from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.serializers import Amount, In, Linked, ModelOut, Number, Out, Text, WholeNumber
from customers.models import Strategy
from planning.ladders import Keep, Rates
from planning.models import PlanVersion, Target, TargetCarrier
from planning.queries import target_links
from teams.models import OrgUnit, User


class LadderIn(In):
    """
    Rates as fractions, 0.25 = +25 %: of the year, and where they were typed from quarter to quarter and month to month.

    Without `keep` nothing is written. `base`: the year's total that it grows from; left out, what was won the year before.
    """

    version = Linked(lambda user: PlanVersion.objects.visible_to(user).select_related("plan__fiscal_year"))
    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"), required=False)
    person = Linked(lambda user: User.objects.visible_to(user).active(), required=False)
    year = Number(min_value=-0.99, max_value=10)
    quarter = Number(min_value=-0.99, max_value=10, required=False, allow_null=True)
    month = Number(min_value=-0.99, max_value=10, required=False, allow_null=True)
    base = Amount(min_value=0, max_digits=15, required=False)
    keep = serializers.ChoiceField(choices=[keep.value for keep in Keep], required=False)
    lock_version = WholeNumber(min_value=0, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("unit" in attrs) == ("person" in attrs):
            raise serializers.ValidationError({"unit": _("Name either a unit or a person.")})
        if "keep" in attrs and "lock_version" not in attrs:
            raise serializers.ValidationError({"lock_version": _("Say which version of the row you read; 0 = none.")})
        rates = Rates(attrs.pop("year"), attrs.pop("quarter", None), attrs.pop("month", None))
        return {**attrs, "rates": rates, "base": attrs.get("base")}


class StepOut(Out):
    """
    One rate in one reading: 4 or 12 `steps`; `needed` leads to the year, the typed one `leads_to` what it says, in money `gap`.
    """

    steps = serializers.IntegerField()
    reading = serializers.CharField()
    needed = serializers.FloatField()
    typed = serializers.FloatField(allow_null=True)
    leads_to = serializers.FloatField(allow_null=True)
    gap = serializers.DecimalField(max_digits=17, decimal_places=2, allow_null=True)


class LadderChoiceOut(Out):
    """The months of the ladder that keeps one of the rates, and how much it leans on the end of the year."""

    keep = serializers.CharField()
    year = serializers.FloatField()
    quarter = serializers.FloatField()
    month = serializers.FloatField()
    exit = serializers.FloatField()
    last_quarter = serializers.FloatField()
    base_last_quarter = serializers.FloatField()
    is_steep = serializers.BooleanField()
    total = serializers.DecimalField(max_digits=17, decimal_places=2)
    months = serializers.ListField(child=serializers.DecimalField(max_digits=15, decimal_places=2))


class LadderOut(Out):
    """What rates mean over a base. Without a base `severity` is null and there are no steps: growth over nothing is n/a."""

    base = serializers.DecimalField(source="base.total", max_digits=17, decimal_places=2)
    base_source = serializers.CharField(source="base.source")
    severity = serializers.CharField(source="finding.severity", default=None, allow_null=True)
    reading = serializers.CharField(source="finding.reading", default=None, allow_null=True)
    off = serializers.FloatField(source="finding.off", default=None, allow_null=True)
    quarter_by_months = serializers.FloatField(source="finding.quarter_by_months", default=None, allow_null=True)
    steps = StepOut(source="finding.steps", many=True, default=())
    choices = LadderChoiceOut(many=True)


class CarrierOut(ModelOut):
    class Meta:
        model = TargetCarrier
        fields = ["person", "role"]


class LinksOut(Out):
    """The strategies that a target serves, and the people who carry it."""

    strategies = serializers.SerializerMethodField()
    carriers = serializers.SerializerMethodField()

    def get_strategies(self, target: Target) -> list[int]:
        return [link.strategy_id for link in target_links.strategies_of(target)]

    def get_carriers(self, target: Target) -> list[dict[str, Any]]:
        return list(CarrierOut(target_links.carriers_of(target), many=True).data)


class CarrierIn(In):
    person = Linked(lambda user: User.objects.visible_to(user).active())
    role = Text(max_length=80)


class LinksIn(In):
    """Both lists replace what stands there; an empty one takes all away."""

    strategies = serializers.ListField(child=Linked(Strategy.objects.visible_to), max_length=100)
    carriers = CarrierIn(many=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return {**attrs, "carriers": [(carrier["person"], carrier["role"]) for carrier in attrs["carriers"]]}
