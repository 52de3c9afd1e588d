"""What people type about people and units."""

from .capacity import CapacityRuleForm, HireForm, PresenceForm
from .people import (
    AppearanceForm,
    DeactivateForm,
    NewPersonForm,
    PeopleFilter,
    PersonForm,
    ProfileForm,
    TokenForm,
    VersionForm,
)
from .units import EditUnitForm, ManagerForm, MoveForm, UnitForm

__all__ = [
    "AppearanceForm",
    "CapacityRuleForm",
    "DeactivateForm",
    "EditUnitForm",
    "HireForm",
    "ManagerForm",
    "MoveForm",
    "NewPersonForm",
    "PeopleFilter",
    "PersonForm",
    "PresenceForm",
    "ProfileForm",
    "TokenForm",
    "UnitForm",
    "VersionForm",
]
