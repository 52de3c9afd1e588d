"""What the API takes and shows of plans, targets and forecasts."""

from .forecasts import ConversionOut, DealChanceOut, NightOut, NodeForecastOut
from .plans import PlanOut, PlanVersionOut
from .targets import SplitIn, TargetIn, TargetOut

__all__ = [
    "ConversionOut",
    "DealChanceOut",
    "NightOut",
    "NodeForecastOut",
    "PlanOut",
    "PlanVersionOut",
    "SplitIn",
    "TargetIn",
    "TargetOut",
]
