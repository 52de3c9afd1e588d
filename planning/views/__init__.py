"""Pages of the plan."""

from .forecasts import forecast, funnel, overview
from .ladders import target_ladder
from .plans import plan_activate, plan_new, plan_revise
from .targets import my_pace, target_edit, target_split, targets
from .track_record import track_record

__all__ = [
    "forecast",
    "funnel",
    "my_pace",
    "overview",
    "plan_activate",
    "plan_new",
    "plan_revise",
    "target_edit",
    "target_ladder",
    "target_split",
    "targets",
    "track_record",
]
