"""What a person says about the company's working days."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 12, 31)  # the days that the product reads elsewhere too


def _day(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class WorkdayForm(forms.Form):
    """Days off or make-up working days, one or several in a row. Clean data: `first`, `last`, `is_workday`, `name`."""

    kind = forms.ChoiceField(
        label=_("What kind of day"),
        choices=[("off", _("Day off")), ("work", _("Make-up working day"))],
    )
    first = _day(_("First day"))
    last = _day(_("Up to and including"), required=False, help_text=_("Empty: one day."))
    name = forms.CharField(
        label=_("Name of the day"),
        max_length=80,
        help_text=_("For example: company holiday, or make-up for the festival."),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for field in ("first", "last"):
            if given.get(field) is not None and not EARLIEST <= given[field] <= LATEST:
                self.add_error(field, _("This day is not between 1990 and 2100."))
        given["is_workday"] = given.pop("kind", "") == "work"
        return given
