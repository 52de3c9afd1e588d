"""What a person types about customers and their contacts."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.forms.fields import Form, WordField, reachable_people, version_field
from customers.models import Contact, Customer, Region, Tier
from teams.models import User


class CustomerForm(Form):
    """A customer, new or known."""

    name = forms.CharField(label=pgettext_lazy("of a thing", "Name"), max_length=160)
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Owner"), required=False, empty_label=_("Nobody yet"))
    region = WordField(Region, label=_("Market region"))
    industry = forms.CharField(label=_("Industry"), max_length=80, required=False)
    tier = forms.ChoiceField(label=_("Customer tier"), choices=[("", _("Not tiered")), *Tier.choices], required=False)
    note = forms.CharField(label=_("Note"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, user: User, customer: Customer | None = None, **kwargs: Any) -> None:
        names = ("version", "name", "owner", "region", "industry", "tier", "note")
        if customer is not None:
            kwargs.setdefault("initial", {name: getattr(customer, name) for name in names})
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = reachable_people(user)
        if customer is not None:
            self.fields = {"version": version_field(), **self.fields}
            self.fields["region"].keep(customer.region_id)
        if customer is None:
            self.fields["owner"].initial = user.pk
            self.fields["owner"].empty_label = None
        if not user.is_manager:
            del self.fields["owner"]


class ContactForm(Form):
    """A person at a customer."""

    name = forms.CharField(label=_("Name"), max_length=80)
    role = forms.CharField(label=_("Job title"), max_length=80, required=False)
    phone = forms.CharField(
        label=_("Phone"), max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    email = forms.EmailField(label=_("E-mail"), required=False)

    def __init__(self, *args: Any, contact: Contact | None = None, **kwargs: Any) -> None:
        names = ("version", "name", "role", "phone", "email")
        if contact is not None:
            kwargs.setdefault("initial", {name: getattr(contact, name) for name in names})
        super().__init__(*args, **kwargs)
        if contact is not None:
            self.fields = {"version": version_field(), **self.fields}
