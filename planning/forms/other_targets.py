"""What a person types about a target beside the plain ones, and about what such targets can ask for."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.models import ProductLine, Region, Stage, Tier
from planning import policies
from planning.models import REVENUE, Metric, Scope, Target
from teams.models import OrgUnit, User

from .amounts import AmountField


class OtherTargetForm(forms.Form):
    """Whose, what, and how much. Clean data: `unit` or `person`, `scope`, `total`, `split`, `lock_version` (0)."""

    whose = forms.ChoiceField(label=_("Whose target"))
    metric = forms.ModelChoiceField(Metric.objects.none(), label=_("What is counted"), empty_label=None)
    product = forms.ModelChoiceField(ProductLine.objects.none(), label=_("Product line"), required=False)
    region = forms.ModelChoiceField(Region.objects.none(), label=_("Market region"), required=False)
    tier = forms.ChoiceField(label=_("Customer tier"), choices=[("", _("All tiers")), *Tier.choices], required=False)
    total = AmountField(
        label=_("Annual target"),
        largest=Decimal("9999999999999.99"),
        help_text=_("Money in the plan's currency, a number, or for a rate the per cent asked for."),
    )
    split = forms.ChoiceField(
        label=_("Spread over the months"),
        choices=[
            (Target.Split.EVEN, Target.Split.EVEN.label),
            (Target.Split.SEASON, Target.Split.SEASON.label),
            (Target.Split.WORKING_DAYS, Target.Split.WORKING_DAYS.label),
        ],
    )

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        reach = policies.target_reach(user)
        self.units = {unit.pk: unit for unit in OrgUnit.objects.visible_to(user) if reach.covers(unit=unit.pk)}
        people = User.objects.visible_to(user).active().order_by("name", "pk")
        self.people = {person.pk: person for person in people if reach.covers(person=person.pk)}
        units = [(f"unit-{key}", str(unit)) for key, unit in self.units.items()]
        own = [(f"person-{key}", str(person)) for key, person in self.people.items()]
        self.fields["whose"].choices = [(_("Units"), units), (_("People"), own)]  # type: ignore[attr-defined]  # a ChoiceField
        self._offer("metric", Metric.objects.in_use())
        self._offer("product", ProductLine.objects.filter(is_active=True), _("All product lines"))
        self._offer("region", Region.objects.filter(is_active=True), _("All market regions"))
        self.fields["metric"].initial = REVENUE

    def _offer(self, name: str, rows: Any, everything: Any = None) -> None:
        field: Any = self.fields[name]
        field.queryset = rows
        if everything is not None:
            field.empty_label = everything

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if self.errors:
            return given
        kind, _dash, key = given["whose"].partition("-")
        metric = given["metric"]
        scope = Scope(None if metric.code == REVENUE else metric, given["product"], given["region"], given["tier"])
        if scope.is_plain:
            self.add_error(
                "metric", _("Revenue of all sales is set in the grid. Choose a metric, or a part of the sales.")
            )
        return {
            kind: self.units[int(key)] if kind == "unit" else self.people[int(key)],
            "scope": scope,
            "total": given["total"],
            "split": given["split"],
            "lock_version": 0,
        }


class RemoveForm(forms.Form):
    """A button that says which state of the row the person saw."""

    lock_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class MetricForm(forms.Form):
    """Something new that targets can ask for. What it counts is fixed once it is saved."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=80)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80, required=False)
    kind = forms.ChoiceField(label=_("What is counted"), choices=Metric.Kind.choices)
    stage = forms.ModelChoiceField(
        Stage.objects.none(),
        label=_("Stage reached"),
        required=False,
        help_text=_("For deals that entered a stage, and for a rate."),
    )
    from_stage = forms.ModelChoiceField(
        Stage.objects.none(), label=_("Stage it starts from"), required=False, help_text=_("For a rate.")
    )
    day = forms.ChoiceField(label=_("Counted on"), choices=Metric.Day.choices)
    tax = forms.ChoiceField(
        label=_("Amounts are"),
        choices=Metric.Tax.choices,
        help_text=_("How amounts are recorded on deals; it is printed, and nothing is converted."),
    )
    takes_off_reopened = forms.BooleanField(
        label=_("Take off deals that were reopened, returned or went back since"), required=False, initial=True
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        stages = (
            Stage.objects.in_use().select_related("pipeline").order_by("pipeline__position", "pipeline", "position")
        )
        for name in ("stage", "from_stage"):
            field: Any = self.fields[name]
            field.queryset = stages
            field.empty_label = _("none")
            field.label_from_instance = lambda stage: f"{stage.pipeline.label} · {stage.label}"


class MetricNameForm(forms.Form):
    """What may change of a metric: its name, and whether it is in use."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=80)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=80, required=False)
    is_active = forms.BooleanField(
        label=_("In use"), required=False, help_text=_("Out of use it stays with its targets and is no longer offered.")
    )
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)

    def __init__(self, *args: Any, metric: Metric, **options: Any) -> None:
        names = ("name", "name_zh", "is_active", "version")
        options.setdefault("initial", {name: getattr(metric, name) for name in names})
        super().__init__(*args, **options)
