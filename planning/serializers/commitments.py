from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.api.serializers import Amount, In, Linked, ModelOut, Text, WholeNumber
from planning.models import Commitment, PlanVersion
from planning.queries.commitments import open_versions
from teams.models import OrgUnit, User


class CommitmentOut(ModelOut):
    """One word in the talk about a year's number: `commit` of the owner, `counter` or `accept` of somebody above."""

    class Meta:
        model = Commitment
        fields = ["id", "version", "unit", "person", "act", "amount", "note", "said_by", "said_at"]


class _Row(In):
    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"), required=False)
    person = Linked(lambda user: User.objects.visible_to(user).active(), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("unit" in attrs) == ("person" in attrs):
            raise serializers.ValidationError({"unit": _("Name either a unit or a person.")})
        return attrs


class CommitIn(_Row):
    """Of a version that is open for commitments."""

    version = Linked(open_versions)
    amount = Amount(min_value=0, max_digits=15)
    note = Text(max_length=400, required=False)


class CounterIn(_Row):
    version = Linked(lambda user: PlanVersion.objects.visible_to(user).select_related("plan__fiscal_year"))
    amount = Amount(min_value=0, max_digits=15)
    note = Text(max_length=400)


class AcceptIn(_Row):
    """`seen`: the commitment that was read; `lock_version`: of the target, 0 where there was none."""

    version = Linked(lambda user: PlanVersion.objects.visible_to(user).select_related("plan__fiscal_year"))
    seen = WholeNumber(min_value=1)
    lock_version = WholeNumber(min_value=0)
    note = Text(max_length=400, required=False)
