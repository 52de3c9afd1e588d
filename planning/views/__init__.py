"""Pages of the plan."""

from .plans import plan_activate, plan_new, plan_revise
from .targets import my_pace, target_edit, target_split, targets

__all__ = ["my_pace", "plan_activate", "plan_new", "plan_revise", "target_edit", "target_split", "targets"]
