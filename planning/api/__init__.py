"""Plans, targets, forecasts and warnings over HTTP."""

from .calendars import WorkdayViewSet
from .calls import CallViewSet
from .capacity import CapacityViewSet, FullQuotaViewSet
from .cascades import PotentialViewSet
from .commitments import CommitmentViewSet
from .conversions import ConversionViewSet
from .forecasts import DealChanceViewSet, ForecastViewSet, NightViewSet
from .goals import StageGoalViewSet
from .market import ShareTargetViewSet
from .plans import PlanVersionViewSet, PlanViewSet, SubmissionViewSet
from .scenarios import ScenarioViewSet
from .targets import MetricViewSet, TargetViewSet
from .track_record import TrackRecordViewSet
from .warnings import LeverViewSet, WarningViewSet

__all__ = [
    "CallViewSet",
    "CapacityViewSet",
    "CommitmentViewSet",
    "ConversionViewSet",
    "DealChanceViewSet",
    "ForecastViewSet",
    "FullQuotaViewSet",
    "LeverViewSet",
    "MetricViewSet",
    "NightViewSet",
    "PlanVersionViewSet",
    "PlanViewSet",
    "PotentialViewSet",
    "ScenarioViewSet",
    "ShareTargetViewSet",
    "StageGoalViewSet",
    "SubmissionViewSet",
    "TargetViewSet",
    "TrackRecordViewSet",
    "WarningViewSet",
    "WorkdayViewSet",
]
