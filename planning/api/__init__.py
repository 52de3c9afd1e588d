"""Plans, targets and forecasts over HTTP."""

from .calls import CallViewSet
from .forecasts import ConversionViewSet, DealChanceViewSet, ForecastViewSet, NightViewSet
from .plans import PlanVersionViewSet, PlanViewSet
from .targets import TargetViewSet
from .track_record import TrackRecordViewSet

__all__ = [
    "CallViewSet",
    "ConversionViewSet",
    "DealChanceViewSet",
    "ForecastViewSet",
    "NightViewSet",
    "PlanVersionViewSet",
    "PlanViewSet",
    "TargetViewSet",
    "TrackRecordViewSet",
]
