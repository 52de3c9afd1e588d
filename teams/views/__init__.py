"""The pages of people and units."""

from .account import appearance, profile, token_revoke, tokens
from .people import (
    people,
    person_deactivate,
    person_detail,
    person_edit,
    person_move,
    person_new,
    person_reactivate,
)
from .units import unit_edit, unit_manager, unit_new, units

__all__ = [
    "appearance",
    "people",
    "person_deactivate",
    "person_detail",
    "person_edit",
    "person_move",
    "person_new",
    "person_reactivate",
    "profile",
    "token_revoke",
    "tokens",
    "unit_edit",
    "unit_manager",
    "unit_new",
    "units",
]
