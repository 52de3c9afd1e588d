"""Plans, targets, forecasts and warnings over HTTP."""

from .calendars import WorkdayViewSet
from .calls import CallViewSet
from .cascades import PotentialViewSet
from .commitments import CommitmentViewSet
from .conversions import ConversionViewSet
from .forecasts import DealChanceViewSet, ForecastViewSet, NightViewSet
from .plans import PlanVersionViewSet, PlanViewSet, SubmissionViewSet
from .targets import MetricViewSet, TargetViewSet
from .track_record import TrackRecordViewSet
from .warnings import LeverViewSet, WarningViewSet

__all__ = [
    "CallViewSet",
    "CommitmentViewSet",
    "ConversionViewSet",
    "DealChanceViewSet",
    "ForecastViewSet",
    "LeverViewSet",
    "MetricViewSet",
    "NightViewSet",
    "PlanVersionViewSet",
    "PlanViewSet",
    "PotentialViewSet",
    "SubmissionViewSet",
    "TargetViewSet",
    "TrackRecordViewSet",
    "WarningViewSet",
    "WorkdayViewSet",
]
