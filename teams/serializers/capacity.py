from typing import Any

from rest_framework import serializers

from core.api.serializers import Day, In, Linked, ModelOut, Number, Text, WholeNumber
from teams.models import CapacityRule, OrgUnit, PlannedHire, Presence, User


def _share(**kwargs: Any) -> Number:
    return Number(min_value=0, max_value=1, **kwargs)


class CapacityRuleOut(ModelOut):
    """What a unit says of its own; null = as the unit above. Shares are numbers between 0 and 1."""

    class Meta:
        model = CapacityRule
        fields = ["id", "unit", "ramp", "attrition", "survival", "recruiting_months", "note", "changed_at", "version"]


class CapacityRuleIn(In):
    """`version` is the one that was read, 0 where the unit had no rule of its own."""

    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"))
    ramp = serializers.ListField(child=_share(), min_length=1, max_length=36, required=False, allow_null=True)
    attrition = _share(required=False, allow_null=True)
    survival = _share(required=False, allow_null=True)
    recruiting_months = WholeNumber(min_value=0, max_value=24, required=False, allow_null=True)
    note = Text(max_length=200, required=False, allow_blank=True)
    version = WholeNumber(min_value=0)


class PresenceOut(ModelOut):
    """How much of full time a person is there, from month to month; why is not kept."""

    class Meta:
        model = Presence
        fields = ["id", "person", "first_month", "last_month", "share", "version"]


class PresenceChange(In):
    first_month = Day()
    last_month = Day(required=False, allow_null=True)
    share = _share()


class PresenceIn(PresenceChange):
    person = Linked(lambda user: User.objects.visible_to(user).active().order_by("pk"))


class PlannedHireOut(ModelOut):
    """People who are still to be hired; 0 people = they are there, or were given up."""

    class Meta:
        model = PlannedHire
        fields = ["id", "unit", "name", "start_month", "count", "survival", "version"]


class PlannedHireIn(In):
    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"))
    start_month = Day()
    count = WholeNumber(min_value=0, max_value=500)
    name = Text(max_length=80, required=False, allow_blank=True)
    survival = _share(required=False, allow_null=True)
