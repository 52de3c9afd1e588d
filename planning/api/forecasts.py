from decimal import Decimal

from django.db.models import QuerySet
from django_filters import ChoiceFilter, FilterSet
from rest_framework.mixins import ListModelMixin
from rest_framework.viewsets import GenericViewSet

from core.api.filters import WholeNumberFilter
from core.api.viewsets import SignedIn
from core.models import Publication
from customers.models import Deal
from planning.models import JOB, DealForecast, ForecastEvidence, NodeForecast
from planning.queries.snapshot import PERIODS
from planning.serializers import DealChanceOut, NightOut, NodeForecastOut

_PERIODS = [(period, period) for period in PERIODS]


def _published() -> QuerySet[Publication]:
    """The runs that readers see, one per plan."""
    return Publication.objects.filter(job=JOB)


class NightFilters(FilterSet):
    plan = WholeNumberFilter(field_name="plan_id")

    class Meta:
        model = ForecastEvidence
        fields: list[str] = []


class NightViewSet(ListModelMixin, SignedIn, GenericViewSet[ForecastEvidence]):
    """The published night of each plan."""

    scope_read = "forecasts:read"
    serializer_class = NightOut
    filterset_class = NightFilters
    queryset = ForecastEvidence.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[ForecastEvidence]:
        return ForecastEvidence.objects.filter(run__in=_published().values("run")).select_related("run").order_by("pk")


class ForecastFilters(FilterSet):
    plan = WholeNumberFilter(method="of_plan")
    unit = WholeNumberFilter(field_name="unit_id")
    person = WholeNumberFilter(field_name="person_id")
    period = ChoiceFilter(choices=_PERIODS)

    class Meta:
        model = NodeForecast
        fields: list[str] = []

    def of_plan(self, rows: QuerySet[NodeForecast], _name: str, plan: Decimal) -> QuerySet[NodeForecast]:
        return rows.filter(run__evidence__plan=int(plan))


class ForecastViewSet(ListModelMixin, SignedIn, GenericViewSet[NodeForecast]):
    """The published forecast of the units and people whose work the caller may see."""

    scope_read = "forecasts:read"
    serializer_class = NodeForecastOut
    filterset_class = ForecastFilters
    queryset = NodeForecast.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[NodeForecast]:
        return NodeForecast.objects.visible_to(self.user).filter(run__in=_published().values("run")).order_by("pk")


class DealChanceFilters(FilterSet):
    deal = WholeNumberFilter(field_name="deal_id")

    class Meta:
        model = DealForecast
        fields: list[str] = []


class DealChanceViewSet(ListModelMixin, SignedIn, GenericViewSet[DealForecast]):
    """The chances of the caller's visible open deals, as the last night saw them."""

    scope_read = "forecasts:read"
    serializer_class = DealChanceOut
    filterset_class = DealChanceFilters
    queryset = DealForecast.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[DealForecast]:
        deals = Deal.objects.visible_to(self.user)
        return DealForecast.objects.filter(run__in=_published().values("run"), deal__in=deals).order_by("pk")
