"""The input of a call: what somebody says a period will bring, or how they judge a deal."""

from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from planning.models import DealCall

from .amounts import AmountField

_LARGEST = Decimal("99999999999999.99")


class CallForm(forms.Form):
    """Commit, best case and reason; whose and which period stand in the address."""

    commit = AmountField(label=_("Commit"), largest=_LARGEST)
    best_case = AmountField(label=_("Best case"), largest=_LARGEST, required=False)
    reason = forms.CharField(label=_("Reason"), max_length=400, required=False)

    def __init__(self, *args: object, needs_reason: bool = False, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # passed on as they came
        self.fields["reason"].required = needs_reason


class DealCallForm(forms.Form):
    """A category, and why."""

    category = forms.ChoiceField(label=_("My judgement"), choices=DealCall.Category.choices)
    reason = forms.CharField(label=_("Reason"), max_length=400, required=False)

    def __init__(self, *args: object, needs_reason: bool = False, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # passed on as they came
        self.fields["reason"].required = needs_reason
