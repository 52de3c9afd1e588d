"""The board: its columns, what a move answers, and what a conflict tells both sides."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from customers import services
from customers.models import Activity, Deal, StageEvent
from customers.queries import CARDS_A_COLUMN
from teams.models import User
from tests.factories.customers import make_customer, make_deal, make_pipeline, stage_of
from tests.factories.teams import Cast

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def move(client: Client, deal: Deal, to: str, **more: Any) -> Any:
    data = {"to_stage": stage_of(deal.pipeline, to).pk, "version": deal.version, "board": "", "direct": "1", **more}
    return client.post(reverse("customers:deal-move", args=[deal.pk]), data, headers=HTMX)


def news(response: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(response.headers["HX-Trigger-After-Settle"])["board-news"]
    return told


def queries_of(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def test_the_board_shows_a_column_for_each_open_stage_with_count_sum_and_what_is_missing(cast: Cast) -> None:
    make_deal(owner=cast.rao, amount=None)
    make_deal("Cranes", owner=cast.rao)
    make_deal(owner=cast.rao, path=("Lead", "Won"))
    response = as_(cast.rao).get(reverse("customers:board"))
    columns = response.context["columns"]
    assert [column.stage.name for column in columns] == ["Lead", "Contacted", "Visited", "Quoted"]
    assert (columns[0].totals.count, columns[0].totals.amount, columns[0].totals.missing) == (2, 1000, 1)
    assert "Cranes" in response.content.decode()


def test_nobody_sees_the_cards_of_others(cast: Cast) -> None:
    make_deal("Secret of the west", owner=cast.west_rep)
    for user in (cast.rao, cast.lin):
        assert "Secret of the west" not in as_(user).get(reverse("customers:board")).content.decode()


def test_a_full_column_shows_its_latest_cards_and_offers_the_rest(cast: Cast) -> None:
    for number in range(CARDS_A_COLUMN + 3):
        make_deal(owner=cast.rao, created=date(2026, 1, 5) + timedelta(days=number))
    client = as_(cast.rao)
    column = client.get(reverse("customers:board")).context["columns"][0]
    assert (len(column.deals), column.hidden, column.totals.count) == (CARDS_A_COLUMN, 3, CARDS_A_COLUMN + 3)
    whole = client.get(reverse("customers:board"), {"whole": column.stage.pk}).context["columns"][0]
    assert (len(whole.deals), whole.hidden) == (CARDS_A_COLUMN + 3, 0)


def test_a_retired_stage_stays_on_the_board_while_deals_stand_in_it(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Visited"))
    services.edit_stage(stage=deal.stage, version=1, actor=cast.admin, name="Visited", name_zh="", is_active=False)
    assert "Visited" in [row.stage.name for row in as_(cast.rao).get(reverse("customers:board")).context["columns"]]
    services.move_deal(
        deal=deal, to_stage=stage_of(deal.pipeline, "Quoted"), version=2, actor=cast.rao, now=timezone.now()
    )
    assert "Visited" not in [row.stage.name for row in as_(cast.rao).get(reverse("customers:board")).context["columns"]]


def test_without_a_pipeline_the_board_says_what_to_do(cast: Cast) -> None:
    assert "Set up the stages" in as_(cast.admin).get(reverse("customers:board")).content.decode()
    assert "Set up the stages" not in as_(cast.rao).get(reverse("customers:board")).content.decode()


def test_the_board_costs_the_same_queries_for_one_deal_and_for_many(cast: Cast) -> None:
    pipeline = make_pipeline()
    path = reverse("customers:board")
    make_deal(owner=cast.rao, pipeline=pipeline)
    client = as_(cast.lin)
    client.get(path)
    one = queries_of(client, path)
    for _ in range(40):
        make_deal(owner=cast.peer, pipeline=pipeline, path=("Lead", "Visited"))
    assert queries_of(client, path) == one


def test_a_move_answers_with_the_board_and_offers_undo(cast: Cast) -> None:
    deal = make_deal("Cranes", owner=cast.rao)
    response = move(as_(cast.rao), deal, "Visited")
    told = news(response)
    assert (response.status_code, told["text"]) == (200, "“Cranes” moved to Visited.")
    assert (told["undo"], told["version"]) == (reverse("customers:deal-undo", args=[deal.pk]), 2)
    assert f'id="deal-{deal.pk}"' in response.content.decode()


def test_undo_from_the_board_leads_back(cast: Cast) -> None:
    deal = make_deal("Cranes", owner=cast.rao)
    client = as_(cast.rao)
    told = news(move(client, deal, "Visited"))
    response = client.post(told["undo"], {"version": told["version"], "board": ""}, headers=HTMX)
    assert news(response)["text"] == "Undone: “Cranes” is in Lead again."
    deal.refresh_from_db()
    assert (deal.stage.name, deal.events.count()) == ("Lead", 3)


def test_a_conflict_on_the_board_tells_what_both_wanted_and_shows_where_the_deal_is(cast: Cast) -> None:
    deal = make_deal("Cranes", owner=cast.rao)
    services.move_deal(
        deal=deal, to_stage=stage_of(deal.pipeline, "Visited"), version=1, actor=cast.mori, now=timezone.now()
    )
    told = news(move(as_(cast.rao), deal, "Quoted"))
    assert told["kind"] == "error"
    assert "Mori" in told["text"]
    assert "Visited" in told["text"]
    assert "Quoted" in told["text"]
    assert Deal.objects.get(pk=deal.pk).stage.name == "Visited"


def test_losing_without_a_reason_asks_again_in_the_dialog(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    lost = stage_of(deal.pipeline, "Lost")
    url = f"{reverse('customers:deal-move', args=[deal.pk])}?to={lost.pk}"
    data = {"to_stage": lost.pk, "version": 1, "board": "", "reason": ""}
    response = as_(cast.rao).post(url, data, headers=HTMX)
    assert (response.status_code, response.headers["HX-Retarget"]) == (422, "#move-dialog-body")
    assert not StageEvent.objects.filter(to_stage=lost).exists()


def test_a_move_works_as_a_plain_form_too(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao)
    client = as_(cast.rao)
    url = reverse("customers:deal-move", args=[deal.pk])
    assert client.get(url).status_code == 200
    data = {"to_stage": stage_of(deal.pipeline, "Won").pk, "version": 1, "amount": "7000"}
    assert client.post(url, data).headers["Location"] == reverse("customers:deal-detail", args=[deal.pk])
    deal.refresh_from_db()
    assert (deal.stage.name, deal.amount) == ("Won", Decimal(7000))


def test_after_a_conflict_the_form_shows_theirs_keeps_mine_and_can_be_sent_again(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, title="Cranes")
    services.edit_deal(deal=deal, version=1, actor=cast.mori, title="Cranes for the port")
    client = as_(cast.rao)
    url = reverse("customers:deal-amend", args=[deal.pk])
    response = client.post(url, {"version": 1, "amount": "55.50", "expected_close_date": ""})
    page = response.content.decode()
    assert response.status_code == 422
    assert "Cranes for the port" in page
    assert 'value="55.50"' in page
    again = client.post(url, {"version": 2, "amount": "55.50", "expected_close_date": ""})
    assert again.status_code == 302


def test_the_filters_of_the_board_stay_after_a_move(cast: Cast) -> None:
    make_deal("Ships", owner=cast.rao)
    deal = make_deal("Cranes", owner=cast.rao)
    page = move(as_(cast.rao), deal, "Visited", board="q=Cranes").content.decode()
    assert "Cranes" in page
    assert "Ships" not in page


def test_an_idle_deal_says_so_until_something_is_done_about_it(cast: Cast) -> None:
    deal = make_deal(owner=cast.rao, created=timezone.localdate() - timedelta(days=20))
    client = as_(cast.rao)
    assert "d idle" in client.get(reverse("customers:board")).content.decode()
    Activity.objects.create(kind="call", deal=deal, person=cast.rao, subject="Called", done_at=datetime.now(UTC))
    assert "d idle" not in client.get(reverse("customers:board")).content.decode()


def test_a_customer_with_the_name_of_a_tag_is_only_text(cast: Cast) -> None:
    make_deal("<script>alert(1)</script>", owner=cast.rao, customer=make_customer("<b>x</b>", owner=cast.rao))
    page = as_(cast.rao).get(reverse("customers:board")).content.decode()
    assert "<script>alert(1)" not in page
    assert "<b>x</b>" not in page


def test_the_lead_of_the_team_sees_the_card_and_the_lead_of_the_next_team_does_not(cast: Cast) -> None:
    make_deal("Of Rao", owner=cast.rao)
    assert "Of Rao" in as_(cast.mori).get(reverse("customers:board")).content.decode()
    assert "Of Rao" not in as_(cast.diaz).get(reverse("customers:board")).content.decode()
