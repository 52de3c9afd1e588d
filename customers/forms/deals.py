"""What a person types about deals."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.forms.fields import (
    Amount,
    Cost,
    CustomerField,
    Day,
    Form,
    Moment,
    StageField,
    Units,
    WordField,
    reachable_people,
    version_field,
)
from customers.models import Channel, Customer, Deal, Pipeline, ProductLine, Region, Stage
from teams.models import User


class DealForm(Form):
    """A new deal."""

    title = forms.CharField(label=_("What is sold"), max_length=160)
    customer = CustomerField()
    stage = StageField(Stage.objects.none(), label=_("Stage"), empty_label=None)
    amount = Amount()
    expected_close_date = Day(label=_("Expected close"), required=False)
    product = WordField(ProductLine, label=_("Product line"))
    region = WordField(Region, label=_("Market region"))
    channel = WordField(Channel, label=_("Lead source"))
    units = Units()
    cost = Cost()
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Owner"), empty_label=None)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["customer"].offer(Customer.objects.visible_to(user))
        stages = Stage.objects.open().in_use().filter(pipeline__is_active=True).select_related("pipeline")
        self.fields["stage"].queryset = stages.order_by("pipeline__position", "pipeline", "position")
        self.fields["stage"].several = Pipeline.objects.filter(is_active=True).count() > 1
        people = reachable_people(user)
        self.fields["owner"].queryset = people
        self.fields["owner"].initial = user.pk
        if not user.is_manager:
            self.fields["owner"].widget = forms.HiddenInput()
        for name in ("product", "region", "channel"):
            if not self.fields[name].queryset.exists():
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("stage"):
            cleaned["pipeline"] = cleaned["stage"].pipeline
        return cleaned


class DealFactsForm(Form):
    """What is known of a deal beside its stage and its amount."""

    version = version_field()
    title = forms.CharField(label=_("What is sold"), max_length=160)
    customer = CustomerField()
    product = WordField(ProductLine, label=_("Product line"))
    region = WordField(Region, label=_("Market region"))
    channel = WordField(Channel, label=_("Lead source"))
    units = Units()
    cost = Cost()

    def __init__(self, *args: Any, user: User, deal: Deal, **kwargs: Any) -> None:
        names = ("version", "title", "customer", "product", "region", "channel", "units", "cost")
        kwargs.setdefault("initial", {name: getattr(deal, name) for name in names})
        super().__init__(*args, **kwargs)
        self.fields["customer"].offer(Customer.objects.visible_to(user))
        for name in ("product", "region", "channel"):
            self.fields[name].keep(getattr(deal, f"{name}_id"))


class MoveForm(Form):
    """Where a deal goes, and what has to be said about it."""

    version = version_field()
    to_stage = StageField(Stage.objects.none(), label=_("Move to"), empty_label=None, widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=400,
        required=False,
        help_text=_("Needed to move back and to lose."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    amount = Amount(help_text=_("Leave it empty to keep the amount as it is."))
    occurred_at = Moment(label=_("When it happened"), required=False, help_text=_("Empty means now."))

    def __init__(self, *args: Any, deal: Deal, to: Stage | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"version": deal.version, "to_stage": to, "amount": deal.amount if to else None})
        super().__init__(*args, **kwargs)
        self.fields["to_stage"].queryset = deal.pipeline.stages.in_use().exclude(pk=deal.stage_id)
        if to is None:
            return
        self.fields["to_stage"].widget = forms.HiddenInput()
        if to.kind == Stage.Kind.WON:
            del self.fields["reason"]
        else:
            del self.fields["amount"]
            self.fields["reason"].help_text = ""
            self.fields["reason"].required = not to.is_open or to.position < deal.stage.position
        if to.is_open and to.position > deal.stage.position:
            del self.fields["reason"]


class ReopenForm(Form):
    """Into which stage a closed deal returns, and why."""

    version = version_field()
    to_stage = StageField(Stage.objects.none(), label=_("Reopen into"), empty_label=None, widget=forms.RadioSelect)
    reason = forms.CharField(label=_("Reason"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, deal: Deal, closed_from: int | None, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"version": deal.version, "to_stage": closed_from})
        super().__init__(*args, **kwargs)
        self.fields["to_stage"].queryset = deal.pipeline.stages.open().in_use()


class AmendForm(Form):
    """Amount and expected close of a deal."""

    version = version_field()
    amount = Amount(help_text=_("Empty means not known, which is not zero."))
    expected_close_date = Day(label=_("Expected close"), required=False)
    reason = forms.CharField(label=_("Reason"), max_length=400, required=False)

    def __init__(self, *args: Any, deal: Deal, **kwargs: Any) -> None:
        names = ("version", "amount", "expected_close_date")
        kwargs.setdefault("initial", {name: getattr(deal, name) for name in names})
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = not deal.stage.is_open


class HandOverForm(Form):
    """Who gets a deal."""

    version = version_field()
    to = forms.ModelChoiceField(User.objects.none(), label=_("New owner"))

    def __init__(self, *args: Any, user: User, deal: Deal, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"version": deal.version})
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = reachable_people(user).exclude(pk=deal.owner_id)


class VersionForm(Form):
    """A button that says which state of the thing the person saw."""

    version = version_field()
