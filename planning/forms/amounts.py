"""Amounts as people type them: plain figures, with or without thousands separators, nothing else."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# ASCII digits only, separators only where thousands are: what a person means is never guessed.
_AMOUNT = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]{1,2})?")
BLANK = _("Blank is not zero: enter an amount, or 0 where nothing is planned.")
NOT_AN_AMOUNT = _("Enter plain figures, for example 1,250,000.50.")


class AmountField(forms.CharField):
    """Money of zero or more with at most two decimals. Refuses signs, units, exponents, underscores and other digits."""

    def __init__(self, *, largest: Decimal = Decimal("999999999999.99"), **options: Any) -> None:
        options.setdefault("error_messages", {"required": BLANK})
        super().__init__(max_length=40, **options)
        self.largest = largest
        self.widget.attrs.setdefault("inputmode", "decimal")
        self.widget.attrs.setdefault("autocomplete", "off")
        self.widget.attrs.setdefault("class", "num")

    def to_python(self, value: Any) -> Any:
        text = str(super().to_python(value)).strip()
        if not text:
            return None
        if not _AMOUNT.fullmatch(text):
            raise ValidationError(NOT_AN_AMOUNT, code="not_an_amount")
        return Decimal(text.replace(",", ""))

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        if value is not None and value > self.largest:
            raise ValidationError(_("This is more than a target can hold."), code="too_large")

    def run_validators(self, value: Any) -> None:
        """Length and NUL validators are about text; what remains here is a number."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value:,.2f}" if isinstance(value, Decimal) else value
