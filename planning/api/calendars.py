from django.db.models import QuerySet
from django_filters import FilterSet
from rest_framework.mixins import ListModelMixin
from rest_framework.viewsets import GenericViewSet

from core.api.filters import WholeNumberFilter
from core.api.viewsets import SignedIn
from planning.serializers import WorkdayOut
from teams.models import WorkdayOverride


class WorkdayFilters(FilterSet):
    year = WholeNumberFilter(field_name="day", lookup_expr="year", min_value=1990, max_value=2100)

    class Meta:
        model = WorkdayOverride
        fields: list[str] = []


class WorkdayViewSet(ListModelMixin, SignedIn, GenericViewSet[WorkdayOverride]):
    """Where the company's working days differ from the public calendar of its country: days off, make-up working days."""

    scope_read = "plans:read"
    serializer_class = WorkdayOut
    filterset_class = WorkdayFilters
    queryset = WorkdayOverride.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[WorkdayOverride]:
        return WorkdayOverride.objects.order_by("day", "pk")
