"""Input of the plan's pages."""

from .amounts import AmountField
from .calls import CallForm, DealCallForm
from .ladders import ClimbForm, LadderForm
from .plans import ActivateForm, BeginYearForm, ReviseForm
from .targets import MonthsForm, SplitForm

__all__ = [
    "ActivateForm",
    "AmountField",
    "BeginYearForm",
    "CallForm",
    "ClimbForm",
    "DealCallForm",
    "LadderForm",
    "MonthsForm",
    "ReviseForm",
    "SplitForm",
]
