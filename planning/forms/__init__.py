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
from .potentials import PotentialsForm
from .rate_limits import RateSettingsForm
from .smart import SmartLimitsForm
from .submissions import ApproveForm, SendBackForm, SubmitPartForm, SubmitVersionForm
from .target_files import ApplyFileForm, TargetFileForm
from .targets import ClearForm, GrowthForm, LockForm, MonthsForm, SplitForm, share_of
from .warnings import AcknowledgeForm, AssignForm, CloseForm, ReopenForm, SnoozeForm, WarningForm

__all__ = [
    "BUCKETS",
    "AcceptForm",
    "AcknowledgeForm",
    "ActOnVersionForm",
    "AmountField",
    "AnsweredRates",
    "ApplyFileForm",
    "ApproveForm",
    "AssignForm",
    "BeginYearForm",
    "CallForm",
    "CascadeForm",
    "ClearForm",
    "ClimbForm",
    "CloseForm",
    "CommitForm",
    "CounterForm",
    "DealCallForm",
    "EffortForm",
    "FiscalStartForm",
    "FullQuotaForm",
    "GrowthForm",
    "LadderForm",
    "LevelsForm",
    "LockForm",
    "MetricForm",
    "MetricNameForm",
    "MonthsForm",
    "OtherTargetForm",
    "PotentialsForm",
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
    "TargetFileForm",
    "TargetLinksForm",
    "WarningForm",
    "WorkdayForm",
    "answered_rates",
    "asked_goals",
    "share_of",
]
