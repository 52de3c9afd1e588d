from rest_framework.serializers import ChoiceField, EmailField

from core.api.serializers import In, ModelOut, Text
from customers.models import Contact, Customer, Tier

from . import links


class CustomerOut(ModelOut):
    class Meta:
        model = Customer
        fields = ["id", "name", "external_id", "owner", "region", "industry", "tier", "note", "version"]


class CustomerIn(In):
    name = Text(max_length=160)
    owner = links.owner(required=False)
    region = links.region(required=False, allow_null=True)
    industry = Text(max_length=80, required=False, allow_blank=True)
    tier = ChoiceField(choices=Tier.choices, required=False, allow_blank=True)
    note = Text(max_length=4000, required=False, allow_blank=True, lines=True)


class CustomerChange(In):
    name = Text(max_length=160, required=False)
    owner = links.owner(required=False)
    region = links.region(required=False, allow_null=True)
    industry = Text(max_length=80, required=False, allow_blank=True)
    tier = ChoiceField(choices=Tier.choices, required=False, allow_blank=True)
    note = Text(max_length=4000, required=False, allow_blank=True, lines=True)


class ContactOut(ModelOut):
    class Meta:
        model = Contact
        fields = ["id", "customer", "name", "role", "phone", "email", "version"]


class ContactIn(In):
    name = Text(max_length=80)
    role = Text(max_length=80, required=False, allow_blank=True)
    phone = Text(max_length=40, required=False, allow_blank=True)
    email = EmailField(required=False, allow_blank=True, max_length=254)
