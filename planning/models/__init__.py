"""What: fiscal years, plans with their versions, targets, the nightly forecast against them, and how good it has been."""

from .forecasts import JOB, DealForecast, ForecastEvidence, NodeForecast, StageConversion
from .plans import FiscalYear, Plan, PlanVersion
from .targets import MONTHS, QUARTERS, Target
from .track_record import TRACK_JOB, TRACK_SCOPE, ChanceCheck, PastForecast

__all__ = [
    "JOB",
    "MONTHS",
    "QUARTERS",
    "TRACK_JOB",
    "TRACK_SCOPE",
    "ChanceCheck",
    "DealForecast",
    "FiscalYear",
    "ForecastEvidence",
    "NodeForecast",
    "PastForecast",
    "Plan",
    "PlanVersion",
    "StageConversion",
    "Target",
]
