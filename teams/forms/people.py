from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from core.access import SCOPES
from teams import policies
from teams.forms.fields import DayField, UnitField
from teams.models import Capability, User
from teams.queries import units_in_order


class PeopleFilter(forms.Form):
    """What the list of people is narrowed to."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Name or e-mail")}),
    )
    unit = UnitField(label=_("Unit"), required=False, empty_label=_("All units"))
    state = forms.ChoiceField(
        label=_("Which people"),
        required=False,
        choices=[("active", _("Active people")), ("former", _("Former people")), ("all", _("Everybody"))],
    )

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        self.fields["unit"].queryset = units_in_order(user)  # type: ignore[attr-defined]  # a model choice


class _PersonFields(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    email = forms.EmailField(label=_("E-mail"), max_length=254, help_text=_("The person signs in with it."))
    capabilities = forms.MultipleChoiceField(
        label=_("Role"),
        choices=Capability.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Who answers for a unit is set on the unit, not here."),
    )
    hired_date = DayField(label=_("Hired on"), required=False)
    external_id = forms.CharField(
        label=_("Id elsewhere"),
        max_length=80,
        required=False,
        help_text=_("The person's number in other systems; imports find the person by it."),
    )


class NewPersonForm(_PersonFields):
    """The record of a new person, with a first place and a first password if wanted."""

    unit = UnitField(label=_("Unit"), required=False, empty_label=_("None yet"))
    from_date = DayField(label=_("In the unit from"), required=False)
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the browser asks")), *settings.LANGUAGES]
    )
    password = forms.CharField(
        label=_("First password"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty: the person sets one through “Forgot your password?”, or uses the company account."),
    )

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        self.fields["unit"].queryset = units_in_order(user)  # type: ignore[attr-defined]  # a model choice

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        if password:
            validate_password(password, User(name=self.cleaned_data.get("name", ""), email=self.data.get("email", "")))
        return password


class PersonForm(_PersonFields):
    """The record of a person as it stands. One's own role is shown and cannot be changed."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, person: User, user: User) -> None:
        initial = {
            field: getattr(person, field)
            for field in ("name", "email", "capabilities", "hired_date", "external_id", "version")
        }
        super().__init__(data, initial=initial)
        if not policies.can_change_role(user, person):
            self.fields["capabilities"].disabled = True
            self.fields["capabilities"].help_text = _("Nobody changes their own role.")


class DeactivateForm(forms.Form):
    """The last day of a person."""

    left_date = DayField(label=_("Last day"))
    version = forms.IntegerField(widget=forms.HiddenInput)


class VersionForm(forms.Form):
    """The version that somebody had before them when they pressed the button."""

    version = forms.IntegerField(widget=forms.HiddenInput)


class ProfileForm(forms.Form):
    """What a person may change about themselves."""

    name = forms.CharField(label=_("Name"), max_length=80)
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As the browser asks")), *settings.LANGUAGES]
    )
    theme = forms.ChoiceField(label=_("Appearance"), choices=User.Theme.choices)
    weekly_mail = forms.BooleanField(
        label=_("Weekly mail of what waits"),
        required=False,
        help_text=_("On Monday, and only while a warning waits for somebody. The bell shows the same."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, person: User) -> None:
        initial = {field: getattr(person, field) for field in ("name", "language", "theme", "weekly_mail", "version")}
        super().__init__(data, initial=initial)


class AppearanceForm(forms.Form):
    """One click in the person's menu: language or theme."""

    language = forms.ChoiceField(required=False, choices=settings.LANGUAGES)
    theme = forms.ChoiceField(required=False, choices=User.Theme.choices)


class TokenForm(forms.Form):
    """A new API token: what it is for, what it may, how long."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What uses it, for example “Monthly report in Excel”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=[(scope, scope) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A token never does more than you may do yourself."),
    )
    days = forms.TypedChoiceField(
        label=_("Valid for"),
        coerce=int,
        initial=30,
        choices=[(7, _("7 days")), (30, _("30 days")), (90, _("90 days"))],
    )
