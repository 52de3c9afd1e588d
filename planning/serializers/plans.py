from typing import Any

from rest_framework import serializers

from core.api.serializers import Day, In, Linked, ModelOut, Out, Text
from planning import queries
from planning.models import Plan, PlanVersion, Submission
from teams.models import OrgUnit


class PlanOut(ModelOut):
    """The plan of a fiscal year: the days [first_date, after_date), its money and its clock."""

    year = serializers.IntegerField(source="fiscal_year.year")
    first_date = serializers.DateField(source="fiscal_year.first_date")
    after_date = serializers.DateField(source="fiscal_year.after_date")

    class Meta:
        model = Plan
        fields = ["id", "name", "year", "first_date", "after_date", "currency", "time_zone"]


class PlanVersionOut(ModelOut):
    """One state of a plan. `version` grows with every step of its life, and is what its ETag says."""

    version = serializers.IntegerField()

    class Meta:
        model = PlanVersion
        fields = [
            "id",
            "plan",
            "number",
            "status",
            "note",
            "based_on",
            "effective_date",
            "shortfall",
            "created_by",
            "created_at",
            "activated_at",
            "closed_at",
            "version",
        ]


class SubmitIn(In):
    """`reason` is asked for where SMART checks fail: why the plan is handed up nevertheless."""

    reason = Text(lines=True, max_length=1000, required=False, allow_blank=True)


class ReviseIn(In):
    """
    From which month the plan is made anew (its first day; nothing = the whole year, while none of it is over), and what
    becomes of the shortfall.

    `shortfall` is asked for where months are over: carry it into the next three, spread it over all to come, or drop it.
    """

    effective_date = Day(required=False, allow_null=True)
    shortfall = serializers.ChoiceField(choices=PlanVersion.Shortfall.choices, required=False)
    note = Text(max_length=400, required=False, allow_blank=True)


class SubmitPartIn(SubmitIn):
    """The part of a unit: what is planned below it."""

    version = Linked(lambda user: PlanVersion.objects.visible_to(user).select_related("plan__fiscal_year"))
    unit = Linked(lambda user: OrgUnit.objects.visible_to(user).order_by("pk"))


class SendBackIn(In):
    comment = Text(lines=True, max_length=1000)


class FailureOut(Out):
    """A SMART check that failed when the part was handed up."""

    name = serializers.CharField()
    check = serializers.CharField()
    evidence = serializers.SerializerMethodField()

    def get_evidence(self, row: dict[str, Any]) -> str:
        return queries.Failure(**row).evidence


class SubmissionOut(ModelOut):
    """One handing up of the part of a unit (null: of the whole plan) and what was decided on it."""

    failed = FailureOut(many=True)

    class Meta:
        model = Submission
        fields = [
            "id",
            "plan_version",
            "unit",
            "round",
            "status",
            "failed",
            "reason",
            "submitted_by",
            "submitted_at",
            "decided_by",
            "decided_at",
            "comment",
            "version",
        ]
