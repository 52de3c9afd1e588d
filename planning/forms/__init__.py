"""Input of the plan's pages."""

from .amounts import AmountField
from .calls import CallForm, DealCallForm
from .conversions import AnsweredRates, RatesForm, answered_rates
from .ladders import ClimbForm, LadderForm
from .plans import ActivateForm, BeginYearForm, ReviseForm
from .rate_limits import RateSettingsForm
from .targets import MonthsForm, SplitForm

__all__ = [
    "ActivateForm",
    "AmountField",
    "AnsweredRates",
    "BeginYearForm",
    "CallForm",
    "ClimbForm",
    "DealCallForm",
    "LadderForm",
    "MonthsForm",
    "RateSettingsForm",
    "RatesForm",
    "ReviseForm",
    "SplitForm",
    "answered_rates",
]
