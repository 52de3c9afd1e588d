from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from customers.models import Activity, Deal
from tests.api.conftest import Calling
from tests.factories.customers import make_customer, make_deal, make_pipeline, stage_of
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R7.3", "R4.3")]

DEALS = "/api/v1/deals/"


def test_a_person_lists_only_deals_within_their_reach(cast: Cast, as_person: Calling) -> None:
    for owner in (cast.rao, cast.peer, cast.west_rep):
        make_deal(f"Deal of {owner.name}", owner=owner)

    def titles(calling: APIClient) -> set[str]:
        return {row["title"] for row in calling.get(DEALS).json()["results"]}

    assert titles(as_person(cast.rao)) == {"Deal of Rao"}
    assert titles(as_person(cast.lin)) == {"Deal of Rao", "Deal of Peer of Rao"}
    assert len(titles(as_person(cast.planner))) == 3


def test_money_is_text_and_an_unknown_amount_is_null(cast: Cast, as_person: Calling) -> None:
    known, unknown = make_deal(owner=cast.rao, amount=Decimal("12.50")), make_deal(owner=cast.rao, amount=None)

    asking = as_person(cast.rao)

    assert asking.get(f"{DEALS}{known.pk}/").json()["amount"] == "12.50"
    assert asking.get(f"{DEALS}{unknown.pk}/").json()["amount"] is None


def test_a_deal_is_begun_moved_and_won_over_http(cast: Cast, as_person: Calling) -> None:
    pipeline, customer = make_pipeline(), make_customer(owner=cast.rao)
    asking = as_person(cast.rao)

    begun = asking.post(DEALS, {"title": "A new one", "pipeline": pipeline.pk, "customer": customer.pk})
    assert begun.status_code == 201, begun.json()
    address, etag = begun["Location"], begun["ETag"]
    moved = asking.post(
        f"{address}moves/", {"to_stage": stage_of(pipeline, "Won").pk, "amount": "900.00"}, HTTP_IF_MATCH=etag
    )

    assert moved.status_code == 200, moved.json()
    assert (moved.json()["amount"], moved.json()["closed_date"]) == ("900.00", str(timezone.localdate()))
    assert [line["kind"] for line in asking.get(f"{address}moves/").json()] == ["create", "move"]


def test_a_change_without_the_version_is_428_and_with_a_stale_one_412(cast: Cast, as_person: Calling) -> None:
    deal = make_deal(owner=cast.rao)
    asking, move = as_person(cast.rao), {"to_stage": stage_of(deal.pipeline, "Contacted").pk}
    etag = asking.get(f"{DEALS}{deal.pk}/")["ETag"]

    assert asking.post(f"{DEALS}{deal.pk}/moves/", move).status_code == 428
    assert asking.post(f"{DEALS}{deal.pk}/moves/", move, HTTP_IF_MATCH=etag).status_code == 200
    stale = asking.post(f"{DEALS}{deal.pk}/moves/", move, HTTP_IF_MATCH=etag)
    assert stale.status_code == 412
    assert stale["ETag"] != etag


def test_the_same_key_sent_twice_makes_one_deal(cast: Cast, as_person: Calling) -> None:
    body = {"title": "Once", "pipeline": make_pipeline().pk}
    asking = as_person(cast.rao)

    first = asking.post(DEALS, body, HTTP_IDEMPOTENCY_KEY="k-1")
    second = asking.post(DEALS, body, HTTP_IDEMPOTENCY_KEY="k-1")

    assert first.json() == second.json()
    assert Deal.objects.filter(title="Once").count() == 1


def test_a_strangers_customer_and_one_that_does_not_exist_get_the_same_answer(cast: Cast, as_person: Calling) -> None:
    hidden = make_customer(owner=cast.west_rep)
    body = {"title": "A new one", "pipeline": make_pipeline().pk}
    asking = as_person(cast.rao)

    answers = [asking.post(DEALS, {**body, "customer": key}) for key in (hidden.pk, hidden.pk + 10_000)]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json()["errors"] == answers[1].json()["errors"]


@pytest.mark.parametrize(
    "body",
    [
        {"title": ""},
        {"title": "x", "amount": 5},
        {"title": "x", "amount": "1e5"},
        {"title": "x", "amount": "-1.00"},
        {"title": "x", "pipeline": "1"},
        {"title": "x", "pipeline": 2**70},
        {"title": "x", "stagee": 1},
        {"title": "x", "occurred_at": "2026-01-01T00:00:00"},
    ],
)
def test_nonsense_is_named_by_field_and_leaves_nothing(cast: Cast, as_person: Calling, body: dict[str, object]) -> None:
    pipeline = make_pipeline()

    answer = as_person(cast.rao).post(DEALS, {"pipeline": pipeline.pk, **body})

    assert answer.status_code == 400
    assert answer["Content-Type"].startswith("application/problem+json")
    assert answer.json()["errors"]
    assert not Deal.objects.exists()


def test_a_rep_may_not_reopen_and_a_lead_may(cast: Cast, as_person: Calling) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Lost"))
    address, body = f"{DEALS}{deal.pk}/reopen/", {"reason": "They called again"}
    etag = as_person(cast.rao).get(f"{DEALS}{deal.pk}/")["ETag"]

    assert as_person(cast.rao).post(address, body, HTTP_IF_MATCH=etag).status_code == 403
    assert as_person(cast.mori).post(address, body, HTTP_IF_MATCH=etag).status_code == 200


def test_a_hand_over_leaves_stage_and_history(cast: Cast, as_person: Calling) -> None:
    deal = make_deal(owner=cast.rao, path=("Lead", "Contacted"), created=date(2026, 1, 5))
    asking = as_person(cast.mori)
    etag = asking.get(f"{DEALS}{deal.pk}/")["ETag"]

    given = asking.post(f"{DEALS}{deal.pk}/hand-over/", {"to": cast.peer.pk}, HTTP_IF_MATCH=etag)

    assert given.status_code == 200, given.json()
    assert (given.json()["owner"], given.json()["stage"]) == (cast.peer.pk, deal.stage.pk)
    assert len(asking.get(f"{DEALS}{deal.pk}/moves/").json()) == 2


def test_an_activity_is_planned_and_finished(cast: Cast, as_person: Calling) -> None:
    deal, asking = make_deal(owner=cast.rao), as_person(cast.rao)
    due = (timezone.now() + timedelta(days=1)).isoformat()

    planned = asking.post("/api/v1/activities/", {"kind": "call", "subject": "Ask", "deal": deal.pk, "due_at": due})
    assert planned.status_code == 201, planned.json()
    done = asking.post(f"{planned['Location']}finish/", {"note": "They agree"}, HTTP_IF_MATCH=planned["ETag"])

    assert done.status_code == 200, done.json()
    assert Activity.objects.get().done_at is not None


def test_lists_cost_the_same_number_of_queries_for_one_row_and_for_many(cast: Cast, as_person: Calling) -> None:
    asking = as_person(cast.planner)
    pages = (DEALS, "/api/v1/customers/", "/api/v1/people/", "/api/v1/pipelines/")
    make_deal(owner=cast.rao)

    def cost() -> list[int]:
        counted = []
        for page in pages:
            with CaptureQueriesContext(connection) as queries:
                assert asking.get(page).status_code == 200
            counted.append(len(queries))
        return counted

    cost()
    few = cost()
    for _ in range(30):
        make_deal(owner=cast.rao)
    assert cost() == few
