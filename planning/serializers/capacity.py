from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.serializers import Amount, In, Linked, ModelOut, Out, WholeNumber
from planning.models import FullQuota, Plan
from teams.models import OrgUnit, User


class FullQuotaOut(ModelOut):
    """What somebody ramped up brings in a plan's year; null = not typed any more."""

    class Meta:
        model = FullQuota
        fields = ["id", "plan", "unit", "person", "amount", "changed_at", "version"]


class FullQuotaIn(In):
    """`version` is the one that was read, 0 where nothing was typed. An `amount` of null takes it back."""

    plan = Linked(Plan.objects.visible_to)
    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"), required=False)
    person = Linked(lambda user: User.objects.visible_to(user).active(), required=False)
    amount = Amount(max_digits=16, allow_null=True)
    version = WholeNumber(min_value=0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("unit" in attrs) == ("person" in attrs):
            raise serializers.ValidationError({"unit": _("Name either a unit or a person.")})
        return attrs


class _Money(serializers.DecimalField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=16, decimal_places=2, **options)


class MonthCapacityOut(Out):
    """Capacity of a month: null = no full quota is set. Gap = capacity less target."""

    month = serializers.DateField()
    target = _Money(allow_null=True)
    people = _Money()
    hires = _Money()
    capacity = _Money(allow_null=True)
    gap = _Money(allow_null=True)
    people_needed = serializers.IntegerField(allow_null=True)
    decide_by = serializers.DateField(allow_null=True)


class MemberCapacityOut(Out):
    """A unit or person directly below, over the year; `origin` says where the full quota comes from."""

    unit = serializers.IntegerField(source="node.unit.pk", allow_null=True, default=None)
    person = serializers.IntegerField(source="node.person.pk", allow_null=True, default=None)
    capacity = _Money(allow_null=True)
    target = _Money(allow_null=True)
    full_quota = _Money(source="quota.amount", allow_null=True)
    origin = serializers.CharField(source="quota.origin")


class StreetOut(Out):
    """The chance of the unit's target where people's quotas add up to a share of it."""

    share = serializers.FloatField()
    quotas = _Money()
    chance = serializers.FloatField()


class CapacityOut(Out):
    """What a unit or person can carry in a plan's year, and what over-assigning buys; `street` is empty without a forecast."""

    version = serializers.IntegerField(source="version.pk")
    months = MonthCapacityOut(many=True)
    members = MemberCapacityOut(many=True)
    street = StreetOut(many=True, source="streets")
