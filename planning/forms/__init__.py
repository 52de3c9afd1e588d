"""Input of the plan's pages."""

from .amounts import AmountField
from .plans import ActivateForm, BeginYearForm, ReviseForm
from .targets import MonthsForm, SplitForm

__all__ = ["ActivateForm", "AmountField", "BeginYearForm", "MonthsForm", "ReviseForm", "SplitForm"]
