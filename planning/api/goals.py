from django.db.models import QuerySet
from django.utils import timezone
from django_filters import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.access import require
from core.api.filters import WholeNumberFilter
from core.api.viewsets import Retrieves
from planning import policies, services
from planning.models import StageGoal
from planning.serializers import DerivedOut, DeriveIn, StageGoalIn, StageGoalOut


class StageGoalFilters(FilterSet):
    plan_version = WholeNumberFilter(field_name="funnel__target__version_id")
    target = WholeNumberFilter(field_name="funnel__target_id")
    unit = WholeNumberFilter(field_name="funnel__target__unit_id")
    person = WholeNumberFilter(field_name="funnel__target__person_id")
    pipeline = WholeNumberFilter(field_name="funnel__pipeline_id")
    stage = WholeNumberFilter(field_name="stage_id")

    class Meta:
        model = StageGoal
        fields: list[str] = []


class StageGoalViewSet(Retrieves, ListModelMixin, GenericViewSet[StageGoal]):
    """
    Funnel goals: how many deals must reach each stage of a pipeline, in which month, for a revenue target.

    Null = not measured. A PATCH decides about counts, rate or time of one stage; a field left out is taken as derived.
    """

    scope_read = "targets:read"
    scope_write = "targets:write"
    serializer_class = StageGoalOut
    filterset_class = StageGoalFilters
    queryset = StageGoal.objects.none()
    versioned = True
    unversioned_actions = ("derive",)
    http_method_names = ["get", "head", "options", "patch", "post"]

    def get_queryset(self) -> QuerySet[StageGoal]:
        goals = StageGoal.objects.visible_to(self.user).select_related(
            "funnel__target__version__plan__fiscal_year", "funnel__target__unit", "funnel__target__person"
        )
        return goals.order_by("funnel", "position")

    @extend_schema(request=StageGoalIn, responses=StageGoalOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Decide about a stage with a reason; all goals of the funnel follow. All fields empty: back to what was derived."""
        goal = self.get_object()
        target = goal.funnel.target
        require(policies.can_set_target(self.user, target.version, unit=target.unit, person=target.person))
        wish = self.valid(StageGoalIn)
        version = self.expected_version(goal)
        services.edit_goal(goal=goal, actor=self.user, now=timezone.now(), version=version, **wish)
        return self.answer(self.get_object(), StageGoalOut)

    @extend_schema(request=DeriveIn, responses=DerivedOut)
    @action(detail=False, methods=["post"])
    def derive(self, request: Request) -> Response:
        """Derive the goals of a unit or person again from what was measured, or of every target that the caller sets."""
        wish = self.valid(DeriveIn)
        today = timezone.localdate()
        return self.answer(services.derive_goals(actor=self.user, today=today, now=timezone.now(), **wish), DerivedOut)
