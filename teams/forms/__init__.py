"""What people type about people and units."""

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
    "DeactivateForm",
    "EditUnitForm",
    "ManagerForm",
    "MoveForm",
    "NewPersonForm",
    "PeopleFilter",
    "PersonForm",
    "ProfileForm",
    "TokenForm",
    "UnitForm",
    "VersionForm",
]
