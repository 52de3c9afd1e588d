from datetime import date
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers import services as customers
from customers.models import ProductLine, Region
from planning import services
from planning.models import PlanVersion
from planning.queries.parts import extent_of
from planning.queries.smart import Check, Verdict
from planning.queries.smart_shares import SmartShare, smart_shares
from planning.queries.submissions import failures
from tests.factories.customers import make_product, make_region
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.1", "R1.4")]
DAY = date(2026, 3, 2)


@pytest.fixture
def market() -> tuple[ProductLine, Region]:
    return make_product("Flagship"), make_region("Coast")


@pytest.fixture
def draft(cast: Cast, market: tuple[ProductLine, Region]) -> PlanVersion:
    draft = make_version(by=cast.planner)
    product, region = market
    for quarter in (0, 2):
        services.set_share_target(
            version=draft,
            product=product,
            region=region,
            quarter=quarter,
            share=0.3,
            lock_version=0,
            actor=cast.planner,
            now=timezone.now(),
        )
    return draft


def verdicts(row: SmartShare) -> dict[Check, Verdict]:
    return {finding.check: finding.verdict for finding in row.findings}


def told(row: SmartShare, check: Check) -> str:
    return next(finding.evidence for finding in row.findings if finding.check is check)


def test_a_target_share_is_judged_by_the_same_five_checks(
    client: Client, cast: Cast, draft: PlanVersion, market: tuple[ProductLine, Region]
) -> None:
    year, quarter = smart_shares(version=draft, user=cast.planner, as_of=DAY)
    assert (year.name, quarter.name) == ("Flagship · Coast", "Flagship · Coast · Q2")
    assert verdicts(year) == {
        Check.SPECIFIC: Verdict.PASSED,
        Check.MEASURABLE: Verdict.FAILED,
        Check.ACHIEVABLE: Verdict.UNKNOWN,
        Check.RELEVANT: Verdict.FAILED,
        Check.TIME_BOUND: Verdict.PASSED,
    }
    assert "cannot be measured" in told(year, Check.MEASURABLE)
    make_target(draft, unit=cast.company)
    customers.record_market_size(
        actor=cast.planner,
        now=timezone.now(),
        product=market[0],
        region=market[1],
        first_date=date(2026, 1, 1),
        last_date=date(2026, 12, 31),
        size=Decimal(1_000_000),
        currency="CNY",
        source="Trade association",
        estimated_date=date(2026, 2, 1),
    )
    year, quarter = smart_shares(version=draft, user=cast.planner, as_of=DAY)
    assert verdicts(year)[Check.MEASURABLE] is Verdict.UNKNOWN  # nothing is known of the last twelve months
    assert "Trade association" in told(year, Check.MEASURABLE)
    assert verdicts(year)[Check.RELEVANT] is Verdict.PASSED
    assert told(year, Check.ACHIEVABLE) == "No forecast yet."
    assert told(quarter, Check.ACHIEVABLE) == "The chance is known of a year's share alone."
    assert told(quarter, Check.TIME_BOUND) == "Due by 30 Jun 2026."
    client.force_login(cast.planner)
    assert (
        "Market share · Flagship · Coast"
        in client.get(reverse("planning:targets-smart", args=[draft.pk])).content.decode()
    )


def test_a_share_that_cannot_be_measured_asks_for_a_reason_at_the_hand_up(cast: Cast, draft: PlanVersion) -> None:
    found = failures(version=draft, extent=extent_of(None), user=cast.planner, as_of=DAY)
    assert [(row.name, row.check) for row in found if "Flagship" in row.name] == [
        ("Flagship · Coast", "measurable"),
        ("Flagship · Coast", "relevant"),
        ("Flagship · Coast · Q2", "measurable"),
        ("Flagship · Coast · Q2", "relevant"),
    ]
    assert failures(version=draft, extent=extent_of(cast.east), user=cast.planner, as_of=DAY) == []
