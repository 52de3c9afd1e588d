"""Customers, deals with their stage moves, activities and the vocabulary over HTTP."""

from .activities import ActivityViewSet
from .customers import CustomerViewSet
from .deals import DealViewSet
from .pipelines import ChannelViewSet, PipelineViewSet, ProductLineViewSet, RegionViewSet

__all__ = [
    "ActivityViewSet",
    "ChannelViewSet",
    "CustomerViewSet",
    "DealViewSet",
    "PipelineViewSet",
    "ProductLineViewSet",
    "RegionViewSet",
]
