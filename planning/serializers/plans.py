from rest_framework import serializers

from core.api.serializers import ModelOut
from planning.models import Plan, PlanVersion


class PlanOut(ModelOut):
    """The plan of a fiscal year: the days [first_date, after_date), its money and its clock."""

    year = serializers.IntegerField(source="fiscal_year.year")
    first_date = serializers.DateField(source="fiscal_year.first_date")
    after_date = serializers.DateField(source="fiscal_year.after_date")

    class Meta:
        model = Plan
        fields = ["id", "name", "year", "first_date", "after_date", "currency", "time_zone"]


class PlanVersionOut(ModelOut):
    class Meta:
        model = PlanVersion
        fields = ["id", "plan", "number", "status", "note", "based_on", "created_by", "created_at", "activated_at"]
