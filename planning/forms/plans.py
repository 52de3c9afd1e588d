"""The input of a plan: the number a year must bring, and the acts on its versions."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.periods import FiscalCalendar
from core.templatetags.formats import month_name
from planning.models import PlanVersion, Target

from .amounts import AmountField


class BeginYearForm(forms.Form):
    """What must this year bring? Clean data: `year`, `first_date`, `total`, `split`, `leaves_gap`."""

    total = AmountField(
        label=_("Annual target"),
        help_text=_("Revenue of the whole company for the year. You spread it over units, people and months next."),
    )
    year = forms.IntegerField(label=_("Fiscal year"), min_value=2000, max_value=2100)
    start_month = forms.TypedChoiceField(label=_("The year starts in"), coerce=int)
    split = forms.ChoiceField(
        label=_("Spread over the months"),
        choices=[
            (Target.Split.SEASON, Target.Split.SEASON.label),
            (Target.Split.LAST_YEAR, Target.Split.LAST_YEAR.label),
            (Target.Split.EVEN, Target.Split.EVEN.label),
            (Target.Split.WORKING_DAYS, Target.Split.WORKING_DAYS.label),
        ],
    )

    leaves_gap = forms.BooleanField(
        label=_("Yes, the months between belong to no plan"), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = self.fields["start_month"]
        assert isinstance(choices, forms.TypedChoiceField)  # noqa: S101  # says so to mypy
        choices.choices = [(month, month_name(month)) for month in range(1, 13)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        first: date = FiscalCalendar(cleaned["start_month"]).year(cleaned["year"]).first
        kept = {name: cleaned[name] for name in ("total", "split", "year", "leaves_gap")}
        return {**kept, "first_date": first}

    def ask_about_the_gap(self) -> None:
        """Show the question: months would lie between this year and the one before."""
        self.fields["leaves_gap"].widget = forms.CheckboxInput()


class FiscalStartForm(forms.Form):
    """In which month the years to come begin."""

    start_month = forms.TypedChoiceField(label=_("Fiscal years to come start in"), coerce=int)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = self.fields["start_month"]
        assert isinstance(choices, forms.TypedChoiceField)  # noqa: S101  # says so to mypy
        choices.choices = [(month, month_name(month)) for month in range(1, 13)]


class ActOnVersionForm(forms.Form):
    """Which state of a version the person looked at, before activating or closing it."""

    lock_version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


def shortfall_field(*, required: bool = True) -> forms.ChoiceField:
    """Ask what becomes of what the months that are over lack."""
    return forms.ChoiceField(
        label=_("Shortfall so far"),
        help_text=_(
            "What the months that are over lack. It is asked for only where one is over; who is ahead keeps it."
        ),
        choices=PlanVersion.Shortfall.choices,
        widget=forms.RadioSelect,
        required=required,
        error_messages={"required": _("Choose what becomes of what the months that are over lack.")},
    )


class ReplanForm(forms.Form):
    """From which month the plan is made anew, and what becomes of what the months before it lack."""

    effective_date = forms.TypedChoiceField(label=_("Effective from"), coerce=date.fromisoformat)
    shortfall = shortfall_field(required=False)

    def __init__(self, *args: Any, months: Sequence[date], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["effective_date"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101  # says so to mypy
        field.choices = [(month.isoformat(), month_name(month, "year")) for month in months]
        self.fields["shortfall"].required = len(months) < 12  # a month is over


class ReviseForm(ReplanForm):
    note = forms.CharField(label=_("Why the plan is revised"), max_length=400, required=False)
