"""Every write about people and units."""

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
    "edit_person",
    "edit_unit",
    "move_person",
    "reactivate_person",
]
