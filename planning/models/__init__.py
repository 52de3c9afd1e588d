"""What: fiscal years, plans with their versions, targets, the nightly forecast against them, and how good it has been."""

from .forecasts import JOB, DealForecast, ForecastEvidence, NodeForecast, StageConversion
from .groundwork import GROUNDWORK, ExposureMonth, Groundwork, GroundworkPart
from .plans import FiscalYear, Plan, PlanVersion
from .targets import MONTHS, QUARTERS, Target
from .track_record import TRACK_JOB, TRACK_SCOPE, ChanceCheck, PastForecast

__all__ = [
    "GROUNDWORK",
    "JOB",
    "MONTHS",
    "QUARTERS",
    "TRACK_JOB",
    "TRACK_SCOPE",
    "ChanceCheck",
    "DealForecast",
    "ExposureMonth",
    "FiscalYear",
    "ForecastEvidence",
    "Groundwork",
    "GroundworkPart",
    "NodeForecast",
    "PastForecast",
    "Plan",
    "PlanVersion",
    "StageConversion",
    "Target",
]
