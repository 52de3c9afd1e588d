"""What is known of markets, and who shares the credit for a deal, through the API."""

from decimal import Decimal
from typing import Any

import pytest

from core.models import AuditEntry
from customers.models import DealCredit, MarketSize
from tests.api.conftest import Calling
from tests.factories.customers import make_deal, make_product, make_region
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R7.3")]
SIZES = "/api/v1/market-sizes/"


@pytest.fixture
def size() -> dict[str, Any]:
    return {
        "product": make_product("Flagship").pk,
        "region": make_region("Coast").pk,
        "first_date": "2026-01-01",
        "last_date": "2026-12-31",
        "size": "1000000.00",
        "currency": "CNY",
        "source": "Association",
        "estimated_date": "2026-02-01",
    }


@pytest.mark.requirement("R1.4")
def test_an_estimate_is_added_once_and_never_changed(cast: Cast, as_person: Calling, size: dict[str, Any]) -> None:
    asking = as_person(cast.lin)
    first, second = (asking.post(SIZES, size, format="json", HTTP_IDEMPOTENCY_KEY="s-1") for _time in range(2))
    assert (first.status_code, second.json()) == (201, first.json())
    assert MarketSize.objects.count() == 1
    address = f"{SIZES}{first.json()['id']}/"
    assert asking.get(address).json()["source"] == "Association"
    assert asking.patch(address, {"size": "5.00"}, format="json").status_code == 405
    assert asking.delete(address).status_code == 405
    assert as_person(cast.rao).post(SIZES, size, format="json").status_code == 403
    assert as_person(cast.rao).get(address).status_code == 404


@pytest.mark.requirement("R1.4")
@pytest.mark.parametrize(
    "wrong",
    [
        {"size": ""},
        {"size": "0.00"},
        {"size": 5},
        {"source": ""},
        {"last_date": "2025-01-01"},
        {"currency": "XYZ1"},
        {"sorce": "x"},
        {"product": 10**9},
    ],
)
def test_an_estimate_that_says_nothing_is_refused(
    cast: Cast, as_person: Calling, size: dict[str, Any], wrong: dict[str, Any]
) -> None:
    answer = as_person(cast.planner).post(SIZES, {**size, **wrong}, format="json")
    assert answer.status_code == 400, answer.json()
    assert not MarketSize.objects.exists()


@pytest.mark.requirement("R1.5")
def test_credit_is_shared_changed_and_given_back_and_every_agreement_stays(cast: Cast, as_person: Calling) -> None:
    deal = make_deal(owner=cast.rao, amount=Decimal(1000))
    asking, address = as_person(cast.mori), f"/api/v1/deals/{deal.pk}/credits/"

    def agree(*parts: tuple[int, str], **more: Any) -> Any:
        etag = asking.get(f"/api/v1/deals/{deal.pk}/")["ETag"]
        told = [{"person": person, "share": share} for person, share in parts]
        body = {"parts": told, "reason": "Sold together", **more}
        return asking.post(address, body, format="json", HTTP_IF_MATCH=etag)

    assert asking.post(address, {"parts": []}, format="json").status_code == 428
    assert agree((cast.rao.pk, "0.6"), (cast.peer.pk, "0.4")).status_code == 200
    assert agree((cast.rao.pk, "0.6"), (cast.peer.pk, "0.3")).status_code == 400  # adds up to 0.9
    assert agree((cast.rao.pk, ""), (cast.peer.pk, "0.4")).status_code == 400  # blank is no zero
    assert agree((cast.rao.pk, "1"), resaon="x").status_code == 400
    assert agree((cast.rao.pk, "0.5"), (cast.peer.pk, "0.5")).status_code == 200
    assert agree().status_code == 200  # all of it goes to the owner again

    agreements = asking.get(address).json()
    assert {row["seq"] for row in agreements} >= {1, 2}
    assert DealCredit.objects.filter(seq=1).count() == 2
    assert AuditEntry.objects.filter(subject_id=str(deal.pk), event__contains="credit").count() == 3
    etag = asking.get(f"/api/v1/deals/{deal.pk}/")["ETag"]
    own = as_person(cast.rao).post(address, {"parts": []}, format="json", HTTP_IF_MATCH=etag)
    assert own.status_code == 403
    assert as_person(cast.sato).get(address).status_code == 404
