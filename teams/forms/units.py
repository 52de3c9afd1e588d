from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from teams.forms.fields import DayField, PersonField, UnitField
from teams.models import OrgUnit, User
from teams.queries import units_in_order


class UnitForm(forms.Form):
    """A unit's name and its place in the tree."""

    name = forms.CharField(label=_("Name"), max_length=80)
    kind = forms.ChoiceField(label=_("Kind"), choices=OrgUnit.Kind.choices)
    parent = UnitField(label=_("Belongs to"), required=False, empty_label=_("Nothing: it is the company"))
    position = forms.IntegerField(
        label=_("Position"),
        min_value=0,
        max_value=999,
        initial=0,
        help_text=_("Units of the same parent stand in this order, then by name."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = units_in_order(user)  # type: ignore[attr-defined]  # a model choice


class EditUnitForm(UnitForm):
    """The same of a unit that exists."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, unit: OrgUnit, user: User, **kwargs: Any) -> None:
        initial = {field: getattr(unit, field) for field in ("name", "kind", "parent", "position", "version")}
        super().__init__(*args, initial=initial, user=user, **kwargs)


class MoveForm(forms.Form):
    """Where a person belongs from a day on."""

    unit = UnitField(label=_("New unit"))
    from_date = DayField(
        label=_("From"),
        help_text=_("The old place ends that day. What was won before stays with the old unit."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units_in_order(user)  # type: ignore[attr-defined]  # a model choice


class ManagerForm(forms.Form):
    """Who answers for a unit from a day on."""

    user = PersonField(label=_("Manager"))
    from_date = DayField(label=_("From"), help_text=_("The manager before answers until that day."))

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = User.objects.known_to(actor).active().order_by("name")  # type: ignore[attr-defined]
