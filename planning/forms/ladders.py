"""The input of a ladder: rates as people type them, and what they are counted from."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from planning.ladders import Keep, Rates

from .amounts import AmountField

_RATE = re.compile(r"[+-]?[0-9]{1,4}(?:\.[0-9]{1,6})?\s*%?")
NOT_A_RATE = _("Enter a rate in per cent, for example 25 or -2.5.")


class RateField(forms.CharField):
    """A rate in per cent, above -100 and up to 1000. Clean data: a fraction, or None where nothing was typed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=16, **options)
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")
        self.widget.attrs.setdefault("class", "num")

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value)).strip().replace("−", "-")
        if not text:
            return None
        if not _RATE.fullmatch(text):
            raise ValidationError(NOT_A_RATE, code="not_a_rate")
        return Decimal(text.rstrip("% "))

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        if value is not None and not -100 < value <= 1000:
            raise ValidationError(_("A rate is above -100 and at most 1000 per cent."), code="out_of_range")

    def run_validators(self, value: Any) -> None:
        """Length and NUL validators are about text; what remains here is a number."""


class LadderForm(forms.Form):
    """What is asked of a ladder. Clean data: `rates`, `base` (Decimal or None)."""

    year = RateField(label=_("Growth of the year (%)"))
    quarter = RateField(label=_("From quarter to quarter (%)"), required=False)
    month = RateField(label=_("From month to month (%)"), required=False)
    base = AmountField(
        label=_("Counted from"),
        required=False,
        largest=Decimal("9999999999999.99"),
        help_text=_("Empty: what was won here in the twelve months before."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        year, quarter, month = (
            None if cleaned[name] is None else float(cleaned[name]) / 100 for name in ("year", "quarter", "month")
        )
        return {**cleaned, "rates": Rates(year or 0.0, quarter, month)}


class ClimbForm(LadderForm):
    """The same, with the rate to keep and the version of the row that the person looked at."""

    keep = forms.ChoiceField(choices=[(keep.value, keep.value) for keep in Keep], widget=forms.HiddenInput)
    lock_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
