"""A market-share target, and what a target is linked to."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import ProductLine, Region, Strategy
from planning.models import Target
from planning.queries import target_links
from teams.models import User

PERIODS = [(0, _("the whole year")), (1, "Q1"), (2, "Q2"), (3, "Q3"), (4, "Q4")]


class ShareTargetForm(forms.Form):
    """The share of a product line in a region. Clean data: product, region, quarter, share (0 to 1 or None), lock_version."""

    product = forms.ModelChoiceField(ProductLine.objects.all(), label=_("Product line"))
    region = forms.ModelChoiceField(Region.objects.all(), label=_("Market region"))
    quarter = forms.TypedChoiceField(label=_("Period"), choices=PERIODS, coerce=int, initial=0)
    share = forms.DecimalField(
        label=_("Target share (%)"),
        required=False,
        max_value=100,
        min_value=Decimal("0.01"),
        max_digits=5,
        decimal_places=2,
        help_text=_("Empty: no target here."),
    )
    lock_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput, initial=0)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and given["share"] is not None:
            given["share"] = float(given["share"]) / 100
        return given


class TargetLinksForm(forms.Form):
    """The strategies that a target serves, and up to eight people who carry it. Clean data: strategies, carriers."""

    SPARE = 3
    strategies = forms.ModelMultipleChoiceField(
        Strategy.objects.none(),
        label=_("Strategies that it serves"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, target: Target, user: User, **options: Any) -> None:
        self.held = target_links.carriers_of(target)
        linked = [link.strategy_id for link in target_links.strategies_of(target)]
        initial: dict[str, Any] = {"strategies": linked}
        super().__init__(*args, **{"initial": initial, **options})
        offered = Strategy.objects.visible_to(user)
        self.fields["strategies"].queryset = (  # type: ignore[attr-defined]  # a field of a model
            offered.open() | offered.filter(pk__in=linked)
        )
        people = User.objects.visible_to(user).active() | User.objects.filter(
            pk__in=[carrier.person_id for carrier in self.held]
        )
        self.rows = len(self.held) + self.SPARE
        for row in range(self.rows):
            carrier = self.held[row] if row < len(self.held) else None
            self.fields[f"person-{row}"] = forms.ModelChoiceField(
                people.order_by("name"),
                label=_("Person who carries it"),
                required=False,
                initial=carrier.person_id if carrier else None,
            )
            self.fields[f"role-{row}"] = forms.CharField(
                label=_("Carries it as"), required=False, max_length=80, initial=carrier.role if carrier else ""
            )

    @property
    def carrier_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"person-{row}"], self[f"role-{row}"]) for row in range(self.rows)]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        carriers = []
        for row in range(self.rows):
            person, role = given.get(f"person-{row}"), given.get(f"role-{row}", "")
            if person is not None and not role:
                self.add_error(f"role-{row}", _("Say as what each person carries the target."))
            if person is not None:
                carriers.append((person, role))
        return {"strategies": list(given.get("strategies", [])), "carriers": carriers}
