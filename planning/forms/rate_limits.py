"""The limits that the rates are counted by."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import Stage
from planning.models import RateSettings
from planning.queries.rate_definitions import RateStage


class RateSettingsForm(forms.Form):
    """The limits that the rates are counted by, and which stages mean a visit and a quote."""

    response_limit = forms.IntegerField(
        label=_("First response within"),
        required=False,
        min_value=1,
        max_value=200,
        help_text=_(
            "Empty: one working hour where leads carry their time of day, one working day where only the day is known."
        ),
    )
    response_unit = forms.ChoiceField(label=_("Counted in"), choices=RateSettings.Unit.choices)
    next_step_days = forms.IntegerField(
        label=_("Next step within (days)"),
        min_value=1,
        max_value=365,
        help_text=_("A first visit succeeds when the agreed next step lies within so many days."),
    )
    open_quote_days = forms.IntegerField(
        label=_("A quote expires after (days)"),
        min_value=1,
        max_value=1000,
        help_text=_("A quote still open after so many days counts as not accepted."),
    )
    opens_hour = forms.IntegerField(label=_("The working day begins at (hour)"), min_value=0, max_value=23)
    closes_hour = forms.IntegerField(label=_("The working day ends at (hour)"), min_value=1, max_value=24)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, marks: list[RateStage], stages: list[Stage], **options: Any) -> None:
        super().__init__(*args, **options)
        self.marks = marks
        for mark in marks:
            own = [
                (stage.pk, str(stage)) for stage in stages if stage.pipeline_id == mark.pipeline.pk and stage.is_open
            ]
            for name, label, chosen in (
                ("visit", _("%(pipeline)s: stage that means a visit took place"), mark.visit),
                ("quote", _("%(pipeline)s: stage that means a quote is out"), mark.quote),
            ):
                self.fields[f"{name}-{mark.pipeline.pk}"] = forms.TypedChoiceField(
                    label=label % {"pipeline": mark.pipeline},
                    choices=[("", _("none")), *own],
                    coerce=int,
                    empty_value=None,
                    required=False,
                    initial=chosen.pk if chosen else "",
                )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and given["opens_hour"] >= given["closes_hour"]:
            self.add_error("closes_hour", _("The working day ends after it begins."))
        stages = {
            mark.pipeline.pk: (
                given.pop(f"visit-{mark.pipeline.pk}", None),
                given.pop(f"quote-{mark.pipeline.pk}", None),
            )
            for mark in self.marks
        }
        return {**given, "stages": stages}
