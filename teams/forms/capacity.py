"""Ramp, presence and hires as people type them: months from a calendar, shares in per cent."""

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from teams.forms.fields import PersonField, UnitField
from teams.models import CapacityRule, OrgUnit, PlannedHire, Presence, User
from teams.queries import Rule

_MONTH = re.compile(r"(\d{4})-(\d{2})(?:-\d{2})?")


class MonthField(forms.CharField):
    """A month; its first day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            widget=forms.TextInput(attrs={"type": "month", "placeholder": "2026-07"}), max_length=10, **kwargs
        )

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value)).strip()
        if not text:
            return None
        found = _MONTH.fullmatch(text)
        if found is None or not 1 <= int(found[2]) <= 12 or not 1990 <= int(found[1]) <= 2100:
            raise ValidationError(_("Give a month such as 2026-07."), code="month")
        return date(int(found[1]), int(found[2]), 1)

    def run_validators(self, value: Any) -> None:
        """Validators of text have nothing to say about a day."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%Y-%m}" if isinstance(value, date) else value


class PercentField(forms.FloatField):
    """A share in [0, 1], typed in per cent."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=100, step_size=0.1, **kwargs)

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        return None if typed is None else round(typed / 100, 6)

    def prepare_value(self, value: Any) -> Any:
        return f"{value * 100:.4g}" if isinstance(value, float) else value


class RampField(forms.CharField):
    """Shares of the full quota by month since the hire, as per cents apart by commas."""

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value)).strip()
        if not text:
            return None
        try:
            shares = [float(part) / 100 for part in re.split(r"[\s,，、%]+", text.strip(" ,，、%"))]
        except ValueError:
            shares = []
        if not 0 < len(shares) <= 36 or not all(0 <= share <= 1 for share in shares):
            raise ValidationError(
                _("Give one to 36 per cents apart by commas, for example 25, 50, 75, 100."), code="ramp"
            )
        return [round(share, 4) for share in shares]

    def run_validators(self, value: Any) -> None:
        """Validators of text have nothing to say about shares."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(f"{share * 100:.4g}" for share in value) if isinstance(value, list | tuple) else value


class CapacityRuleForm(forms.Form):
    """What a unit reckons with; blank = as the unit above says."""

    ramp = RampField(
        label=_("Ramp: % of the full quota in the 1st, 2nd … month"),
        required=False,
        max_length=300,
        help_text=_("After the last month the full quota is carried."),
    )
    attrition = PercentField(label=_("People who leave within a year (%)"), required=False)
    survival = PercentField(label=_("Planned hires who come and stay (%)"), required=False)
    recruiting_months = forms.IntegerField(
        label=_("Recruiting takes (months)"),
        required=False,
        min_value=0,
        max_value=24,
        help_text=_("From the decision to the first day."),
    )
    note = forms.CharField(label=_("Where these figures come from"), required=False, max_length=200)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, own: CapacityRule | None, rule: Rule, **kwargs: Any) -> None:
        names = ("ramp", "attrition", "survival", "recruiting_months", "note", "version")
        initial = {name: getattr(own, name) for name in names} if own else {"version": 0}
        super().__init__(*args, **{**kwargs, "initial": initial})
        for name in ("ramp", "attrition", "survival", "recruiting_months"):  # what holds while a field is blank
            field = self.fields[name]
            field.widget.attrs["placeholder"] = field.prepare_value(getattr(rule, name))


class PresenceForm(forms.Form):
    """How much of the time a person is there."""

    person = PersonField(label=_("Person"))
    first_month = MonthField(label=_("From month"))
    last_month = MonthField(label=_("To month"), required=False, help_text=_("Blank: from then on."))
    share = PercentField(
        label=_("Present (% of full time)"),
        help_text=_("80 for four days a week; 0 for a month of leave. Why somebody is away is not kept here."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, initial=0)

    def __init__(self, *args: Any, actor: User, presence: Presence | None = None, **kwargs: Any) -> None:
        names = ("person", "first_month", "last_month", "share", "version")
        initial = {name: getattr(presence, name) for name in names} if presence else {}
        super().__init__(*args, **{**kwargs, "initial": {**kwargs.get("initial", {}), **initial}})
        people = User.objects.visible_to(actor).active().order_by("name")
        self.fields["person"].queryset = people if actor.sees_everything else people.exclude(pk=actor.pk)  # type: ignore[attr-defined]  # a model choice
        if presence is not None:
            del self.fields["person"]


class HireForm(forms.Form):
    """People who are still to be hired."""

    unit = UnitField(label=_("Unit"))
    start_month = MonthField(label=_("First month"))
    count = forms.IntegerField(
        label=_("People"), min_value=0, max_value=500, initial=1, help_text=_("0 once they are there, or given up.")
    )
    name = forms.CharField(label=_("For what"), required=False, max_length=80)
    survival = PercentField(
        label=_("Come and stay (%)"), required=False, help_text=_("Blank: as the unit's figures say.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, initial=0)

    def __init__(self, *args: Any, actor: User, hire: PlannedHire | None = None, **kwargs: Any) -> None:
        names = ("unit", "start_month", "count", "name", "survival", "version")
        initial = {name: getattr(hire, name) for name in names} if hire else {}
        super().__init__(*args, **{**kwargs, "initial": {**kwargs.get("initial", {}), **initial}})
        self.fields["unit"].queryset = OrgUnit.objects.visible_to(actor).with_tree_fields()  # type: ignore[attr-defined]  # a model choice
