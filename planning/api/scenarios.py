from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.access import require
from core.api.filters import WholeNumberFilter
from core.api.viewsets import Retrieves
from planning import policies, services
from planning.models import Scenario
from planning.queries.forecasts import shown_run, visible_node
from planning.queries.scenarios import SHOWN, Wish, night_rows, plays
from planning.serializers import (
    AdoptScenarioIn,
    PlanVersionOut,
    ScenarioChangeIn,
    ScenarioIn,
    ScenarioOut,
    ScenarioResultOut,
)


class ScenarioFilters(FilterSet):
    version = WholeNumberFilter(field_name="version_id")

    class Meta:
        model = Scenario
        fields: list[str] = []


class ScenarioViewSet(Retrieves, ListModelMixin, GenericViewSet[Scenario]):
    """
    Scenarios beside the baseline of a version, at most three. Nothing is forecast anew: the published night is moved.

    A change needs the ETag of what was read in If-Match.
    """

    versioned = True
    unversioned_actions = ("create",)
    scope_read = "plans:read"
    scope_write = "plans:write"
    serializer_class = ScenarioOut
    filterset_class = ScenarioFilters
    queryset = Scenario.objects.none()
    http_method_names = ["get", "head", "options", "post", "patch", "delete"]

    def get_queryset(self) -> QuerySet[Scenario]:
        rows = Scenario.objects.visible_to(self.user).select_related("version__plan__fiscal_year", "hires_unit")
        return rows.order_by("version", "slot")

    @extend_schema(request=ScenarioIn, responses={201: ScenarioOut})
    def create(self, request: Request) -> Response:
        """Keep levers under a name."""
        require(policies.can_keep_scenario(self.user))
        row = services.keep_scenario(actor=self.user, **self.valid(ScenarioIn))
        return self.answer(row, ScenarioOut, status=201, location=reverse("api:scenario-detail", args=[row.pk]))

    @extend_schema(request=ScenarioChangeIn, responses=ScenarioOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Give a scenario another name or other levers; what is left out stays."""
        row = self.get_object()
        require(policies.can_keep_scenario(self.user, row))
        wish = self.valid(ScenarioChangeIn)
        seen = self.expected_version(row)
        return self.answer(
            services.change_scenario(scenario=row, actor=self.user, lock_version=seen, **wish), ScenarioOut
        )

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """Remove a scenario."""
        row = self.get_object()
        require(policies.can_keep_scenario(self.user, row))
        services.drop_scenario(scenario=row, actor=self.user, lock_version=self.expected_version(row))
        return Response(status=204)

    @extend_schema(request=AdoptScenarioIn, responses={201: PlanVersionOut})
    @action(detail=True, methods=["post"])
    def adopt(self, request: Request, pk: str) -> Response:
        """
        Begin a draft of the plan with the targets that the scenario supports.

        Where months of the year are over, say what becomes of what they lack: carry, spread or drop.
        """
        row = self.get_object()
        require(policies.can_plan(self.user))
        wish = self.valid(AdoptScenarioIn)
        seen = self.expected_version(row)
        today = timezone.localdate(timezone=ZoneInfo(row.version.plan.time_zone))
        draft = services.adopt_scenario(scenario=row, actor=self.user, as_of=today, lock_version=seen, **wish)
        location = reverse("api:plan-version-detail", args=[draft.pk])
        return self.answer(draft, PlanVersionOut, status=201, location=location)

    @extend_schema(
        responses=ScenarioResultOut,
        filters=False,
        parameters=[
            OpenApiParameter("unit", OpenApiTypes.INT64, description="By default the top of what the caller sees."),
            OpenApiParameter("person", OpenApiTypes.INT64),
        ],
    )
    @action(detail=True, pagination_class=None, query_parameters=("unit", "person"))
    def result(self, request: Request, pk: str) -> Response:
        """What the scenario makes of the published night, by month, quarter and year; no periods before the first night."""
        row = self.get_object()
        asked = {name: self._key(name) for name in ("unit", "person")}
        node = visible_node(self.user, **asked)
        if node is None:
            raise NotFound
        plan = row.version.plan
        run = shown_run(plan)
        if run is None:
            return Response(ScenarioResultOut({"night": None, "without": 0, "periods": []}).data)
        (play,) = plays(plan=plan, run=run, rows=night_rows(run, self.user, node=node), wishes=[Wish.of(row)])
        own = play.of(node)
        periods = [
            {
                "period": period,
                "target": own[period].row.target,
                "baseline": own[period].row.expected,
                "expected": round(own[period].moved.expected, 2),
                "delta": round(own[period].moved.delta, 2),
                "baseline_chance": own[period].row.p_attain,
                "chance": own[period].moved.chance,
            }
            for period in SHOWN
            if period in own
        ]
        result = {"night": run.business_date, "without": play.without, "periods": periods}
        return Response(ScenarioResultOut(result).data)

    def _key(self, name: str) -> int | None:
        text = self.request.query_params.get(name, "")
        if text and not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise ValidationError({name: [_("Give a whole number.")]})
        return int(text) if text else None
