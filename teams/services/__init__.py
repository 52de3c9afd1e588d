"""Every write about people and units."""

from .calendar import DayIsListed, DayIsNotListed, drop_workday, list_workdays
from .capacity import plan_hires, set_capacity_rule, set_presence
from .people import (
    NoLongerEntitled,
    OwnRoleIsNotYours,
    change_appearance,
    change_profile,
    create_person,
    deactivate_person,
    edit_person,
    reactivate_person,
)
from .units import (
    AlreadyThere,
    LaterChangePlanned,
    UnitBelowItself,
    appoint_manager,
    create_unit,
    edit_unit,
    move_person,
)

__all__ = [
    "AlreadyThere",
    "DayIsListed",
    "DayIsNotListed",
    "LaterChangePlanned",
    "NoLongerEntitled",
    "OwnRoleIsNotYours",
    "UnitBelowItself",
    "appoint_manager",
    "change_appearance",
    "change_profile",
    "create_person",
    "create_unit",
    "deactivate_person",
    "drop_workday",
    "edit_person",
    "edit_unit",
    "list_workdays",
    "move_person",
    "plan_hires",
    "reactivate_person",
    "set_capacity_rule",
    "set_presence",
]
