"""Fields that offer only what a person may link: visible customers, active words, reachable owners."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, Deal, Stage
from teams.models import User

NAMES_OFFERED = 500


class Form(forms.Form):
    """A form whose fields are ours: they know what they may offer."""

    fields: dict[str, Any]


class CustomerInput(forms.TextInput):
    """A text input with the names to choose from: also with thousands of customers a phone shows a short list."""

    template_name = "customers/_customer_input.html"
    queryset: QuerySet[Customer] = Customer.objects.none()

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{name}-names"
        context["widget"]["names"] = sorted(set(self.queryset.values_list("name", flat=True)[:NAMES_OFFERED]))
        return context


class CustomerField(forms.Field):
    """Names a customer by its name; cleans to the visible customer of that name, or None."""

    widget = CustomerInput

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"label": _("Customer"), "required": False, **options})
        self.queryset: QuerySet[Customer] = Customer.objects.none()

    def offer(self, queryset: QuerySet[Customer]) -> None:
        self.queryset = self.widget.queryset = queryset

    def prepare_value(self, value: Any) -> Any:
        return value.name if isinstance(value, Customer) else value

    def to_python(self, value: Any) -> Customer | None:
        name = str(value or "").strip()
        if not name:
            return None
        found = list(self.queryset.filter(name__iexact=name)[:2])
        if not found:
            raise forms.ValidationError(_("There is no customer of this name. Add the customer first."), "unknown")
        if len(found) > 1:
            raise forms.ValidationError(
                _("Several customers have this name. Start from the customer's page."), "several"
            )
        return found[0]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != data)


class Day(forms.DateField):
    """A date, chosen with the browser's own calendar."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class Moment(forms.DateTimeField):
    """Date and time, chosen with the browser's own calendar, read in the current time zone."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **options)


class Amount(forms.DecimalField):
    """Money of the company's currency; empty means not known, which is not zero."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{
                "label": _("Amount"),
                "required": False,
                "min_value": 0,
                "max_digits": 14,
                "decimal_places": 2,
                "widget": forms.NumberInput(attrs={"inputmode": "decimal", "step": "0.01"}),
                **options,
            }
        )


class Units(Amount):
    """How many are sold; empty means not known."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{"label": _("Units sold"), "help_text": _("Empty means not known, which is not zero."), **options}
        )


class Cost(Amount):
    """What the things sold cost the company; empty means not known."""

    def __init__(self, **options: Any) -> None:
        said = _("Amount less cost is the gross margin. Empty means not known, which is not zero.")
        super().__init__(**{"label": _("Cost"), "help_text": said, **options})


class WordField(forms.ModelChoiceField):  # type: ignore[type-arg]  # the model is given when it is made
    """A product line, region or channel: those in use, and the one that stands there now even if it has retired."""

    def __init__(self, model: Any, **options: Any) -> None:
        super().__init__(model.objects.filter(is_active=True), required=False, **options)
        self.model = model

    def keep(self, current: int | None) -> None:
        self.queryset = self.model.objects.filter(Q(is_active=True) | Q(pk=current))


class StageField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Stages to choose from; with several pipelines each name says which."""

    several = False

    def label_from_instance(self, obj: Stage) -> str:
        return f"{obj.pipeline.label} · {obj.label}" if self.several else obj.label


def reachable_people(user: User) -> QuerySet[User]:
    """People to whom the user may give deals and customers."""
    people: QuerySet[User] = User.objects.visible_to(user).active().order_by("name", "pk")
    return people


def version_field() -> forms.IntegerField:
    return forms.IntegerField(widget=forms.HiddenInput, min_value=1)


def linkable_deals(user: User) -> QuerySet[Deal]:
    """Open deals about which the user may log what was done."""
    return Deal.objects.visible_to(user).open().select_related("customer").order_by("title", "pk")
