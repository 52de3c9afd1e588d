from zoneinfo import ZoneInfo

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
from planning.models import Target
from planning.queries.spreading import proposal
from planning.serializers import CascadeIn, LevelsIn, ProposalOut, SplitIn, TargetIn, TargetOut


class TargetFilters(FilterSet):
    version = WholeNumberFilter(field_name="version_id")
    unit = WholeNumberFilter(field_name="unit_id")
    person = WholeNumberFilter(field_name="person_id")

    class Meta:
        model = Target
        fields: list[str] = []


class TargetViewSet(Retrieves, ListModelMixin, GenericViewSet[Target]):
    """
    Targets of units and people. A POST sets the twelve months of one row of a draft, whether it is there or not.

    Nobody sets their own target, and a version in force is not changed: revise the plan.
    """

    scope_read = "targets:read"
    scope_write = "targets:write"
    serializer_class = TargetOut
    filterset_class = TargetFilters
    queryset = Target.objects.none()
    http_method_names = ["get", "head", "options", "post"]

    def get_queryset(self) -> QuerySet[Target]:
        rows = Target.objects.visible_to(self.user).order_by("version", "pk")
        return rows.plain() if self.action == "list" else rows

    @extend_schema(request=TargetIn, responses=TargetOut)
    def create(self, request: Request) -> Response:
        """Set the twelve months of a target. `lock_version` 0 makes a new row; a stale one gets 412 with both values."""
        return self.answer(services.set_target(actor=self.user, **self.valid(TargetIn)), TargetOut)

    @extend_schema(request=CascadeIn, responses=ProposalOut)
    @action(detail=False, methods=["post"])
    def cascade(self, request: Request) -> Response:
        """
        Spread a unit's target over those below, or with `preview` say what that would do.

        To carry it out, send back the `seen` of every row of the preview; rows changed since get 412 with their names.
        """
        given = self.valid(CascadeIn)
        given["as_of"] = timezone.localdate(timezone=ZoneInfo(given["version"].plan.time_zone))
        if not given.pop("preview"):
            return self.answer(services.cascade_target(actor=self.user, at=timezone.now(), **given), ProposalOut)
        require(policies.can_spread(self.user, given["version"], given["unit"]))
        del given["seen"]
        given["unit"] = given["unit"].pk
        return self.answer(proposal(reach=policies.target_reach(self.user), **given), ProposalOut)

    @extend_schema(request=LevelsIn, responses=TargetOut)
    @action(detail=False, methods=["post"])
    def levels(self, request: Request) -> Response:
        """Set the stretch and challenge totals of a target's year; what is left out is taken away."""
        given = self.valid(LevelsIn)
        levels = services.Levels(given.pop("stretch", None), given.pop("challenge", None))
        return self.answer(services.set_levels(actor=self.user, levels=levels, **given), TargetOut)

    @extend_schema(request=SplitIn, responses=TargetOut)
    @action(detail=False, methods=["post"])
    def split(self, request: Request) -> Response:
        """
        Spread a year's total over the months.

        By the season learnt from the years before, evenly, in last year's shape, by working days, or in the row's own shape.
        """
        return self.answer(services.split_target(actor=self.user, **self.valid(SplitIn)).target, TargetOut)
