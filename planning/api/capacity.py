from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import FilterSet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet, ViewSet

from core.access import require
from core.api.filters import WholeNumberFilter
from core.api.viewsets import SignedIn
from planning import policies, queries, services
from planning.models import FullQuota
from planning.queries.capacity_lines import capacity_sheet
from planning.queries.forecasts import visible_node
from planning.serializers import CapacityOut, FullQuotaIn, FullQuotaOut

_ASKED = ("version", "unit", "person")


class CapacityViewSet(SignedIn, ViewSet):
    """What people can carry, month by month, against the target. For those who lead."""

    scope_read = "plans:read"
    query_parameters = _ASKED
    names_in_query = True  # 404 for a version, unit or person that is not there
    http_method_names = ["get", "head", "options"]

    @extend_schema(
        responses=CapacityOut,
        parameters=[
            OpenApiParameter("version", OpenApiTypes.INT64, required=True, description="The version of the plan."),
            OpenApiParameter("unit", OpenApiTypes.INT64, description="By default the top of what the caller sees."),
            OpenApiParameter("person", OpenApiTypes.INT64),
        ],
    )
    def list(self, request: Request) -> Response:
        """Capacity by month, of those directly below, and what over-assigning buys; null = no full quota is set."""
        require(policies.can_see_capacity(self.user))
        keys = {name: self._key(name) for name in _ASKED}
        if keys["version"] is None:
            raise ValidationError({"version": [_("Say which version of the plan.")]})
        version = queries.visible_versions(self.user).filter(pk=keys["version"]).first()
        node = visible_node(self.user, unit=keys["unit"], person=keys["person"])
        if version is None or node is None:
            raise NotFound
        today = timezone.localdate(timezone=ZoneInfo(version.plan.time_zone))
        return Response(CapacityOut(capacity_sheet(version=version, user=self.user, node=node, as_of=today)).data)

    def _key(self, name: str) -> int | None:
        text = self.request.query_params.get(name, "")
        if text and not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise ValidationError({name: [_("Give a whole number.")]})
        return int(text) if text else None


class FullQuotaFilters(FilterSet):
    plan = WholeNumberFilter(field_name="plan_id")
    unit = WholeNumberFilter(field_name="unit_id")
    person = WholeNumberFilter(field_name="person_id")

    class Meta:
        model = FullQuota
        fields: list[str] = []


class FullQuotaViewSet(SignedIn, ListModelMixin, GenericViewSet[FullQuota]):
    """Full quotas that were typed, for a person or for everybody in a unit. A POST sets one, whether it is there or not."""

    scope_read = "plans:read"
    scope_write = "plans:write"
    serializer_class = FullQuotaOut
    filterset_class = FullQuotaFilters
    queryset = FullQuota.objects.none()
    http_method_names = ["get", "head", "options", "post"]

    def get_queryset(self) -> QuerySet[FullQuota]:
        return FullQuota.objects.visible_to(self.user).order_by("plan", "pk")

    @extend_schema(request=FullQuotaIn, responses=FullQuotaOut)
    def create(self, request: Request) -> Response:
        """Say what somebody ramped up brings in the year. Nobody sets their own."""
        return self.answer(services.set_full_quota(actor=self.user, **self.valid(FullQuotaIn)), FullQuotaOut)
