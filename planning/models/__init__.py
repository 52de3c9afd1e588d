"""What: fiscal years, plans with their versions, targets, and the nightly forecast against them."""

from .forecasts import JOB, DealForecast, ForecastEvidence, NodeForecast, StageConversion
from .plans import FiscalYear, Plan, PlanVersion
from .targets import MONTHS, QUARTERS, Target

__all__ = [
    "JOB",
    "MONTHS",
    "QUARTERS",
    "DealForecast",
    "FiscalYear",
    "ForecastEvidence",
    "NodeForecast",
    "Plan",
    "PlanVersion",
    "StageConversion",
    "Target",
]
