"""A full quota as people type it."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from .amounts import AmountField


class FullQuotaForm(forms.Form):
    """What somebody ramped up brings in the year; blank = not typed."""

    amount = AmountField(
        label=_("Full quota of the year"),
        required=False,
        largest=Decimal("9999999999999.99"),
        help_text=_(
            "What somebody brings who is ramped up and there full time. Blank: as the unit above or last year says."
        ),
    )
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
