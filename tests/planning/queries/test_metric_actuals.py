"""Actuals of every metric, at every node of unit, product line, region and customer tier."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from customers.models import Deal, ProductLine, StageEvent, Tier
from planning.models import Metric, Scope, Target
from planning.queries.actuals import REVENUE_OF_WINS, Achieved, metric_actuals
from planning.queries.scopes import achieved_of, trees
from teams.models import Membership, User
from tests.factories.customers import make_customer, make_deal, make_pipeline, make_product, make_region, stage_of
from tests.factories.planning import make_metric, make_target, make_version
from tests.factories.teams import Cast, make_person, make_unit

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.1")]
D = Decimal


def won(owner: User, day: date = date(2026, 4, 10), amount: str = "1000.00", **fields: Any) -> Deal:
    return make_deal(owner=owner, path=("Lead", "Won"), created=day, days_in_stage=0, amount=D(amount), **fields)


def total(metric: Metric, *, first: date = date(2026, 1, 1), after: date = date(2027, 1, 1)) -> Achieved:
    cells = metric_actuals(metric=metric, first=first, after=after, time_zone="Asia/Shanghai")
    return sum((cell.achieved for cell in cells), Achieved())


def of(target: Target) -> Achieved:
    metric = target.metric or REVENUE_OF_WINS
    cells = metric_actuals(metric=metric, first=date(2026, 1, 1), after=date(2027, 1, 1), time_zone="Asia/Shanghai")
    return achieved_of(target, cells, trees())


@pytest.mark.requirement("R1.5")
def test_a_deal_closed_under_a_grandchild_counts_on_all_four_levels(cast: Cast) -> None:
    team = make_unit("Key accounts", parent=cast.east)  # company → region → team → rep
    rep = make_person(unit=team)
    version = make_version()
    scope = Scope(metric=make_metric())
    above = [make_target(version, unit=unit, scope=scope) for unit in (cast.company, cast.east, team)]
    own = make_target(version, person=rep, scope=scope)
    beside = make_target(version, unit=cast.west, scope=scope)
    won(rep)
    assert [of(target).value for target in (*above, own, beside)] == [D(1), D(1), D(1), D(1), D(0)]


@pytest.mark.requirement("R1.5")
def test_a_move_in_may_leaves_april_where_it_was(cast: Cast) -> None:
    version = make_version()
    east, west = (make_target(version, unit=unit) for unit in (cast.east, cast.west))
    own = make_target(version, person=cast.rao)
    won(cast.rao, date(2026, 4, 10), "400.00")
    Membership.objects.filter(user=cast.rao).update(valid_to=date(2026, 5, 1))
    Membership.objects.create(user=cast.rao, unit=cast.west, valid_from=date(2026, 5, 1))
    won(cast.rao, date(2026, 5, 10), "500.00")
    assert (of(east).value, of(west).value, of(own).value) == (D(400), D(500), D(900))


@pytest.mark.requirement("R1.5")
def test_what_people_in_no_unit_win_counts_for_the_company_alone(cast: Cast) -> None:
    version = make_version()
    company, east = (make_target(version, unit=unit) for unit in (cast.company, cast.east))
    won(make_person())
    assert (of(company).value, of(east).value) == (D(1000), D(0))


def test_a_product_line_holds_all_that_is_below_it(cast: Cast) -> None:
    pumps = make_product("Pumps")
    small = ProductLine.objects.create(name="Small pumps", parent=pumps)
    smallest = ProductLine.objects.create(name="Smallest pumps", parent=small)
    version = make_version()
    targets = [make_target(version, unit=cast.company, scope=Scope(product=line)) for line in (pumps, small, smallest)]
    won(cast.rao, amount="100.00", product=smallest)
    won(cast.rao, amount="20.00", product=pumps)
    won(cast.rao, amount="3.00", product=make_product())
    won(cast.rao, amount="0.50")
    assert [of(target).value for target in targets] == [D(120), D(100), D(100)]
    assert of(make_target(version, unit=cast.company)).value == D("123.50")


def test_dimensions_are_combined(cast: Cast) -> None:
    product, region = make_product(), make_region()
    key = make_customer(tier=Tier.KEY)
    target = make_target(make_version(), unit=cast.east, scope=Scope(None, product, region, Tier.KEY))
    won(cast.rao, amount="100.00", product=product, region=region, customer=key)
    won(cast.rao, amount="20.00", product=product, region=region)  # a customer that is not tiered
    won(cast.rao, amount="3.00", product=product, customer=key)
    assert of(target) == Achieved(D("100.00"), 1, 0)


def test_a_missing_cost_and_missing_units_are_named_and_not_zero(cast: Cast) -> None:
    won(cast.rao, amount="100.00", cost=D("60.00"), units=D("4"))
    won(cast.rao, amount="50.00", cost=D("0.00"), units=D("0"))
    won(cast.rao, amount="7.00")
    assert total(make_metric("margin")) == Achieved(D("90.00"), 3, 1)
    assert total(make_metric("units")) == Achieved(D("4"), 3, 1)
    assert total(make_metric("wins")) == Achieved(D("3"), 3, 0)


def test_a_customer_is_new_once_with_its_first_win(cast: Cast) -> None:
    old, new = make_customer(), make_customer()
    won(cast.rao, date(2025, 6, 1), customer=old)
    for day in (date(2026, 2, 1), date(2026, 3, 1)):
        won(cast.rao, day, customer=old)
        won(cast.rao, day, customer=new)
    nameless = won(cast.rao)
    Deal.objects.filter(pk=nameless.pk).update(customer=None)
    assert total(make_metric("customers", code="new-customers")) == Achieved(D(1), 2, 1)


def test_a_deal_enters_a_stage_once(cast: Cast) -> None:
    stage = stage_of(make_pipeline(), "Visited")
    make_deal(owner=cast.rao, path=("Lead", "Visited", "Quoted"))
    make_deal(owner=cast.rao, path=("Lead", "Visited", "Lead", "Visited"))
    make_deal(owner=cast.rao, path=("Lead", "Visited", "Lead"))  # went back and stays there
    make_deal(owner=cast.rao, path=("Lead", "Quoted"))
    assert total(make_metric("entries", code="visits", stage=stage)).value == 2
    assert total(make_metric("entries", code="ever", stage=stage, takes_off_reopened=False)).value == 3


def test_a_rate_tells_how_many_began_and_how_many_got_there(cast: Cast) -> None:
    pipeline = make_pipeline()
    rate = make_metric("rate", code="r", from_stage=stage_of(pipeline, "Visited"), stage=stage_of(pipeline, "Quoted"))
    make_deal(owner=cast.rao, path=("Lead", "Visited", "Quoted"))
    make_deal(owner=cast.rao, path=("Lead", "Visited", "Lost"))
    make_deal(owner=cast.rao, path=("Lead", "Quoted"))
    found = total(rate)
    assert found == Achieved(D(1), 2)
    assert found.rate == 0.5
    assert total(rate, after=date(2026, 1, 15)).rate == 0.0  # the quote came later than that


def test_a_reopened_win_is_taken_off_unless_the_definition_keeps_it(cast: Cast) -> None:
    make_deal(owner=cast.rao, path=("Lead", "Won", "Quoted"), amount=D("70.00"))
    won(cast.rao, amount="5.00")
    assert total(REVENUE_OF_WINS).value == 5
    assert total(make_metric("revenue", code="gross", takes_off_reopened=False)).value == 75


def test_what_counts_by_the_day_of_creation_stands_in_that_month(cast: Cast) -> None:
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2025, 12, 28), amount=D("70.00"))
    by_creation = make_metric("revenue", code="booked", day=Metric.Day.CREATED)
    assert (total(REVENUE_OF_WINS).value, total(by_creation).value) == (D(70), D(0))
    assert total(by_creation, first=date(2025, 12, 1)).value == 70


def test_credit_stays_with_whoever_owned_the_deal_when_it_happened(cast: Cast) -> None:
    deal = won(cast.rao)
    handed_over = datetime(2026, 6, 1, tzinfo=UTC)
    deal.ownerships.update(valid_to=handed_over)
    deal.ownerships.create(owner=cast.sato, valid_from=handed_over)
    Deal.objects.filter(pk=deal.pk).update(owner=cast.sato)
    version = make_version()
    assert of(make_target(version, person=cast.rao)).value == 1000
    assert of(make_target(version, person=cast.sato)).value == 0
    assert StageEvent.objects.filter(deal=deal).count() == 2
