from django.db.models import QuerySet
from django_filters import FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api.filters import WholeNumberFilter
from core.api.viewsets import Retrieves
from planning import services
from planning.models import Target
from planning.serializers import SplitIn, TargetIn, TargetOut


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

    @extend_schema(request=SplitIn, responses=TargetOut)
    @action(detail=False, methods=["post"])
    def split(self, request: Request) -> Response:
        """
        Spread a year's total over the months.

        By the season learnt from the years before, evenly, in last year's shape, by working days, or in the row's own shape.
        """
        return self.answer(services.split_target(actor=self.user, **self.valid(SplitIn)).target, TargetOut)
