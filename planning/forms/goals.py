"""Decisions about funnel goals, and the hours that a deal takes."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from core.templatetags.formats import month_name
from planning import queries
from planning.models import MONTHS, EffortSettings, StageGoal
from planning.queries.forecasts import visible_node
from planning.queries.funnel_goals import GoalSheet, goal_sheet
from planning.queries.goal_load import Effort
from teams.models import User


class StageGoalForm(forms.Form):
    """
    What somebody decides about a stage. Clean data: months (12 floats or None), rate (0 to 1), days, reason, version.

    A field left empty takes what was derived.
    """

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    rate = forms.DecimalField(
        label=_("Conversion to the next stage (%)"), required=False, max_value=100, max_digits=6, decimal_places=3
    )
    days = forms.DecimalField(
        label=_("Time to the next stage (days)"),
        required=False,
        min_value=0,
        max_value=1000,
        max_digits=6,
        decimal_places=1,
    )
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=400,
        help_text=_("Shown beside the goals, with your name and the day."),
    )

    def __init__(self, *args: Any, goal: StageGoal, months: Sequence[date], **options: Any) -> None:
        super().__init__(*args, **options)
        self.is_last = goal.next_stage_id is None
        if self.is_last:
            del self.fields["rate"], self.fields["days"]
        for name, month in zip(MONTHS, months, strict=True):
            self.fields[name] = forms.DecimalField(
                label=month_name(month, "year"),
                required=False,
                min_value=0,
                max_digits=10,
                decimal_places=2,
                widget=forms.NumberInput(attrs={"class": "num", "step": "any"}),
            )

    @property
    def month_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in MONTHS]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        rate, days = given.get("rate"), given.get("days")
        if rate is not None and rate <= 0:
            self.add_error("rate", _("A rate is more than 0% and at most 100%."))
        return {
            "months": [None if given[name] is None else float(given[name]) for name in MONTHS],
            "rate": None if rate is None else float(rate) / 100,
            "days": None if days is None else float(days),
            "reason": given["reason"],
            "version": given["version"],
        }


class GoalsAskedForm(forms.Form):
    """Whose goals an address asks for."""

    version, unit, person, pipeline = (
        forms.IntegerField(required=False, min_value=1, max_value=2**62) for _field in range(4)
    )


def asked_goals(data: QueryDict, *, user: User, now: datetime) -> GoalSheet | None:
    """
    Answer an address: the version asked for, else the one in force; the node asked for, else the reader's own top.

    None where no plan holds today. :raises Invalid: for what does not exist or may not be seen
    """
    form = GoalsAskedForm(data)
    if not form.is_valid():
        raise Invalid(_("There is no such version, unit or person."))
    asked = form.cleaned_data
    if asked["version"] is not None:
        version = queries.visible_versions(user).filter(pk=asked["version"]).first()
        if version is None:
            raise Invalid(_("There is no such version, unit or person."))
    else:
        plan = queries.plan_on(user, timezone.localtime(now).date())
        version = queries.version_in_force(user, plan) if plan else None
    node = visible_node(user, unit=asked["unit"], person=asked["person"])
    if node is None:
        raise Invalid(_("There is no such version, unit or person."))
    if version is None:
        return None
    as_of = now.astimezone(ZoneInfo(version.plan.time_zone)).date()
    sheet = goal_sheet(version=version, node=node, user=user, as_of=as_of, pipeline=asked["pipeline"])
    if asked["pipeline"] is not None and sheet.funnel is None and sheet.pipelines:
        raise Invalid(_("There is no such version, unit or person."))
    return sheet


class EffortForm(forms.Form):
    """Hours per deal and stage, hours of a day, the share for selling."""

    day_hours = forms.DecimalField(
        label=_("Hours of a working day"), min_value=Decimal("0.5"), max_value=24, max_digits=4, decimal_places=2
    )
    selling_share = forms.DecimalField(
        label=_("Share of them for selling (%)"),
        min_value=1,
        max_value=100,
        max_digits=4,
        decimal_places=1,
        help_text=_("The rest is for administration, meetings and training."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, efforts: Sequence[Effort], settings: EffortSettings, **options: Any) -> None:
        initial = {
            "day_hours": _plain(settings.day_hours),
            "selling_share": _plain(settings.selling_share * 100),
            "version": settings.version,
        }
        super().__init__(*args, **{"initial": initial, **options})
        self.keys = [effort.stage.pk for effort in efforts]
        many = len({effort.stage.pipeline_id for effort in efforts}) > 1
        for effort in efforts:
            name = f"{effort.stage.pipeline} · {effort.stage}" if many else str(effort.stage)
            self.fields[f"stage-{effort.stage.pk}"] = forms.DecimalField(
                label=_("%(stage)s: hours per deal") % {"stage": name},
                required=False,
                min_value=0,
                max_value=1000,
                max_digits=6,
                decimal_places=2,
                initial=_plain(effort.hours) if effort.is_set else None,
                help_text=_("Empty: the default of the product, %(hours)s hours.") % {"hours": _plain(effort.default)},
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        return {
            "day_hours": given["day_hours"],
            "selling_share": given["selling_share"] / 100,
            "version": given["version"],
            "stages": {key: given[f"stage-{key}"] for key in self.keys},
        }


def _plain(hours: Decimal) -> str:
    """8 for 8.00, 0.5 for 0.50."""
    return f"{hours.normalize():f}"
