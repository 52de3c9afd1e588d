"""What the API takes and shows of plans, targets and forecasts."""

from .calls import CallIn, CallOut
from .conversions import MeaningOut, RatesOut
from .forecasts import ConversionOut, DealChanceOut, NightOut, NodeForecastOut
from .plans import PlanOut, PlanVersionOut
from .targets import SplitIn, TargetIn, TargetOut
from .track_record import PastForecastOut

__all__ = [
    "CallIn",
    "CallOut",
    "ConversionOut",
    "DealChanceOut",
    "MeaningOut",
    "NightOut",
    "NodeForecastOut",
    "PastForecastOut",
    "PlanOut",
    "PlanVersionOut",
    "RatesOut",
    "SplitIn",
    "TargetIn",
    "TargetOut",
]
