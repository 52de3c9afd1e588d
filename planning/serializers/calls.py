from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.serializers import Amount, In, Linked, ModelOut
from planning.models import ForecastCall, Plan
from planning.queries.calls import CALLED_PERIODS
from teams.models import OrgUnit, User


class CallOut(ModelOut):
    """
    What somebody said a period will bring; `computed` is what the last night expected at that moment.

    `stand`: `own` about oneself or a unit one manages, `above` about somebody below.
    """

    class Meta:
        model = ForecastCall
        fields = [
            "id",
            "plan",
            "unit",
            "person",
            "period",
            "caller",
            "stand",
            "commit",
            "best_case",
            "reason",
            "computed",
            "called_at",
        ]


class CallIn(In):
    """A reason is needed where the call is about somebody below."""

    plan = Linked(lambda user: Plan.objects.visible_to(user).select_related("fiscal_year"))
    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"), required=False)
    person = Linked(lambda user: User.objects.visible_to(user).order_by("pk"), required=False)
    period = serializers.ChoiceField(choices=[(period, period) for period in CALLED_PERIODS])
    commit = Amount(min_value=0, max_digits=16)
    best_case = Amount(min_value=0, max_digits=16, required=False)
    reason = serializers.CharField(max_length=400, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("unit" in attrs) == ("person" in attrs):
            raise serializers.ValidationError({"unit": _("Name either a unit or a person.")})
        return attrs
