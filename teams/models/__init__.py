"""Who: people, their capabilities, the tree of units, and who stands where since when."""

from .company import Company, WorkdayOverride
from .people import Capability, User
from .units import Management, Membership, OrgUnit

__all__ = [
    "Capability",
    "Company",
    "Management",
    "Membership",
    "OrgUnit",
    "User",
    "WorkdayOverride",
]
