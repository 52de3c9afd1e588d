"""Market shares: size, own sales below the product line and region, what a target means, what is forecast."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from core.errors import NotAllowed, VersionConflict
from customers import services as customers
from customers.models import MarketSize, ProductLine, Region
from planning import services
from planning.models import NodeForecast, PlanVersion, ShareTarget, TargetCarrier, TargetStrategy
from planning.queries.market import ShareLine, TrendPoint, share_lines
from planning.queries.smart import Check, Verdict, smart_targets
from tests.factories.customers import make_deal, make_pipeline, make_product, make_region
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.4")]

AS_OF = date(2026, 7, 1)
NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
WON = ("Lead", "Contacted", "Visited", "Quoted", "Won")


def estimate(cast: Cast, product: ProductLine, region: Region, size: int, **more: object) -> MarketSize:
    facts: dict[str, Any] = {
        "first_date": date(2026, 1, 1),
        "last_date": date(2026, 12, 31),
        "currency": "CNY",
        "source": "Association",
        "estimated_date": date(2026, 2, 1),
    }
    return customers.record_market_size(
        actor=cast.planner, now=NOW, product=product, region=region, size=Decimal(size), **{**facts, **more}
    )


def sell(cast: Cast, product: ProductLine, region: Region, amount: int | None, *, won: date) -> None:
    make_deal(
        owner=cast.rao,
        path=WON,
        created=won - timedelta(days=40),
        days_in_stage=10,
        amount=None if amount is None else Decimal(amount),
        product=product,
        region=region,
    )


def line(version: PlanVersion, cast: Cast, *, quarter: int = 0) -> ShareLine:
    return next(row for row in share_lines(version=version, user=cast.planner, as_of=AS_OF) if row.quarter == quarter)


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    make_pipeline()
    return make_version(make_plan(), by=cast.planner)


def test_own_sales_of_the_parts_count_and_a_target_share_means_money(version: PlanVersion, cast: Cast) -> None:
    flagship, coast = make_product("Flagship"), make_region("Coast")
    part = ProductLine.objects.create(name="Flagship mini", parent=flagship)
    harbour = Region.objects.create(name="Harbour", parent=coast)
    sell(cast, flagship, coast, 100_000, won=date(2026, 3, 2))
    sell(cast, part, harbour, 50_000, won=date(2026, 4, 2))
    sell(cast, make_product("Other"), coast, 70_000, won=date(2026, 4, 2))
    sell(cast, flagship, coast, None, won=date(2026, 5, 2))
    estimate(cast, flagship, coast, 1_000_000)
    services.set_share_target(
        version=version,
        product=flagship,
        region=coast,
        quarter=0,
        share=0.30,
        lock_version=0,
        actor=cast.planner,
        now=NOW,
    )

    found = line(version, cast)

    assert (found.sales, found.unknown) == (Decimal(150_000), 1)
    assert found.share == pytest.approx(0.15)
    assert (found.means, found.to_sell) == (Decimal("300000.00"), Decimal("150000.00"))
    assert (found.forecast, found.gap) == (None, None)  # no night yet: missing is not zero


def test_the_newest_estimate_counts_and_the_earlier_stay(version: PlanVersion, cast: Cast) -> None:
    product, region = make_product("Flagship"), make_region("Coast")
    estimate(cast, product, region, 1_000_000)
    newer = estimate(cast, product, region, 2_000_000, estimated_date=date(2026, 5, 1))
    estimate(cast, product, region, 3_000_000, estimated_date=date(2026, 1, 1))

    assert line(version, cast).size == Decimal("2000000.00")
    assert line(version, cast).estimates == (newer,)
    assert MarketSize.objects.count() == 3


def test_quarters_that_fill_the_year_are_added_up_and_a_gap_is_no_size(version: PlanVersion, cast: Cast) -> None:
    product, region = make_product("Flagship"), make_region("Coast")
    ends = [date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31)]
    for number, last in enumerate(ends[:3]):
        first = date(2026, 3 * number + 1, 1)
        estimate(cast, product, region, 100_000, first_date=first, last_date=last)
    assert line(version, cast).size is None

    estimate(cast, product, region, 100_000, first_date=date(2026, 10, 1), last_date=ends[3])

    assert line(version, cast).size == Decimal("400000.00")


def test_a_size_in_another_currency_is_not_compared(version: PlanVersion, cast: Cast) -> None:
    estimate(cast, make_product("Flagship"), make_region("Coast"), 1_000_000, currency="USD")

    found = line(version, cast)

    assert found.other_currency
    assert (found.size, found.share) == (None, None)


def point(found: ShareLine, label: str) -> TrendPoint:
    return next(point for point in (*found.years, *found.quarters) if point.label == label)


def test_what_was_sold_before_the_recorded_history_is_not_known_and_not_zero(version: PlanVersion, cast: Cast) -> None:
    product, region = make_product("Flagship"), make_region("Coast")
    for year in (2023, 2024, 2025):
        estimate(cast, product, region, 730_000, first_date=date(year, 1, 1), last_date=date(year, 12, 31))
    estimate(cast, product, region, 730_000)
    sell(cast, product, region, 50_000, won=date(2024, 11, 15))  # known from the day this deal began
    sell(cast, product, region, 73_000, won=date(2025, 6, 1))
    known_from = date(2024, 11, 15) - timedelta(days=40)

    found = line(version, cast)

    assert [point(found, "FY2023").sales, point(found, "FY2023").share] == [None, None]
    partial = point(found, "FY2024")
    assert (partial.sales, partial.since, partial.until) == (Decimal(50_000), date(2024, 10, 1), None)
    assert known_from == date(2024, 10, 6)  # in the first days of a month, which then counts whole
    assert partial.share == pytest.approx(50_000 / (730_000 * 92 / 366))
    whole = point(found, "FY2025")
    assert [whole.sales, whole.since] == [Decimal(73_000), None]
    assert whole.share == pytest.approx(0.1)
    html = signed_in(cast.planner).get(reverse("planning:market-shares"), {"version": version.pk}).content.decode()
    assert "not known" in html
    assert "from 1 Oct 2024" in html


def test_a_company_without_any_history_knows_no_sales_and_a_year_to_come_has_none_yet(cast: Cast) -> None:
    make_pipeline()
    plan = make_plan(2026)
    version = make_version(plan, by=cast.planner)
    estimate(cast, make_product("Flagship"), make_region("Coast"), 1_000_000)
    assert (line(version, cast).sales, line(version, cast).share, line(version, cast).last_year) == (None, None, None)

    to_come = make_version(make_plan(2027), by=cast.planner)
    found = line(to_come, cast)
    assert found.sales == Decimal(0)
    assert point(found, "FY2026").sales is None


def test_the_running_year_says_until_when_it_is_known(version: PlanVersion, cast: Cast) -> None:
    product, region = make_product("Flagship"), make_region("Coast")
    estimate(cast, product, region, 365_000)
    sell(cast, product, region, 18_200, won=date(2026, 3, 2))
    to_come = make_version(make_plan(2027), by=cast.planner)

    running = point(line(to_come, cast), "FY2026")

    assert (running.sales, running.until) == (Decimal(18_200), AS_OF)
    assert running.share == pytest.approx(18_200 / (1_000 * (AS_OF - date(2026, 1, 20)).days))


def test_every_estimate_that_makes_up_a_size_is_named_with_source_and_day(version: PlanVersion, cast: Cast) -> None:
    product, region = make_product("Flagship"), make_region("Coast")
    for number, source in enumerate(("Bureau A", "Bureau B")):
        days = {"first_date": date(2026, 6 * number + 1, 1), "last_date": date(2026, 6 + 6 * number, 30 + number)}
        estimate(cast, product, region, 100_000, source=source, **days)

    html = signed_in(cast.planner).get(reverse("planning:market-shares"), {"version": version.pk}).content.decode()

    assert line(version, cast).size == Decimal("200000.00")
    assert "Bureau A" in html
    assert "Bureau B" in html


@pytest.mark.requirement("R1.8")
def test_the_parts_of_a_real_nights_forecast_add_up_to_the_companys(cast: Cast) -> None:
    version = make_version(make_plan(), status=PlanVersion.Status.ACTIVE, by=cast.planner)
    products, regions = (
        [make_product("Flagship"), make_product("Spares")],
        [make_region("Coast"), make_region("Inland")],
    )
    markets = [(product, region) for product in products for region in regions]
    for number in range(48):
        product, region = markets[number % 3]  # nothing is sold of spares inland
        path = WON if number % 4 else WON[: 2 + number % 3]
        created = date(2025, 3, 1) + timedelta(days=9 * number)
        amount = Decimal(10_000 + 1_000 * number)
        make_deal(
            owner=cast.rao, path=path, created=created, days_in_stage=9, amount=amount, product=product, region=region
        )
    for product, region in markets:
        estimate(cast, product, region, 2_000_000)
        for quarter in (0, 3):
            ShareTarget.objects.create(
                version=version,
                product=product,
                region=region,
                quarter=quarter,
                share=0.3,
                set_by=cast.planner,
                set_at=NOW,
            )
    services.run_forecast(plan=version.plan, as_of=AS_OF, clock=lambda: NOW)
    company = NodeForecast.objects.get(unit=cast.company, period="FY")

    lines = share_lines(version=version, user=cast.planner, as_of=AS_OF)
    years = {(found.product, found.region): found for found in lines if found.quarter == 0}

    assert company.open > 0
    assert company.new > 0
    forecasts = [found.forecast for found in years.values() if found.forecast is not None]
    assert len(forecasts) == 4
    assert sum(forecasts) == pytest.approx(company.expected, abs=Decimal("0.05"))
    nothing = years[products[1], regions[1]]
    assert (nothing.sales, nothing.forecast, nothing.forecast_share) == (Decimal(0), Decimal(0), 0.0)
    best = years[products[0], regions[0]]
    assert best.forecast is not None
    assert best.sales is not None
    assert best.forecast > best.sales
    assert best.forecast_share == pytest.approx(float(best.forecast) / 2_000_000)
    assert best.gap == best.forecast - Decimal(600_000)
    third = next(found for found in lines if found.quarter == 3 and found.product == products[0])
    assert third.forecast is not None
    assert 0 < third.forecast < best.forecast - best.sales
    html = signed_in(cast.planner).get(reverse("planning:market-shares"), {"version": version.pk}).content.decode()
    assert "There is no forecast yet." not in html


def test_share_targets_are_set_in_drafts_by_those_who_plan(version: PlanVersion, cast: Cast) -> None:
    wish: dict[str, Any] = {
        "version": version,
        "product": make_product(),
        "region": make_region(),
        "quarter": 2,
        "now": NOW,
    }
    services.set_share_target(**wish, share=0.3, lock_version=0, actor=cast.planner)

    with pytest.raises(VersionConflict):
        services.set_share_target(**wish, share=0.4, lock_version=0, actor=cast.planner)
    with pytest.raises(services.ShareIsInvalid):
        services.set_share_target(**wish, share=1.2, lock_version=1, actor=cast.planner)
    with pytest.raises(NotAllowed):
        services.set_share_target(**wish, share=0.4, lock_version=1, actor=cast.mori)
    services.set_share_target(**wish, share=None, lock_version=1, actor=cast.planner)
    assert not ShareTarget.objects.exists()
    active = make_version(version.plan, number=2, by=cast.planner, status=PlanVersion.Status.ACTIVE)
    with pytest.raises(services.PlanIsActive):
        services.set_share_target(**{**wish, "version": active}, share=0.4, lock_version=0, actor=cast.planner)


@pytest.mark.requirement("R0.2")
def test_a_target_names_strategies_and_people_and_a_revision_takes_them_over(version: PlanVersion, cast: Cast) -> None:
    active = make_version(version.plan, number=2, by=cast.planner, status=PlanVersion.Status.ACTIVE)
    version.delete()
    target = make_target(active, person=cast.rao)
    ShareTarget.objects.create(
        version=active, product=make_product(), region=make_region(), share=0.3, set_by=cast.planner, set_at=NOW
    )
    strategy = customers.add_strategy(actor=cast.planner, name="Win the coast", owner=cast.lin)
    services.link_target(
        target=target, actor=cast.mori, strategies=[strategy], carriers=[(cast.rao, "Seller"), (cast.peer, "Engineer")]
    )
    smart = smart_targets(version=active, user=cast.planner, as_of=AS_OF)
    relevant = next(finding for finding in smart[0].findings if finding.check is Check.RELEVANT)
    assert relevant.verdict is Verdict.PASSED
    assert "Win the coast" in relevant.evidence

    draft = services.revise_plan(plan=active.plan, actor=cast.planner, as_of=date(2026, 1, 1))

    assert TargetStrategy.objects.get(target__version=draft).strategy == strategy
    assert set(TargetCarrier.objects.filter(target__version=draft).values_list("role", flat=True)) == {
        "Seller",
        "Engineer",
    }
    assert draft.share_targets.get().share == pytest.approx(0.3)


@pytest.mark.requirement("R0.2")
def test_nobody_links_their_own_target_and_a_person_stands_once(version: PlanVersion, cast: Cast) -> None:
    target = make_target(version, person=cast.rao)

    with pytest.raises(NotAllowed):
        services.link_target(target=target, actor=cast.rao, strategies=[], carriers=[])
    with pytest.raises(services.LinkIsInvalid):
        services.link_target(
            target=target, actor=cast.mori, strategies=[], carriers=[(cast.rao, "Seller"), (cast.rao, "Lead")]
        )


def test_the_pages_take_an_estimate_a_share_and_links(version: PlanVersion, cast: Cast) -> None:
    product, region = make_product("Flagship"), make_region("Coast")
    client = signed_in(cast.planner)
    wish = {
        "product": product.pk,
        "region": region.pk,
        "first_date": "2026-01-01",
        "last_date": "2026-12-31",
        "size": "1000000",
        "currency": "cny",
        "source": "Association",
        "estimated_date": "2026-02-01",
    }
    assert client.post(reverse("customers:market-size-new"), {**wish, "last_date": "2025-01-01"}).status_code == 422
    assert client.post(reverse("customers:market-size-new"), wish).status_code == 302
    url = reverse("planning:share-target-set", args=[version.pk])
    share = {"product": product.pk, "region": region.pk, "quarter": 0, "share": "30", "lock_version": 0}
    assert client.post(url, share).status_code == 302
    assert client.post(url, {**share, "share": "40"}).status_code == 422  # somebody was faster

    shown = client.get(reverse("planning:market-shares"), {"version": version.pk})

    assert b"30.0%" in shown.content
    assert b"Association" in shown.content
    target = make_target(version, person=cast.rao)
    strategy = customers.add_strategy(actor=cast.planner, name="Win the coast", owner=cast.lin)
    links = reverse("planning:target-links", args=[target.pk])
    linked = client.post(links, {"strategies": [strategy.pk], "person-0": cast.rao.pk, "role-0": "Seller"})
    assert linked.status_code == 302
    assert b"Seller" in client.get(links).content


def test_the_api_records_sizes_strategies_and_shares(version: PlanVersion, cast: Cast) -> None:
    client = signed_in(cast.planner)
    product, region = make_product("Flagship"), make_region("Coast")
    size = {
        "product": product.pk,
        "region": region.pk,
        "first_date": "2026-01-01",
        "last_date": "2026-12-31",
        "size": "1000000.00",
        "currency": "CNY",
        "source": "Association",
        "estimated_date": "2026-02-01",
    }
    made = client.post(reverse("api:market-size-list"), size, content_type="application/json")
    assert (made.status_code, made.json()["last_date"]) == (201, "2026-12-31")
    share = {
        "version": version.pk,
        "product": product.pk,
        "region": region.pk,
        "quarter": 0,
        "share": 0.3,
        "lock_version": 0,
    }
    assert client.post(reverse("api:share-target-list"), share, content_type="application/json").json()["share"] == 0.3
    added = client.post(
        reverse("api:strategy-list"),
        {"name": "Win the coast", "owner": cast.lin.pk},
        content_type="application/json",
    ).json()
    url = reverse("api:strategy-detail", args=[added["id"]])
    etag = client.get(url).headers["ETag"]
    done = client.patch(url, {"status": "done"}, content_type="application/json", headers={"If-Match": etag})
    assert (done.status_code, done.json()["status"]) == (200, "done")
    assert signed_in(cast.rao).get(reverse("api:market-size-list")).json()["results"] == []
