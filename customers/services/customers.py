"""Customers and their contacts."""

from typing import TypedDict, Unpack

from django.db import transaction
from django.db.models import F

from core import audit
from core.errors import VersionConflict
from core.transactions import within_transaction
from customers.models import Contact, Customer, Region
from customers.services import refusals
from teams.models import User


class CustomerFacts(TypedDict, total=False):
    """What is known of a customer; what is not given stays."""

    name: str
    owner: User | None
    region: Region | None
    industry: str
    tier: str
    note: str


class ContactFacts(TypedDict, total=False):
    """What is known of a contact; what is not given stays."""

    name: str
    role: str
    phone: str
    email: str


@transaction.atomic(durable=True)
def create_customer(
    *,
    actor: User,
    name: str,
    owner: User | None = None,
    region: Region | None = None,
    industry: str = "",
    tier: str = "",
    note: str = "",
) -> Customer:
    """
    Add a customer; the actor owns it unless another is named.

    :raises OwnerIsOutOfReach, WordIsRetired:
    """
    owner = owner or actor
    facts = CustomerFacts(
        name=name.strip(), owner=owner, region=region, industry=industry.strip(), tier=tier, note=note.strip()
    )
    _check_links(facts, actor)
    customer = Customer.objects.create(**facts)
    audit.record("customers.customer.created", actor=actor, subject=customer, name=customer.name, owner=owner)
    return customer


@transaction.atomic(durable=True)
def edit_customer(*, customer: Customer, version: int, actor: User, **facts: Unpack[CustomerFacts]) -> Customer:
    """
    Change what is known of a customer, or who owns it.

    :raises VersionConflict, OwnerIsOutOfReach, WordIsRetired:
    """
    current = Customer.objects.get(pk=customer.pk)
    if current.version != version:
        raise _conflict(current)
    changed = {name: value for name, value in facts.items() if getattr(current, name) != value}
    if not changed:
        return current
    _check_links(changed, actor)
    before = {name: getattr(current, name) for name in changed}
    _claim(current, **changed)
    audit.record(
        "customers.customer.edited",
        actor=actor,
        subject=current,
        changes={name: [before[name], value] for name, value in changed.items()},
        version=current.version,
    )
    return current


@transaction.atomic(durable=True)
def add_contact(
    *, customer: Customer, actor: User, name: str, role: str = "", phone: str = "", email: str = ""
) -> Contact:
    """Add a person at a customer."""
    contact = Contact.objects.create(
        customer=customer, name=name.strip(), role=role.strip(), phone=phone.strip(), email=email.strip()
    )
    audit.record("customers.contact.added", actor=actor, subject=contact, customer=customer)
    return contact


@transaction.atomic(durable=True)
def edit_contact(*, contact: Contact, version: int, actor: User, **facts: Unpack[ContactFacts]) -> Contact:
    """Change what is known of a contact. :raises VersionConflict:"""
    current = Contact.objects.get(pk=contact.pk)
    changed = {name: value for name, value in facts.items() if getattr(current, name) != value}
    if not Contact.objects.filter(pk=current.pk, version=version).update(version=F("version") + 1, **changed):
        raise VersionConflict(current=current.version, name=current.name)
    for name, value in changed.items():
        setattr(current, name, value)
    current.version = version + 1
    audit.record("customers.contact.edited", actor=actor, subject=current, fields=sorted(changed))
    return current


@within_transaction
def _claim(customer: Customer, **values: object) -> None:
    taken = Customer.objects.filter(pk=customer.pk, version=customer.version).update(version=F("version") + 1, **values)
    if not taken:
        raise _conflict(Customer.objects.get(pk=customer.pk))
    for name, value in values.items():
        setattr(customer, name, value)
    customer.version += 1


def _conflict(current: Customer) -> VersionConflict:
    return VersionConflict(
        current=current.version,
        name=current.name,
        owner=current.owner_id,
        region=current.region_id,
        industry=current.industry,
        tier=current.tier,
        note=current.note,
    )


def _check_links(facts: CustomerFacts | dict[str, object], actor: User) -> None:
    owner, region = facts.get("owner"), facts.get("region")
    if isinstance(owner, User) and not User.objects.visible_to(actor).active().filter(pk=owner.pk).exists():
        raise refusals.OwnerIsOutOfReach
    if isinstance(region, Region) and not region.is_active:
        raise refusals.WordIsRetired("region")
