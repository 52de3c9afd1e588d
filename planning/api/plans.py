from django.db.models import QuerySet
from django_filters import ChoiceFilter, FilterSet
from rest_framework.mixins import ListModelMixin
from rest_framework.viewsets import GenericViewSet

from core.api.filters import WholeNumberFilter
from core.api.viewsets import Retrieves
from planning.models import Plan, PlanVersion
from planning.serializers import PlanOut, PlanVersionOut


class PlanFilters(FilterSet):
    year = WholeNumberFilter(field_name="fiscal_year__year", min_value=2000, max_value=2100)

    class Meta:
        model = Plan
        fields: list[str] = []


class PlanViewSet(Retrieves, ListModelMixin, GenericViewSet[Plan]):
    """The plans of the fiscal years."""

    scope_read = "plans:read"
    serializer_class = PlanOut
    filterset_class = PlanFilters
    queryset = Plan.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[Plan]:
        return Plan.objects.visible_to(self.user).select_related("fiscal_year").order_by("-fiscal_year__year")


class PlanVersionFilters(FilterSet):
    plan = WholeNumberFilter(field_name="plan_id")
    status = ChoiceFilter(choices=PlanVersion.Status.choices)

    class Meta:
        model = PlanVersion
        fields: list[str] = []


class PlanVersionViewSet(Retrieves, ListModelMixin, GenericViewSet[PlanVersion]):
    """Versions of plans; a draft is for those who plan. Activating one is a person's act, on the page."""

    scope_read = "plans:read"
    serializer_class = PlanVersionOut
    filterset_class = PlanVersionFilters
    queryset = PlanVersion.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[PlanVersion]:
        return PlanVersion.objects.visible_to(self.user).order_by("plan", "-number")
