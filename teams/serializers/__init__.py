"""What the API reads and shows of people and units."""

from .capacity import (
    CapacityRuleIn,
    CapacityRuleOut,
    PlannedHireIn,
    PlannedHireOut,
    PresenceChange,
    PresenceIn,
    PresenceOut,
)
from .people import PersonOut, UnitOut

__all__ = [
    "CapacityRuleIn",
    "CapacityRuleOut",
    "PersonOut",
    "PlannedHireIn",
    "PlannedHireOut",
    "PresenceChange",
    "PresenceIn",
    "PresenceOut",
    "UnitOut",
]
