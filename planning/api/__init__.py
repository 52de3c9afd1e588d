"""Plans, targets, forecasts and warnings over HTTP."""

from .calendars import WorkdayViewSet
from .calls import CallViewSet
from .conversions import ConversionViewSet
from .forecasts import DealChanceViewSet, ForecastViewSet, NightViewSet
from .plans import PlanVersionViewSet, PlanViewSet
from .targets import TargetViewSet
from .track_record import TrackRecordViewSet
from .warnings import LeverViewSet, WarningViewSet

__all__ = [
    "CallViewSet",
    "ConversionViewSet",
    "DealChanceViewSet",
    "ForecastViewSet",
    "LeverViewSet",
    "NightViewSet",
    "PlanVersionViewSet",
    "PlanViewSet",
    "TargetViewSet",
    "TrackRecordViewSet",
    "WarningViewSet",
    "WorkdayViewSet",
]
