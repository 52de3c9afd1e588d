from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from planning import services
from planning.models import PlanVersion, Target
from tests.api.conftest import Calling
from tests.factories.customers import make_deal, make_product
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R7.3", "R1.2", "R1.8")]

TARGETS = "/api/v1/targets/"
MONTHS = ["100.00"] * 12


def test_a_target_is_set_split_and_read_with_its_generated_sums(cast: Cast, as_person: Calling) -> None:
    version, asking = make_version(), as_person(cast.planner)
    row = {"version": version.pk, "unit": cast.east.pk}

    made = asking.post(TARGETS, {**row, "lock_version": 0, "months": MONTHS})
    assert made.status_code == 200, made.json()
    spread = asking.post(
        f"{TARGETS}split/", {**row, "lock_version": made.json()["lock_version"], "total": "1000.00", "split": "even"}
    )

    assert made.json()["q1"] == "300.00"
    assert spread.json()["total"] == "1000.00"
    assert made.json()["total"] == "1200.00"
    assert sum(Decimal(spread.json()[f"q{quarter}"]) for quarter in (1, 2, 3, 4)) == Decimal(1000)


def test_a_stale_target_gets_412_with_both_values(cast: Cast, as_person: Calling) -> None:
    target = make_target(make_version(), unit=cast.east)
    body = {"version": target.version.pk, "unit": cast.east.pk, "lock_version": 99, "months": MONTHS}

    answer = as_person(cast.planner).post(TARGETS, body)

    assert answer.status_code == 412
    assert {"mine", "theirs"} <= answer.json().keys()


@pytest.mark.parametrize("months", [["100.00"] * 11, ["100.00"] * 11 + [""], ["100.00"] * 11 + [None], [100] * 12])
def test_a_blank_month_is_not_zero(cast: Cast, as_person: Calling, months: list[object]) -> None:
    body = {"version": make_version().pk, "unit": cast.east.pk, "lock_version": 0, "months": months}

    assert as_person(cast.planner).post(TARGETS, body).status_code == 400
    assert not Target.objects.exists()


def test_nobody_sets_their_own_target_nor_one_out_of_reach(cast: Cast, as_person: Calling) -> None:
    body = {"version": make_version().pk, "lock_version": 0, "months": MONTHS}

    assert as_person(cast.rao).post(TARGETS, {**body, "person": cast.rao.pk}).status_code in {400, 403}
    assert as_person(cast.lin).post(TARGETS, {**body, "unit": cast.west.pk}).status_code == 400
    assert as_person(cast.lin).post(TARGETS, {**body, "unit": cast.east_one.pk}).status_code == 200
    assert Target.objects.count() == 1


def test_an_active_version_is_not_changed(cast: Cast, as_person: Calling) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)

    answer = as_person(cast.planner).post(
        TARGETS, {"version": version.pk, "unit": cast.east.pk, "lock_version": 0, "months": MONTHS}
    )

    assert answer.status_code in {403, 409}
    assert not Target.objects.exists()


def test_forecasts_chances_and_conversions_show_what_the_caller_may_see(cast: Cast, as_person: Calling) -> None:
    today = timezone.localdate()
    plan = make_plan(today.year)
    for owner in (cast.rao, cast.west_rep):
        make_deal(owner=owner, path=("Lead", "Contacted"), created=today - timedelta(days=20))
    services.run_forecast(plan=plan, as_of=today, clock=lambda: datetime.now(UTC))

    def rows(calling: APIClient, address: str) -> list[dict[str, object]]:
        answer = calling.get(f"/api/v1/{address}")
        assert answer.status_code == 200, answer.json()
        return list(answer.json()["results"])

    lin, rao = as_person(cast.lin), as_person(cast.rao)
    assert {row["unit"] for row in rows(lin, "forecasts/?period=FY") if row["unit"]} == {
        cast.east.pk,
        cast.east_one.pk,
        cast.east_two.pk,
    }
    assert {row["person"] for row in rows(rao, f"forecasts/?period=FY&plan={plan.pk}")} == {cast.rao.pk}
    assert len(rows(rao, "deal-chances/")) == 1
    # Of two people, the company's rates would tell the one about the other.
    assert {row["by"] for row in rows(rao, "conversions/")} == {"person"}
    assert "company" in {row["by"] for row in rows(as_person(cast.admin), "conversions/")}
    assert rows(rao, "nights/")[0]["is_thin"] is True


@pytest.mark.requirement("R1.1")
def test_targets_of_other_metrics_and_parts_are_set_and_found_when_asked_for(cast: Cast, as_person: Calling) -> None:
    version, product = make_version(), make_product()
    plain = make_target(version, unit=cast.east)
    asking = as_person(cast.planner)
    body = {"version": version.pk, "unit": cast.east.pk, "lock_version": 0, "months": ["2.00"] * 12}
    asked = {**body, "metric": "wins", "product": product.pk, "tier": "key"}
    made = asking.post(TARGETS, asked)
    assert made.status_code == 200, made.json()
    told = made.json()
    assert [told[name] for name in ("metric", "product", "region", "tier", "total")] == [
        "wins",
        product.pk,
        None,
        "key",
        "24.00",
    ]
    assert asking.post(TARGETS, asked).status_code == 412
    assert asking.post(TARGETS, {**asked, "metric": "no-such-thing"}).status_code == 400

    def found(narrowed: str) -> list[int]:
        return [row["id"] for row in asking.get(f"{TARGETS}?{narrowed}").json()["results"]]

    assert found("") == found("rows=plain") == found("metric=revenue") == [plain.pk]
    assert found("metric=wins") == found("rows=other") == found(f"product={product.pk}") == [told["id"]]
    assert found("rows=all") == [plain.pk, told["id"]]


@pytest.mark.requirement("R1.1")
def test_every_metric_says_what_counts_as_achieved(cast: Cast, as_person: Calling) -> None:
    rows = as_person(cast.rao).get("/api/v1/metrics/").json()
    assert [row["code"] for row in rows] == ["revenue", "margin", "units", "wins", "new-customers"]
    assert rows[3]["definition"].startswith("The number of won deals. Counted on the day the deal was won.")
