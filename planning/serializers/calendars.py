from rest_framework import serializers

from core.api.serializers import ModelOut
from teams.models import WorkdayOverride


class WorkdayOut(ModelOut):
    """A day that is worked, or is not, against the public calendar."""

    name = serializers.CharField(source="note")

    class Meta:
        model = WorkdayOverride
        fields = ["id", "day", "is_workday", "name", "made_by", "made_at"]
