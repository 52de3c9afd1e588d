from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from customers.models import Deal, Stage
from planning import services
from planning.models import DealForecast, Plan
from planning.queries import chances
from planning.queries.forecasts import shown_run
from tests.factories.customers import make_deal, make_pipeline, make_product
from tests.factories.planning import make_plan
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]

AS_OF = date(2026, 7, 1)
WON, LOST = ("Lead", "Contacted", "Visited", "Won"), ("Lead", "Contacted", "Lost")


@pytest.fixture
def deal(cast: Cast) -> Deal:
    """An open deal in a company where Rao wins nearly all and his peer nearly nothing."""
    make_pipeline()
    flagship = make_product("Flagship")
    for number in range(40):
        created = date(2025, 7, 1 + number % 28)
        make_deal(owner=cast.rao, path=WON if number % 8 else LOST, created=created, product=flagship)
        make_deal(owner=cast.peer, path=LOST if number % 8 else WON, created=created, product=flagship)
    return make_deal(
        owner=cast.rao, path=("Lead", "Contacted"), created=date(2026, 6, 20), amount=None, product=flagship
    )


@pytest.fixture
def plan(deal: Deal) -> Plan:
    plan = make_plan(2026)
    services.run_forecast(plan=plan, as_of=AS_OF, clock=lambda: datetime.now(UTC))
    return plan


def _chance(plan: Plan, deal: Deal) -> chances.DealChance:
    run = shown_run(plan)
    assert run is not None
    found = chances.deal_chance(plan=plan, run=run, deal=deal)
    assert found is not None
    return found


def test_the_factors_lead_from_the_base_rate_to_the_chance(plan: Plan, deal: Deal) -> None:
    found = _chance(plan, deal)

    owner = next(step for step in found.steps if step.key == "owner")
    assert owner.odds > 1.2
    assert owner.chance > found.base
    assert owner.value == "Rao"
    assert found.steps[-1].chance == pytest.approx(found.row.p_win, abs=0.01)
    assert found.row.p_win > found.base


def test_the_chance_grows_towards_the_end_of_the_year_and_is_never_certain(plan: Plan, deal: Deal) -> None:
    found = _chance(plan, deal)

    assert 0 < found.by_month <= found.by_quarter <= found.by_year <= found.row.p_win < 1
    assert (found.month_end, found.quarter_end, found.year_end) == (
        date(2026, 7, 31),
        date(2026, 9, 30),
        date(2026, 12, 31),
    )


def test_a_deal_that_nobody_could_win_so_far_still_has_a_chance(cast: Cast) -> None:
    make_pipeline()
    for number in range(60):
        make_deal(owner=cast.rao, path=LOST, created=date(2025, 1, 1 + number % 28))
    make_deal(owner=cast.rao, path=("Lead",), created=date(2020, 1, 1))
    plan = make_plan(2026)

    services.run_forecast(plan=plan, as_of=AS_OF, clock=lambda: datetime.now(UTC))

    assert 0 < DealForecast.objects.get().p_win < 1


def test_a_missing_amount_is_imputed_and_said(plan: Plan, deal: Deal) -> None:
    found = _chance(plan, deal)

    assert found.is_imputed
    assert found.row.amount == Decimal("1000.00")
    assert found.weighted == Decimal(repr(found.row.p_win)) * Decimal("1000.00")


def test_the_night_remembers_whose_the_deal_was_and_where_it_stood(plan: Plan, deal: Deal, cast: Cast) -> None:
    row = _chance(plan, deal).row

    assert (row.owner, row.stage, row.expected_close_date) == (cast.rao, deal.stage, None)


def test_a_deal_that_has_moved_since_the_night_says_so(plan: Plan, deal: Deal) -> None:
    assert not _chance(plan, deal).has_moved

    deal.stage = Stage.objects.get(name="Visited")

    assert _chance(plan, deal).has_moved


def test_each_column_of_the_board_weighs_all_its_deals_though_it_shows_a_few(
    plan: Plan, deal: Deal, cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(30):
        make_deal(owner=cast.rao, path=("Lead", "Contacted"), created=date(2026, 6, 20), amount=Decimal("500.00"))
    services.run_forecast(plan=plan, as_of=AS_OF, clock=lambda: datetime.now(UTC), again=True)
    run = shown_run(plan)
    assert run is not None
    deals = Deal.objects.visible_to(cast.rao)

    with django_assert_num_queries(6):
        found = chances.board_chances(run=run, pipeline=deal.pipeline, deals=deals, whole=None)

    (weight,) = found.weights
    rows = DealForecast.objects.filter(run=run)
    assert len(found.cards) == 25
    assert weight.deals == 31
    assert float(weight.amount) == pytest.approx(sum(row.p_win * float(row.amount) for row in rows))


def test_the_weighted_sum_of_a_rep_leaves_out_what_they_may_not_see(plan: Plan, deal: Deal, cast: Cast) -> None:
    run = shown_run(plan)
    assert run is not None

    found = chances.board_chances(run=run, pipeline=deal.pipeline, deals=Deal.objects.visible_to(cast.peer), whole=None)

    assert (found.cards, found.weights) == ({}, [])
