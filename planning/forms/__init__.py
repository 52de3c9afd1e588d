"""Input of the plan's pages."""

from .amounts import AmountField
from .ladders import ClimbForm, LadderForm
from .plans import ActivateForm, BeginYearForm, ReviseForm
from .targets import MonthsForm, SplitForm

__all__ = [
    "ActivateForm",
    "AmountField",
    "BeginYearForm",
    "ClimbForm",
    "LadderForm",
    "MonthsForm",
    "ReviseForm",
    "SplitForm",
]
