"""Plans, targets and forecasts over HTTP."""

from .calls import CallViewSet
from .conversions import ConversionViewSet
from .forecasts import DealChanceViewSet, ForecastViewSet, NightViewSet
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
