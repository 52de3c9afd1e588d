"""What the API takes and shows of plans, targets and forecasts."""

from .calendars import WorkdayOut
from .calls import CallIn, CallOut
from .capacity import CapacityOut, FullQuotaIn, FullQuotaOut
from .cascades import CascadeIn, LevelsIn, PotentialIn, PotentialOut, ProposalOut
from .commitments import AcceptIn, CommitIn, CommitmentOut, CounterIn
from .conversions import MeaningOut, RatesOut
from .forecasts import ConversionOut, DealChanceOut, NightOut, NodeForecastOut
from .goals import DerivedOut, DeriveIn, StageGoalIn, StageGoalOut
from .ladders import LadderIn, LadderOut, LinksIn, LinksOut
from .market import ShareTargetIn, ShareTargetOut
from .plans import PlanOut, PlanVersionOut, ReviseIn, SendBackIn, SubmissionOut, SubmitIn, SubmitPartIn
from .scenarios import AdoptScenarioIn, ScenarioChangeIn, ScenarioIn, ScenarioOut, ScenarioResultOut
from .targets import (
    ClearIn,
    GrowthIn,
    LockIn,
    MetricOut,
    SmartOut,
    SomeMonthsIn,
    SplitIn,
    TargetChanceOut,
    TargetIn,
    TargetOut,
)
from .track_record import PastForecastOut
from .warnings import AssignIn, CloseIn, LeverOut, NoteIn, NothingIn, SnoozeIn, WarningOut

__all__ = [
    "AcceptIn",
    "AdoptScenarioIn",
    "AssignIn",
    "CallIn",
    "CallOut",
    "CapacityOut",
    "CascadeIn",
    "ClearIn",
    "CloseIn",
    "CommitIn",
    "CommitmentOut",
    "ConversionOut",
    "CounterIn",
    "DealChanceOut",
    "DeriveIn",
    "DerivedOut",
    "FullQuotaIn",
    "FullQuotaOut",
    "GrowthIn",
    "LadderIn",
    "LadderOut",
    "LevelsIn",
    "LeverOut",
    "LinksIn",
    "LinksOut",
    "LockIn",
    "MeaningOut",
    "MetricOut",
    "NightOut",
    "NodeForecastOut",
    "NoteIn",
    "NothingIn",
    "PastForecastOut",
    "PlanOut",
    "PlanVersionOut",
    "PotentialIn",
    "PotentialOut",
    "ProposalOut",
    "RatesOut",
    "ReviseIn",
    "ScenarioChangeIn",
    "ScenarioIn",
    "ScenarioOut",
    "ScenarioResultOut",
    "SendBackIn",
    "ShareTargetIn",
    "ShareTargetOut",
    "SmartOut",
    "SnoozeIn",
    "SomeMonthsIn",
    "SplitIn",
    "StageGoalIn",
    "StageGoalOut",
    "SubmissionOut",
    "SubmitIn",
    "SubmitPartIn",
    "TargetChanceOut",
    "TargetIn",
    "TargetOut",
    "WarningOut",
    "WorkdayOut",
]
