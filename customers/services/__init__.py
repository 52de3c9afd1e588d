"""Every write to customers, deals, activities and the vocabulary; imports have their own file."""

from .activities import finish_activity, log_activity, plan_activity
from .customers import add_contact, create_customer, edit_contact, edit_customer
from .deals import (
    UNDO_WITHIN,
    DealFacts,
    amend_deal,
    create_deal,
    edit_deal,
    hand_over_deal,
    move_deal,
    reopen_deal,
    undo_move,
)
from .histories import DealHistory, HistoryLine, history_problems
from .pipelines import (
    add_stage,
    add_word,
    create_pipeline,
    delete_stage,
    edit_pipeline,
    edit_stage,
    edit_word,
    move_stage,
)

__all__ = [
    "UNDO_WITHIN",
    "DealFacts",
    "DealHistory",
    "HistoryLine",
    "add_contact",
    "add_stage",
    "add_word",
    "amend_deal",
    "create_customer",
    "create_deal",
    "create_pipeline",
    "delete_stage",
    "edit_contact",
    "edit_customer",
    "edit_deal",
    "edit_pipeline",
    "edit_stage",
    "edit_word",
    "finish_activity",
    "hand_over_deal",
    "history_problems",
    "log_activity",
    "move_deal",
    "move_stage",
    "plan_activity",
    "reopen_deal",
    "undo_move",
]
