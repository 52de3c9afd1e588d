from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.serializers import Day, In, Linked, ModelOut, Text
from planning.models import ConversionWarning, Lever
from planning.queries.warnings import evidence
from teams.models import User


class WarningOut(ModelOut):
    """
    A conversion below its own history, from the night that found it until it is back or faded.

    `by` and `member` name the cell (`member` is the key of the unit, person, product line, lead source or market region, the
    lower bound of a deal size, 0 for the company). `facts` holds the evidence of the last night.
    """

    facts = serializers.SerializerMethodField()

    class Meta:
        model = ConversionWarning
        fields = [
            "id",
            "plan",
            "stage",
            "by",
            "member",
            "status",
            "found_date",
            "since_date",
            "last_date",
            "pushed_date",
            "recovered_date",
            "faded_date",
            "faded_why",
            "owner",
            "due_date",
            "snoozed_until",
            "note",
            "at_stake",
            "facts",
            "version",
        ]

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_facts(self, warning: ConversionWarning) -> dict[str, Any]:
        user: User = self.context["request"].user
        return evidence(warning, user)


class LeverOut(ModelOut):
    """What one stage of a unit or person would bring until the year ends, moved to its own history or to its peers."""

    class Meta:
        model = Lever
        fields = [
            "id",
            "stage",
            "by",
            "member",
            "rate_now",
            "rate_usual",
            "rate_peers",
            "observed",
            "expected",
            "low",
            "high",
            "leaving",
            "is_enough",
            "to_come",
            "gain_usual",
            "gain_peers",
            "cause",
        ]


class NoteIn(In):
    note = Text(lines=True, max_length=2000, required=False, allow_blank=True)


class AssignIn(NoteIn):
    owner = Linked(lambda user: User.objects.visible_to(user).active())
    due_date = Day(required=False, allow_null=True)


class SnoozeIn(NoteIn):
    snoozed_until = Day()


class CloseIn(In):
    """Why the warning is closed."""

    note = Text(lines=True, max_length=2000)


class NothingIn(In):
    """No input."""
