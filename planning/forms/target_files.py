"""A file of targets that comes back, and the proposal that was looked at."""

from django import forms
from django.utils.translation import gettext_lazy as _


class TargetFileForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV (.csv) or Excel (.xlsx), as it was exported here."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx"}),
    )


class ApplyFileForm(forms.Form):
    """What the preview showed, signed, so that what is applied is what was looked at."""

    proposal = forms.CharField(widget=forms.HiddenInput, strip=False)
