from decimal import Decimal

from django.db.models import Q, QuerySet
from django_filters import ChoiceFilter, FilterSet, NumberFilter
from rest_framework.mixins import ListModelMixin
from rest_framework.viewsets import GenericViewSet

from core.api.viewsets import SignedIn
from core.models import Publication
from customers.models import Deal
from planning.models import JOB, DealForecast, ForecastEvidence, NodeForecast, StageConversion
from planning.queries.snapshot import PERIODS
from planning.serializers import ConversionOut, DealChanceOut, NightOut, NodeForecastOut
from teams.models import OrgUnit, User

_PERIODS = [(period, period) for period in PERIODS]


def _published() -> QuerySet[Publication]:
    """The runs that readers see, one per plan."""
    return Publication.objects.filter(job=JOB)


class NightFilters(FilterSet):
    plan = NumberFilter(field_name="plan_id")

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
    plan = NumberFilter(method="of_plan")
    unit = NumberFilter(field_name="unit_id")
    person = NumberFilter(field_name="person_id")
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
    deal = NumberFilter(field_name="deal_id")

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


class ConversionFilters(FilterSet):
    stage = NumberFilter(field_name="stage_id")
    window = ChoiceFilter(choices=StageConversion.Window.choices)
    by = ChoiceFilter(choices=StageConversion.By.choices)
    member = NumberFilter()

    class Meta:
        model = StageConversion
        fields: list[str] = []


class ConversionViewSet(ListModelMixin, SignedIn, GenericViewSet[StageConversion]):
    """
    Conversion and time in stage as the last night saw them.

    Everybody sees the company's and their own; units and people as far as the caller sees their work; product lines, lead
    sources and regions are for those who manage.
    """

    scope_read = "forecasts:read"
    serializer_class = ConversionOut
    filterset_class = ConversionFilters
    queryset = StageConversion.objects.none()
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[StageConversion]:
        by = StageConversion.By
        seen = (
            Q(by=by.COMPANY)
            | Q(by=by.PERSON, member__in=User.objects.visible_to(self.user).values("pk"))
            | Q(by=by.UNIT, member__in=OrgUnit.objects.visible_to(self.user).values("pk"))
        )
        if self.user.is_manager:
            seen |= Q(by__in=[by.PRODUCT, by.CHANNEL, by.REGION])
        return StageConversion.objects.filter(seen, run__in=_published().values("run")).order_by("pk")
