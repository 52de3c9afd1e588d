"""Reads shaped for the pages of deals, customers and the day."""

from .customers import customer_list
from .days import Day, my_day
from .deals import (
    CARDS_A_COLUMN,
    IDLE_AFTER,
    Column,
    Step,
    Totals,
    board_columns,
    deal_list,
    history,
    totals,
    totals_by_kind,
)
from .invariants import Violation, violations

__all__ = [
    "CARDS_A_COLUMN",
    "IDLE_AFTER",
    "Column",
    "Day",
    "Step",
    "Totals",
    "Violation",
    "board_columns",
    "customer_list",
    "deal_list",
    "history",
    "my_day",
    "totals",
    "totals_by_kind",
    "violations",
]
