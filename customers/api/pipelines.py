from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.mixins import ListModelMixin
from rest_framework.viewsets import GenericViewSet

from core.api.viewsets import Retrieves
from customers.models import Channel, Pipeline, ProductLine, Region
from customers.serializers import ChannelOut, PipelineOut, ProductLineOut, RegionOut

Word = TypeVar("Word", bound=Model)


class _Words(Retrieves, ListModelMixin, GenericViewSet[Word]):
    """The company's own words: for everybody who works here, read only; the pages of the set-up change them."""

    scope_read = "deals:read"
    http_method_names = ["get", "head", "options"]

    def get_queryset(self) -> QuerySet[Word]:
        rows: QuerySet[Any] = super().get_queryset()
        return rows.order_by("position", "name", "pk")


class PipelineViewSet(_Words[Pipeline]):
    """Pipelines with their stages."""

    serializer_class = PipelineOut
    queryset = Pipeline.objects.prefetch_related("stages")


class ProductLineViewSet(_Words[ProductLine]):
    """Product lines."""

    serializer_class = ProductLineOut
    queryset = ProductLine.objects.all()


class RegionViewSet(_Words[Region]):
    """Market regions."""

    serializer_class = RegionOut
    queryset = Region.objects.all()


class ChannelViewSet(_Words[Channel]):
    """Channels: where leads come from."""

    serializer_class = ChannelOut
    queryset = Channel.objects.all()
