from typing import Any

from rest_framework import serializers

from core.api.serializers import Day, In, Linked, ModelOut, Text, YesNo
from customers.models import DealCredit
from customers.services.credits import Part
from teams.models import User


class CreditOut(ModelOut):
    """One part of an agreement. The agreement with the highest number that holds on the day of the win counts."""

    share = serializers.FloatField()

    class Meta:
        model = DealCredit
        fields = ["id", "seq", "valid_from", "person", "share", "is_overlay", "reason", "actor", "recorded_at"]


class PartIn(In):
    person = Linked(lambda user: User.objects.known_to(user).active().order_by("pk"))
    share = serializers.DecimalField(min_value=0, max_value=1, max_digits=5, decimal_places=4)
    is_overlay = YesNo(default=False)


class CreditIn(In):
    """Shares that are no overlay add up to 1. No parts give the whole deal back to its owner."""

    parts = PartIn(many=True)
    valid_from = Day(required=False, allow_null=True)
    reason = Text(required=False, max_length=200, allow_blank=True)

    def validate_parts(self, parts: list[dict[str, Any]]) -> list[Part]:
        return [Part(part["person"], int(part["share"] * 10_000), part["is_overlay"]) for part in parts]
