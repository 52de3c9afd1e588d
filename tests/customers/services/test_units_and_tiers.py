"""What targets count by beside revenue: units and cost of a deal, the tier of a customer, product lines within wider ones."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from core.models import AuditEntry
from customers import services
from customers.models import Deal, ProductLine, StageEvent, Tier
from customers.services import refusals
from teams.models import User
from tests.factories.customers import make_customer, make_deal, make_pipeline, make_product
from tests.factories.imports import bring_in
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.1")]
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
D = Decimal
FILE = """\
deal id,owner,stage,created,closed,amount,quantity,cost
A1,Rao,Won,2026-03-01,2026-03-20,100,4,60
A2,Rao,Won,2026-03-02,2026-03-20,100,,
"""


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_units_and_cost_are_facts_beside_the_ledger(cast: Cast) -> None:
    deal = services.create_deal(
        actor=cast.rao, title="x", owner=cast.rao, pipeline=make_pipeline(), now=NOW, units=D("4.5"), cost=D("60.00")
    )
    services.edit_deal(deal=deal, version=1, actor=cast.rao, cost=None)
    deal.refresh_from_db()
    assert (deal.units, deal.cost, deal.version) == (D("4.50"), None, 2)
    assert StageEvent.objects.count() == 1
    assert AuditEntry.objects.get(event="customers.deal.edited").facts["changes"] == {"cost": ["60.00", None]}


@pytest.mark.parametrize("name", ["units", "cost"])
def test_units_and_cost_are_not_below_zero(cast: Cast, name: str) -> None:
    deal = make_deal(owner=cast.rao)
    with pytest.raises(refusals.AmountIsNegative) as refused:
        services.edit_deal(deal=deal, version=1, actor=cast.rao, **{name: D(-1)})  # type: ignore[arg-type]  # either
    assert [problem.field for problem in refused.value.problems] == [name]


def test_the_page_of_a_deal_takes_them_and_a_blank_is_not_known(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    edit = reverse("customers:deal-edit", args=[deal.pk])
    assert as_(cast.rao).post(edit, {"version": 1, "title": "x", "units": "3", "cost": ""}).status_code == 302
    deal.refresh_from_db()
    assert (deal.units, deal.cost) == (D(3), None)


def test_a_file_brings_units_and_cost_and_a_blank_is_not_zero(
    cast: Cast, settings: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    pipeline = make_pipeline()
    bring_in(cast.admin, FILE, pipeline=pipeline)
    deals = Deal.objects.order_by("external_id")
    assert list(deals.values_list("units", "cost")) == [(D(4), D(60)), (None, None)]

    again = bring_in(cast.admin, FILE, pipeline=pipeline)
    assert (again.deals_changed, again.deals_unchanged) == (0, 2)

    changed = bring_in(cast.admin, FILE.replace(",4,60", ",5,"), pipeline=pipeline)
    assert (changed.deals_changed, changed.deals_unchanged) == (1, 1)
    assert list(deals.values_list("units", "cost")) == [(D(5), D(60)), (None, None)]
    assert StageEvent.objects.count() == 4


def test_a_customers_tier_is_set_by_hand_and_on_record(cast: Cast) -> None:
    customer = make_customer(owner=cast.rao)
    client, edit = as_(cast.rao), reverse("customers:customer-edit", args=[customer.pk])
    assert "Not tiered" in client.get(reverse("customers:customer-detail", args=[customer.pk])).content.decode()
    assert client.post(edit, {"version": 1, "name": customer.name, "tier": "key"}).status_code == 302
    customer.refresh_from_db()
    assert customer.tier == Tier.KEY
    assert AuditEntry.objects.get(event="customers.customer.edited").facts["changes"] == {"tier": ["", "key"]}
    assert client.post(edit, {"version": 2, "name": customer.name, "tier": "golden"}).status_code == 422
    assert [row.record for row in client.get("/customers/?tier=key").context["table"].rows] == [customer]


def test_a_product_line_is_part_of_a_wider_one_and_never_of_itself(cast: Cast) -> None:
    pumps = make_product("Pumps")
    client = as_(cast.admin)
    new = reverse("customers:word-new", args=["products"])
    assert client.post(new, {"name": "Small pumps", "parent": pumps.pk}).status_code == 302
    small = ProductLine.objects.get(name="Small pumps")
    assert small.parent == pumps
    with pytest.raises(refusals.WordIsPartOfItself):
        services.edit_word(
            word=pumps, version=1, actor=cast.admin, name="Pumps", name_zh="", is_active=True, parent=small
        )
    edit = reverse("customers:word-edit", args=["products", small.pk])
    assert client.post(edit, {"version": 1, "name": "Small pumps", "is_active": "on", "parent": ""}).status_code == 302
    small.refresh_from_db()
    assert small.parent is None
