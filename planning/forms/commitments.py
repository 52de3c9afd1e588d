"""The input of the talk about a year's number."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from planning.models import PlanVersion

from .amounts import AmountField
from .cascades import LARGEST


class CommitForm(forms.Form):
    """What an owner stands for; whose row it is stands in the address."""

    amount = AmountField(label=_("I commit to, for the year"), largest=LARGEST)
    note = forms.CharField(
        label=_("Note"),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What it rests on, and what you need for it."),
    )


class CounterForm(forms.Form):
    """Another amount for an owner, and why."""

    amount = AmountField(label=_("Propose"), largest=LARGEST)
    note = forms.CharField(label=_("Why"), max_length=400)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["note"].widget.attrs["autocomplete"] = "off"


class AcceptForm(forms.Form):
    """The commitment that was looked at, and the version of the row."""

    seen = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    lock_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class TalkForm(forms.Form):
    """Whether a draft takes commitments."""

    talk = forms.ChoiceField(label=_("Commitments from below"), choices=PlanVersion.Talk.choices)
