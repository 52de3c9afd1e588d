"""Customers, deals with their stage moves, activities and the vocabulary over HTTP."""

from .activities import ActivityViewSet
from .customers import CustomerViewSet
from .deals import DealViewSet
from .market import MarketSizeViewSet, StrategyViewSet
from .pipelines import ChannelViewSet, PipelineViewSet, ProductLineViewSet, RegionViewSet

__all__ = [
    "ActivityViewSet",
    "ChannelViewSet",
    "CustomerViewSet",
    "DealViewSet",
    "MarketSizeViewSet",
    "PipelineViewSet",
    "ProductLineViewSet",
    "RegionViewSet",
    "StrategyViewSet",
]
