from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.serializers import In, ModelOut, Moment, Text
from customers.models import Activity

from . import links


class ActivityOut(ModelOut):
    class Meta:
        model = Activity
        fields = ["id", "kind", "deal", "customer", "person", "subject", "note", "due_at", "done_at", "version"]


class ActivityIn(In):
    """Done (`done_at`) or planned (`due_at`): exactly one of the two. Whose it is follows from the caller."""

    kind = serializers.ChoiceField(choices=Activity.Kind.choices)
    subject = Text(max_length=160)
    note = Text(max_length=4000, required=False, allow_blank=True, lines=True)
    deal = links.deal(required=False, allow_null=True)
    customer = links.customer(required=False, allow_null=True)
    done_at = Moment(required=False)
    due_at = Moment(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("done_at" in attrs) == ("due_at" in attrs):
            raise serializers.ValidationError({"done_at": _("Give either done_at or due_at.")})
        if not attrs.get("deal") and not attrs.get("customer"):
            raise serializers.ValidationError({"deal": _("Say which deal or which customer this is about.")})
        return attrs


class FinishIn(In):
    done_at = Moment(required=False)
    note = Text(max_length=4000, required=False, allow_blank=True, lines=True)
