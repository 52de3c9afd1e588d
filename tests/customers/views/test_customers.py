"""Customers, their contacts, and whose figures a reader gets to see there."""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from core.errors import VersionConflict
from customers import services
from customers.models import Contact, Customer
from customers.services import refusals
from teams.models import User
from tests.factories.customers import make_customer, make_deal
from tests.factories.teams import Cast

pytestmark = pytest.mark.django_db


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_sums_of_a_customer_count_only_deals_that_the_reader_sees(cast: Cast) -> None:
    shared = make_customer("Shared", owner=cast.west_rep)
    make_deal(owner=cast.rao, customer=shared, amount=Decimal(10))
    make_deal("Western secret", owner=cast.west_rep, customer=shared, amount=Decimal(99999))
    row = as_(cast.rao).get("/customers/").context["table"].page.object_list[0].record
    assert (row.name, row.open_count, row.open_amount) == ("Shared", 1, Decimal(10))
    page = as_(cast.rao).get(reverse("customers:customer-detail", args=[shared.pk]))
    assert page.context["open"].amount == Decimal(10)
    assert "Western secret" not in page.content.decode()


def test_a_rep_edits_own_customers_looks_at_shared_ones_and_does_not_find_others(cast: Cast) -> None:
    own = make_customer(owner=cast.rao)
    shared = make_customer(owner=cast.west_rep)
    make_deal(owner=cast.rao, customer=shared)
    foreign = make_customer(owner=cast.west_rep)
    client = as_(cast.rao)
    verdicts = [
        client.get(reverse("customers:customer-edit", args=[row.pk])).status_code for row in (own, shared, foreign)
    ]
    assert verdicts == [200, 403, 404]


def test_a_new_customer_belongs_to_its_maker_unless_a_lead_names_another(cast: Cast) -> None:
    assert as_(cast.rao).post("/customers/new/", {"name": "Harbour", "owner": cast.peer.pk}).status_code == 302
    assert as_(cast.mori).post("/customers/new/", {"name": "Dock", "owner": cast.peer.pk}).status_code == 302
    assert dict(Customer.objects.values_list("name", "owner__name")) == {"Harbour": "Rao", "Dock": "Peer of Rao"}


def test_a_customer_goes_only_to_people_in_reach(cast: Cast) -> None:
    with pytest.raises(refusals.OwnerIsOutOfReach):
        services.create_customer(actor=cast.mori, name="x", owner=cast.west_rep)


def test_of_two_edits_of_one_state_the_second_is_told_and_keeps_its_words(cast: Cast) -> None:
    customer = make_customer("Harbour", owner=cast.rao)
    services.edit_customer(customer=customer, version=1, actor=cast.mori, name="Harbour Ltd")
    with pytest.raises(VersionConflict):
        services.edit_customer(customer=customer, version=1, actor=cast.rao, name="Harbour & Co")
    path = reverse("customers:customer-edit", args=[customer.pk])
    response = as_(cast.rao).post(path, {"version": 1, "name": "Harbour & Co"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Harbour Ltd" in page
    assert 'value="Harbour &amp; Co"' in page
    assert 'name="version" value="2"' in page


def test_contacts_are_added_and_edited_by_who_may_edit_the_customer(cast: Cast) -> None:
    customer = make_customer(owner=cast.rao)
    add = reverse("customers:contact-new", args=[customer.pk])
    assert as_(cast.peer).get(add).status_code == 404
    assert as_(cast.rao).post(add, {"name": "Buyer", "email": "buyer@customer.example"}).status_code == 302
    contact = Contact.objects.get()
    edit = reverse("customers:contact-edit", args=[contact.pk])
    assert as_(cast.peer).get(edit).status_code == 404
    assert as_(cast.rao).post(edit, {"version": 1, "name": "Chief buyer"}).status_code == 302
    assert as_(cast.rao).post(edit, {"version": 1, "name": "Late"}).status_code == 422
    contact.refresh_from_db()
    assert (contact.name, contact.version) == ("Chief buyer", 2)


def test_the_search_finds_by_every_word(cast: Cast) -> None:
    make_customer("Harbour of the east", owner=cast.rao, industry="Ports")
    make_customer("Mill", owner=cast.rao)
    table = as_(cast.rao).get("/customers/", {"q": "ports harb"}).context["table"]
    assert [row.record.name for row in table.page.object_list] == ["Harbour of the east"]
