"""What the API takes and shows of plans, targets and forecasts."""

from .forecasts import ConversionOut, DealChanceOut, NightOut, NodeForecastOut
from .plans import PlanOut, PlanVersionOut
from .targets import SplitIn, TargetIn, TargetOut
from .track_record import PastForecastOut

__all__ = [
    "ConversionOut",
    "DealChanceOut",
    "NightOut",
    "NodeForecastOut",
    "PastForecastOut",
    "PlanOut",
    "PlanVersionOut",
    "SplitIn",
    "TargetIn",
    "TargetOut",
]
