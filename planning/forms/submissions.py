"""Handing up a plan, and deciding on what was handed up."""

from django import forms
from django.utils.translation import gettext_lazy as _

_SEVERAL = forms.Textarea(attrs={"rows": 3})


class SubmitPartForm(forms.Form):
    """
    Why it is handed up although checks fail, and which targets the person looked at.

    :param asks: whether checks fail, so that there is a reason to be given
    """

    reason = forms.CharField(
        label=_("Why it is handed up nevertheless"),
        help_text=_("Whoever decides reads this beside the checks that fail."),
        max_length=1000,
        required=False,
        widget=_SEVERAL,
    )
    seen = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args: object, asks: bool = True, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # handed on as they came
        if not asks:
            self.fields["reason"].widget = forms.HiddenInput()


class SubmitVersionForm(SubmitPartForm):
    lock_version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class ApproveForm(forms.Form):
    """Which state of the submission and of its targets the person looked at."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    seen = forms.CharField(max_length=40, widget=forms.HiddenInput)


class SendBackForm(forms.Form):
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    comment = forms.CharField(
        label=_("What is to be changed"),
        help_text=_("Whoever handed it up reads this."),
        max_length=1000,
        widget=_SEVERAL,
    )
