"""What: fiscal years, plans with their versions, targets, the nightly forecast with its past, and the nightly warnings."""

from .assignment import AssignmentRule
from .calls import DealCall, ForecastCall
from .capacity import FullQuota
from .commitments import Commitment
from .conversions import RateSettings, RateStages
from .forecasts import FEWEST_PEOPLE, JOB, DealForecast, ForecastEvidence, NodeForecast, StageConversion
from .goals import SETTLED, EffortSettings, FunnelGoals, StageEffort, StageGoal
from .groundwork import GROUNDWORK, ExposureMonth, Groundwork, GroundworkPart
from .market import ShareTarget, TargetCarrier, TargetStrategy
from .metrics import REVENUE, Metric
from .plans import IN_FORCE, IN_THE_WORKS, FiscalYear, Plan, PlanVersion
from .potentials import Potential
from .publications import Publication, PublishedBalance
from .reviews import ForecastReview
from .scenarios import SCENARIOS, Scenario
from .shaping import BaseSource, Override, Shaped
from .smart import Check, SmartFinding, SmartSettings, Verdict
from .submissions import Submission, SubmittedTarget
from .targets import MONTHS, PLAIN, QUARTERS, SCOPE, Scope, Target
from .track_record import TRACK_JOB, TRACK_SCOPE, ChanceCheck, PastForecast
from .warnings import WARNINGS_JOB, By, ConversionWarning, Lever, WarningDigest, WarningNight, Watched

__all__ = [
    "FEWEST_PEOPLE",
    "GROUNDWORK",
    "IN_FORCE",
    "IN_THE_WORKS",
    "JOB",
    "MONTHS",
    "PLAIN",
    "QUARTERS",
    "REVENUE",
    "SCENARIOS",
    "SCOPE",
    "SETTLED",
    "TRACK_JOB",
    "TRACK_SCOPE",
    "WARNINGS_JOB",
    "AssignmentRule",
    "BaseSource",
    "By",
    "ChanceCheck",
    "Check",
    "Commitment",
    "ConversionWarning",
    "DealCall",
    "DealForecast",
    "EffortSettings",
    "ExposureMonth",
    "FiscalYear",
    "ForecastCall",
    "ForecastEvidence",
    "ForecastReview",
    "FullQuota",
    "FunnelGoals",
    "Groundwork",
    "GroundworkPart",
    "Lever",
    "Metric",
    "NodeForecast",
    "Override",
    "PastForecast",
    "Plan",
    "PlanVersion",
    "Potential",
    "Publication",
    "PublishedBalance",
    "RateSettings",
    "RateStages",
    "Scenario",
    "Scope",
    "Shaped",
    "ShareTarget",
    "SmartFinding",
    "SmartSettings",
    "StageConversion",
    "StageEffort",
    "StageGoal",
    "Submission",
    "SubmittedTarget",
    "Target",
    "TargetCarrier",
    "TargetStrategy",
    "Verdict",
    "WarningDigest",
    "WarningNight",
    "Watched",
]
