"""Plans, targets and forecasts over HTTP."""

from .forecasts import ConversionViewSet, DealChanceViewSet, ForecastViewSet, NightViewSet
from .plans import PlanVersionViewSet, PlanViewSet
from .targets import TargetViewSet

__all__ = [
    "ConversionViewSet",
    "DealChanceViewSet",
    "ForecastViewSet",
    "NightViewSet",
    "PlanVersionViewSet",
    "PlanViewSet",
    "TargetViewSet",
]
