"""What a manager types about the market and about strategies."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.forms.fields import Day, Form, reachable_people, version_field
from customers.models import ProductLine, Region, Strategy
from teams.models import User


class MarketSizeForm(Form):
    """An estimate of what all suppliers together sell."""

    product = forms.ModelChoiceField(ProductLine.objects.none(), label=_("Product line"))
    region = forms.ModelChoiceField(Region.objects.none(), label=_("Market region"))
    first_date = Day(label=_("First day"))
    last_date = Day(label=_("Ends on"))
    size = forms.DecimalField(
        label=_("Market size"),
        min_value=Decimal("0.01"),
        max_digits=16,
        decimal_places=2,
        help_text=_("What all suppliers together sell in these days, ourselves included."),
    )
    currency = forms.CharField(
        label=_("Currency"), max_length=3, validators=[RegexValidator(r"^[A-Za-z]{3}$", _("Three letters, as CNY."))]
    )
    source = forms.CharField(label=_("Source"), max_length=200, help_text=_("Who says so: a report, an association."))
    estimated_date = Day(label=_("Estimated on"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["product"].queryset = ProductLine.objects.filter(is_active=True)
        self.fields["region"].queryset = Region.objects.filter(is_active=True)


class StrategyForm(Form):
    """A strategy, new or known."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=160)
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Owner"))
    status = forms.ChoiceField(label=_("State"), choices=Strategy.Status.choices, initial=Strategy.Status.OPEN)

    def __init__(self, *args: Any, user: User, strategy: Strategy | None = None, **options: Any) -> None:
        if strategy is not None:
            names = ("version", "name", "owner", "status")
            options.setdefault("initial", {name: getattr(strategy, name) for name in names})
        super().__init__(*args, **options)
        people = reachable_people(user)
        self.fields["owner"].queryset = (
            people if strategy is None else people | User.objects.filter(pk=strategy.owner_id)
        )
        if strategy is None:
            self.fields["owner"].initial = user.pk
        else:
            self.fields = {"version": version_field(), **self.fields}
