"""The limits that the SMART checks judge by."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from planning.models import SmartSettings


class SmartLimitsForm(forms.Form):
    """Two chances in per cent. Clean data: `stretch_below` and `soft_above` in [0, 1], `version`."""

    stretch_below = forms.IntegerField(
        label=_("Stretch below a chance of (%)"),
        min_value=0,
        max_value=99,
        help_text=_("A target that the forecast reaches less often than this asks for more than is likely."),
    )
    soft_above = forms.IntegerField(
        label=_("Soft above a chance of (%)"),
        min_value=1,
        max_value=100,
        help_text=_("A target that is reached more often than this asks for little."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, settings: SmartSettings, **options: Any) -> None:
        given = {
            "stretch_below": round(100 * settings.stretch_below),
            "soft_above": round(100 * settings.soft_above),
            "version": settings.version,
        }
        super().__init__(*args, **{"initial": given, **options})

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        return {**given, "stretch_below": given["stretch_below"] / 100, "soft_above": given["soft_above"] / 100}
