"""The list of deals, the page of a deal, and the forms around them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers import services
from customers.models import Deal
from customers.views.tables import ROWS_A_PAGE
from teams.models import User
from tests.factories.customers import (
    make_channel,
    make_customer,
    make_deal,
    make_pipeline,
    make_product,
    make_region,
    stage_of,
)
from tests.factories.teams import Cast

pytestmark = pytest.mark.django_db

LIST = "/deals/"


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, **query: str | int) -> list[str]:
    """The titles of the list's rows, in order."""
    return [row.record.title for row in client.get(LIST, query).context["table"].page.object_list]


def test_each_filter_narrows_the_list_by_what_it_says(cast: Cast) -> None:
    product, region, channel = make_product(), make_region(), make_channel()
    customer = make_customer("Harbour", owner=cast.rao)
    today = timezone.localdate()
    make_deal(
        "Cranes",
        owner=cast.rao,
        customer=customer,
        product=product,
        region=region,
        channel=channel,
        created=date(2026, 1, 5),
        amount=Decimal(500),
    )
    make_deal("Ships", owner=cast.peer, path=("Lead", "Won"), created=date(2026, 3, 2), amount=Decimal(9000))
    make_deal("Ropes", owner=cast.rao, created=today, amount=None, expected_close_date=today)
    client = as_(cast.mori)
    stage = stage_of(Deal.objects.get(title="Ships").pipeline, "Won").pk
    cases: tuple[tuple[dict[str, str | int], set[str]], ...] = (
        ({"q": "crane harb"}, {"Cranes"}),
        ({"owner": cast.peer.pk}, {"Ships"}),
        ({"state": "won"}, {"Ships"}),
        ({"stage": stage}, {"Ships"}),
        ({"product": product.pk}, {"Cranes"}),
        ({"region": region.pk}, {"Cranes"}),
        ({"channel": channel.pk}, {"Cranes"}),
        ({"customer": "harb"}, {"Cranes"}),
        ({"closed_from": "2026-03-01", "closed_to": "2026-03-31"}, {"Ships"}),
        ({"created_from": "2026-01-01", "created_to": "2026-01-31"}, {"Cranes"}),
        ({"amount_min": "400", "amount_max": "600"}, {"Cranes"}),
        ({"idle_days": "30"}, {"Cranes"}),
        ({"missing": "amount"}, {"Ropes"}),
        ({"missing": "close"}, {"Cranes", "Ships"}),
    )
    for query, titles in cases:
        assert set(shown(client, **query)) == titles, query


def test_nonsense_in_a_filter_is_said_at_the_filter_and_breaks_nothing(cast: Cast) -> None:
    make_deal(owner=cast.rao)
    client = as_(cast.rao)
    for query in ({"owner": "x"}, {"stage": "99999999999999999999"}, {"closed_from": "soon"}, {"idle_days": "-1"}):
        response = client.get(LIST, query)
        assert response.status_code == 200
        assert response.context["filters"].form.errors
    assert client.get(LIST, {"q": "%", "page": "x", "sort": "password"}).status_code == 200


def test_what_is_missing_comes_last_in_both_directions(cast: Cast) -> None:
    make_deal("Small", owner=cast.rao, amount=Decimal(1))
    make_deal("Unknown", owner=cast.rao, amount=None)
    make_deal("Large", owner=cast.rao, amount=Decimal(9))
    client = as_(cast.rao)
    assert shown(client, sort="amount") == ["Small", "Large", "Unknown"]
    assert shown(client, sort="-amount") == ["Large", "Small", "Unknown"]


def test_the_list_shows_its_own_and_counts_only_those(cast: Cast) -> None:
    make_deal("Mine", owner=cast.rao)
    make_deal("Not mine", owner=cast.peer)
    response = as_(cast.rao).get(LIST)
    assert shown(as_(cast.rao)) == ["Mine"]
    assert response.context["totals"]["open"].count == 1


def test_the_list_and_the_customers_cost_the_same_queries_for_one_row_and_for_two_hundred(cast: Cast) -> None:
    pipeline = make_pipeline()
    make_deal(owner=cast.rao, pipeline=pipeline)
    client = as_(cast.lin)
    paths = (LIST, reverse("customers:customers"))
    before = {}
    for path in paths:
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        before[path] = len(captured)
    for _ in range(199):
        make_deal(owner=cast.peer, pipeline=pipeline)
    for path in paths:
        with CaptureQueriesContext(connection) as captured:
            assert len(client.get(path).context["table"].page.object_list) == ROWS_A_PAGE
        assert len(captured) == before[path]


def test_the_page_of_a_deal_costs_the_same_queries_for_a_short_and_a_long_history(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    client = as_(cast.rao)
    path = reverse("customers:deal-detail", args=[deal.pk])
    counts = []
    for step in range(2):
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        counts.append(len(captured))
        if step:
            break
        for number in range(20):
            deal = services.amend_deal(
                deal=deal,
                version=deal.version,
                actor=cast.rao,
                now=timezone.now(),
                amount=Decimal(number),
                expected_close_date=None,
            )
            services.log_activity(
                actor=cast.rao, kind="call", subject="x", done_at=timezone.now(), now=timezone.now(), deal=deal
            )
    assert counts[0] == counts[1]


def test_the_page_of_a_deal_tells_its_history_with_both_clocks_and_who(cast: Cast) -> None:
    deal = make_deal("Cranes", owner=cast.rao, path=("Lead", "Visited", "Contacted"), created=date(2026, 1, 5))
    services.hand_over_deal(deal=deal, to=cast.peer, version=3, actor=cast.mori, now=timezone.now())
    page = as_(cast.mori).get(reverse("customers:deal-detail", args=[deal.pk])).content.decode()
    for words in ("Created in Lead", "Back from Visited to Contacted", "as it was", "Handed over to Peer of Rao"):
        assert words in page
    assert "recorded 5 Jan 2026" in page


def test_a_stranger_gets_404_and_a_rep_403_for_what_only_leads_do(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Won"))
    for name in ("deal-detail", "deal-edit", "deal-move", "deal-amend", "deal-reopen", "deal-hand-over"):
        assert as_(cast.west_rep).get(reverse(f"customers:{name}", args=[deal.pk])).status_code == 404
        assert as_(cast.diaz).get(reverse(f"customers:{name}", args=[deal.pk])).status_code == 404
    for name in ("deal-reopen", "deal-hand-over", "deal-amend"):
        assert as_(cast.rao).get(reverse(f"customers:{name}", args=[deal.pk])).status_code == 403
        assert as_(cast.mori).get(reverse(f"customers:{name}", args=[deal.pk])).status_code == 200


def test_a_rep_makes_a_deal_of_their_own_whatever_owner_the_form_was_given(cast: Cast) -> None:
    pipeline = make_pipeline()
    make_customer("Harbour", owner=cast.rao)
    data = {"title": "Cranes", "customer": "harbour", "stage": stage_of(pipeline, "Lead").pk, "owner": cast.peer.pk}
    client = as_(cast.rao)
    assert client.post("/deals/new/", data).status_code == 422
    assert client.post("/deals/new/", {**data, "owner": cast.rao.pk}).status_code == 302
    deal = Deal.objects.get()
    assert (deal.owner, str(deal.customer), deal.amount) == (cast.rao, "Harbour", None)


def test_a_customer_out_of_sight_is_answered_like_one_that_does_not_exist(cast: Cast) -> None:
    pipeline = make_pipeline()
    make_customer("Hidden", owner=cast.west_rep)
    client = as_(cast.rao)
    base = {"title": "x", "stage": stage_of(pipeline, "Lead").pk, "owner": cast.rao.pk}
    hidden = client.post("/deals/new/", {**base, "customer": "Hidden"})
    absent = client.post("/deals/new/", {**base, "customer": "Absent"})
    assert hidden.context["form"].errors == absent.context["form"].errors
    assert "Hidden" not in client.get("/deals/new/").content.decode()


def test_editing_keeps_a_retired_product_line_that_the_deal_has(cast: Cast) -> None:
    product = make_product("Old line")
    deal = make_deal(owner=cast.rao, product=product)
    services.edit_word(word=product, version=1, actor=cast.admin, name="Old line", name_zh="", is_active=False)
    data = {"version": 1, "title": "New title", "customer": deal.customer.name if deal.customer else ""}
    path = reverse("customers:deal-edit", args=[deal.pk])
    assert as_(cast.rao).post(path, {**data, "product": product.pk}).status_code == 302
    deal.refresh_from_db()
    assert (deal.title, deal.product) == ("New title", product)


def test_handing_over_offers_only_people_in_reach(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    path = reverse("customers:deal-hand-over", args=[deal.pk])
    client = as_(cast.mori)
    assert client.post(path, {"version": 1, "to": cast.west_rep.pk}).status_code == 422
    assert client.post(path, {"version": 1, "to": cast.peer.pk}).status_code == 302
    assert Deal.objects.get().owner == cast.peer


def test_a_page_beyond_the_last_shows_the_last(cast: Cast) -> None:
    make_deal("Only", owner=cast.rao)
    assert shown(as_(cast.rao), page=99) == ["Only"]


def test_times_long_ago_are_idle_and_a_call_today_is_not(cast: Cast) -> None:
    deal = make_deal("Cranes", owner=cast.rao, created=timezone.localdate() - timedelta(days=40))
    client = as_(cast.rao)
    assert shown(client, idle_days=30) == ["Cranes"]
    services.log_activity(
        actor=cast.rao, kind="call", subject="x", done_at=timezone.now(), now=timezone.now(), deal=deal
    )
    assert shown(client, idle_days=30) == []
