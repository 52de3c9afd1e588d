"""The input of a target: twelve months, or a total and how to spread it."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.templatetags.formats import month_name
from planning.models import MONTHS, Target

from .amounts import AmountField


class MonthsForm(forms.Form):
    """Twelve amounts in fiscal order. Clean data: `months` (12 Decimals), `lock_version`."""

    lock_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args: Any, months: Sequence[date], **options: Any) -> None:
        super().__init__(*args, **options)
        for name, month in zip(MONTHS, months, strict=True):
            self.fields[name] = AmountField(label=month_name(month, "year"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        return {"months": [cleaned[name] for name in MONTHS], "lock_version": cleaned["lock_version"]}


class SplitForm(forms.Form):
    """A total and the rule that spreads it."""

    total = AmountField(label=_("Annual target"), largest=Decimal("9999999999999.99"))
    split = forms.ChoiceField(
        label=_("Spread over the months"),
        choices=[
            (Target.Split.SEASON, Target.Split.SEASON.label),
            (Target.Split.LAST_YEAR, Target.Split.LAST_YEAR.label),
            (Target.Split.EVEN, Target.Split.EVEN.label),
            (Target.Split.WORKING_DAYS, Target.Split.WORKING_DAYS.label),
            (Target.Split.MANUAL, _("In the shape the row has now")),
        ],
    )
    lock_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
