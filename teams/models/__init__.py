"""Who: people, their capabilities, the tree of units, and who stands where since when."""

from .capacity import CapacityRule, PlannedHire, Presence
from .company import Company, WorkdayOverride
from .people import Capability, User
from .units import Management, Membership, OrgUnit

__all__ = [
    "Capability",
    "CapacityRule",
    "Company",
    "Management",
    "Membership",
    "OrgUnit",
    "PlannedHire",
    "Presence",
    "User",
    "WorkdayOverride",
]
