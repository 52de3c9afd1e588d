"""The levers of a scenario: sliders in per cent of today, and people who start somewhere."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.templatetags.formats import month_name
from planning.queries.scenarios import Wish
from teams.models import OrgUnit, User

from .plans import shortfall_field


class SliderField(forms.IntegerField):
    """A factor as per cent of today, on a slider; the page writes the number beside it."""

    def __init__(self, *, low: int, high: int, step: int, **kwargs: Any) -> None:
        attrs = {"type": "range", "step": step, "class": "form-range"}
        super().__init__(
            min_value=low,
            max_value=high,
            required=False,
            initial=100,
            widget=forms.NumberInput(attrs={**attrs, "min": low, "max": high}),
            **kwargs,
        )

    def clean(self, value: Any) -> float:
        typed = super().clean(value)
        return 1.0 if typed is None else typed / 100


class LeversForm(forms.Form):
    """What if. Clean data: the factors, and the people with unit and month."""

    win_rate = SliderField(low=50, high=150, step=5, label=_("Win rate"))
    price = SliderField(low=50, high=150, step=1, label=_("Price"))
    leads = SliderField(low=0, high=300, step=5, label=_("Lead volume"))
    ramp = SliderField(low=25, high=400, step=25, label=_("Length of the ramp"))
    hires = forms.IntegerField(label=_("Hires"), min_value=0, max_value=500, required=False, initial=0)
    hires_unit = forms.ModelChoiceField(OrgUnit.objects.none(), label=_("Start in"), required=False)
    hires_month = forms.ChoiceField(label=_("First month"), required=False)

    def __init__(self, *args: Any, user: User, months: list[date], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["hires_unit"].queryset = OrgUnit.objects.visible_to(user).with_tree_fields()  # type: ignore[attr-defined]  # a model choice
        choices = [("", "–"), *((month.isoformat(), month_name(month, "year")) for month in months)]
        self.fields["hires_month"].choices = choices  # type: ignore[attr-defined]  # a choice

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        given["hires"] = given.get("hires") or 0
        month = given.get("hires_month")
        given["hires_month"] = date.fromisoformat(month) if month else None
        if given["hires"] and not (given.get("hires_unit") and given["hires_month"]) and not self.errors:
            self.add_error("hires_unit", _("Say where the people start, and in which month."))
        return given

    @property
    def wish(self) -> Wish:
        """The levers, once the form is valid."""
        given = self.cleaned_data
        return Wish(
            given["win_rate"],
            given["price"],
            given["leads"],
            given["ramp"],
            given["hires"],
            given["hires_unit"],
            given["hires_month"],
        )


class KeepScenarioForm(LeversForm):
    """The same under a name."""

    name = forms.CharField(label=_("Name"), max_length=60)


class ChangeScenarioForm(KeepScenarioForm):
    """The same in place of what a kept scenario was."""

    lock_version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class DropScenarioForm(forms.Form):
    """Which state of a scenario the person looked at, before removing it."""

    lock_version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class AdoptScenarioForm(DropScenarioForm):
    """What becomes of what the months before the draft lack: asked for where one is over, as in every plan made anew."""

    shortfall = shortfall_field()
    note = forms.CharField(label=_("Why the plan is revised"), max_length=400, required=False)

    def __init__(self, *args: Any, is_asked: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not is_asked:
            del self.fields["shortfall"]
