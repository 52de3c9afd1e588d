"""The input of the potentials of those directly below a unit."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from planning.queries.potentials import LARGEST, JudgedPotential, PotentialRow

from .amounts import AmountField


class PotentialsForm(forms.Form):
    """One amount per row that the person may set; empty = nobody's word. Clean data: `rows`, with what was looked at."""

    seen = forms.JSONField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, rows: Sequence[PotentialRow], **options: Any) -> None:
        super().__init__(*args, **options)
        self.rows = [row for row in rows if row.may_set]
        self.fields["seen"].initial = {row.spot.key: str(row.amount) for row in self.rows if row.known}
        for row in self.rows:
            self.fields[row.spot.key] = AmountField(
                label=_("Potential of %(name)s") % {"name": row.spot.name},
                largest=LARGEST,
                required=False,
                initial=row.amount,
            )

    def clean_seen(self) -> dict[str, Decimal]:
        try:
            return {str(key): Decimal(amount) for key, amount in (self.cleaned_data["seen"] or {}).items()}
        except (AttributeError, InvalidOperation, TypeError, ValueError):
            raise ValidationError(_("Look at the page again."), code="seen") from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        rows = [
            JudgedPotential(row.spot.unit, row.spot.person, cleaned[row.spot.key], cleaned["seen"].get(row.spot.key))
            for row in self.rows
        ]
        return {"rows": rows}
