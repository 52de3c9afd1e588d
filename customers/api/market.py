from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django_filters import ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.access import require
from core.api.filters import WholeNumberFilter
from core.api.viewsets import Retrieves
from customers import policies, services
from customers.models import MarketSize, Strategy
from customers.serializers import MarketSizeIn, MarketSizeOut, StrategyChange, StrategyIn, StrategyOut


class MarketSizeFilters(FilterSet):
    product = WholeNumberFilter(field_name="product_id")
    region = WholeNumberFilter(field_name="region_id")

    class Meta:
        model = MarketSize
        fields: list[str] = []


class MarketSizeViewSet(Retrieves, ListModelMixin, GenericViewSet[MarketSize]):
    """Estimates of market sizes, newest first; they are added and never changed."""

    scope_read = "plans:read"
    scope_write = "plans:write"
    serializer_class = MarketSizeOut
    filterset_class = MarketSizeFilters
    queryset = MarketSize.objects.none()
    http_method_names = ["get", "head", "options", "post"]

    def get_queryset(self) -> QuerySet[MarketSize]:
        return MarketSize.objects.visible_to(self.user).order_by("-pk")

    @extend_schema(request=MarketSizeIn, responses={201: MarketSizeOut})
    def create(self, request: Request) -> Response:
        """Add an estimate with its source and day."""
        require(policies.can_keep_market(self.user))
        row = services.record_market_size(actor=self.user, now=timezone.now(), **self.valid(MarketSizeIn))
        return self.answer(row, MarketSizeOut, status=201, location=reverse("api:market-size-detail", args=[row.pk]))


class StrategyFilters(FilterSet):
    status = ChoiceFilter(choices=Strategy.Status.choices)

    class Meta:
        model = Strategy
        fields: list[str] = []


class StrategyViewSet(Retrieves, ListModelMixin, GenericViewSet[Strategy]):
    """The company's strategies."""

    scope_read = "plans:read"
    scope_write = "plans:write"
    serializer_class = StrategyOut
    filterset_class = StrategyFilters
    queryset = Strategy.objects.none()
    versioned = True
    http_method_names = ["get", "head", "options", "post", "patch"]

    def get_queryset(self) -> QuerySet[Strategy]:
        return Strategy.objects.visible_to(self.user).order_by("pk")

    @extend_schema(request=StrategyIn, responses={201: StrategyOut})
    def create(self, request: Request) -> Response:
        """Add a strategy."""
        require(policies.can_keep_market(self.user))
        row = services.add_strategy(actor=self.user, **self.valid(StrategyIn))
        return self.answer(row, StrategyOut, status=201, location=reverse("api:strategy-detail", args=[row.pk]))

    @extend_schema(request=StrategyChange, responses=StrategyOut)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Rename a strategy, hand it to somebody, call it done or dropped."""
        strategy = self.get_object()
        require(policies.can_edit_strategy(self.user, strategy))
        wish = self.valid(StrategyChange)
        version = self.expected_version(strategy)
        return self.answer(
            services.edit_strategy(strategy=strategy, version=version, actor=self.user, **wish), StrategyOut
        )
