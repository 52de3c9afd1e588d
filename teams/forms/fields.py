from typing import Any

from django import forms

from teams.models import OrgUnit, User


class DayField(forms.DateField):
    """A day, picked from the browser's calendar."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class UnitField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """A unit out of the tree, set in by its depth. The form says which units may be chosen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=OrgUnit.objects.none(), **kwargs)

    def label_from_instance(self, obj: OrgUnit) -> str:
        return "\u2003" * getattr(obj, "tree_depth", 0) + obj.name


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """A person. The form says which people may be chosen."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=User.objects.none(), **kwargs)

    def label_from_instance(self, obj: User) -> str:
        return f"{obj.name} ({obj.email})"
