"""The pages of people and units."""

from .account import appearance, profile, token_revoke, tokens
from .capacity import capacity, capacity_rule, hire_edit, hire_new, presence_edit, presence_new
from .people import people, person_deactivate, person_detail, person_edit, person_move, person_new, person_reactivate
from .units import unit_edit, unit_manager, unit_new, units

__all__ = [
    "appearance",
    "capacity",
    "capacity_rule",
    "hire_edit",
    "hire_new",
    "people",
    "person_deactivate",
    "person_detail",
    "person_edit",
    "person_move",
    "person_new",
    "person_reactivate",
    "presence_edit",
    "presence_new",
    "profile",
    "token_revoke",
    "tokens",
    "unit_edit",
    "unit_manager",
    "unit_new",
    "units",
]
