"""Input of the plan's pages."""

from .amounts import AmountField
from .calendar import WorkdayForm
from .calls import CallForm, DealCallForm
from .capacity import FullQuotaForm
from .cascades import BUCKETS, CascadeForm, LevelsForm, SpanForm
from .commitments import AcceptForm, CommitForm, CounterForm, TalkForm
from .conversions import AnsweredRates, RatesForm, answered_rates
from .goals import EffortForm, StageGoalForm, asked_goals
from .ladders import ClimbForm, LadderForm
from .market import ShareTargetForm, TargetLinksForm
from .other_targets import MetricForm, MetricNameForm, OtherTargetForm, RemoveForm
from .plans import ActOnVersionForm, BeginYearForm, FiscalStartForm, ReplanForm, ReviseForm
from .rate_limits import RateSettingsForm
from .smart import SmartLimitsForm
from .submissions import ApproveForm, SendBackForm, SubmitPartForm, SubmitVersionForm
from .targets import MonthsForm, SplitForm
from .warnings import AcknowledgeForm, AssignForm, CloseForm, ReopenForm, SnoozeForm, WarningForm

__all__ = [
    "BUCKETS",
    "AcceptForm",
    "AcknowledgeForm",
    "ActOnVersionForm",
    "AmountField",
    "AnsweredRates",
    "ApproveForm",
    "AssignForm",
    "BeginYearForm",
    "CallForm",
    "CascadeForm",
    "ClimbForm",
    "CloseForm",
    "CommitForm",
    "CounterForm",
    "DealCallForm",
    "EffortForm",
    "FiscalStartForm",
    "FullQuotaForm",
    "LadderForm",
    "LevelsForm",
    "MetricForm",
    "MetricNameForm",
    "MonthsForm",
    "OtherTargetForm",
    "RateSettingsForm",
    "RatesForm",
    "RemoveForm",
    "ReopenForm",
    "ReplanForm",
    "ReviseForm",
    "SendBackForm",
    "ShareTargetForm",
    "SmartLimitsForm",
    "SnoozeForm",
    "SpanForm",
    "SplitForm",
    "StageGoalForm",
    "SubmitPartForm",
    "SubmitVersionForm",
    "TalkForm",
    "TargetLinksForm",
    "WarningForm",
    "WorkdayForm",
    "answered_rates",
    "asked_goals",
]
