"""Input of the plan's pages."""

from .amounts import AmountField
from .calendar import WorkdayForm
from .calls import CallForm, DealCallForm
from .conversions import AnsweredRates, RatesForm, answered_rates
from .ladders import ClimbForm, LadderForm
from .plans import ActivateForm, BeginYearForm, ReviseForm
from .rate_limits import RateSettingsForm
from .targets import MonthsForm, SplitForm
from .warnings import AcknowledgeForm, AssignForm, CloseForm, ReopenForm, SnoozeForm, WarningForm

__all__ = [
    "AcknowledgeForm",
    "ActivateForm",
    "AmountField",
    "AnsweredRates",
    "AssignForm",
    "BeginYearForm",
    "CallForm",
    "ClimbForm",
    "CloseForm",
    "DealCallForm",
    "LadderForm",
    "MonthsForm",
    "RateSettingsForm",
    "RatesForm",
    "ReopenForm",
    "ReviseForm",
    "SnoozeForm",
    "SplitForm",
    "WarningForm",
    "WorkdayForm",
    "answered_rates",
]
