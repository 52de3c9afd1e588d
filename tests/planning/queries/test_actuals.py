from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Deal, DealCredit, DealOwnership
from planning import queries
from planning.queries import Actual, Won
from planning.queries.actuals import Overlay
from teams.models import Membership, OrgUnit, User
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast, make_person, make_unit

pytestmark = pytest.mark.django_db
APRIL, MAY, JUNE = date(2026, 4, 1), date(2026, 5, 1), date(2026, 6, 1)


def of_2026(time_zone: str = "Asia/Shanghai") -> list[Actual]:
    return queries.actuals(first=date(2026, 1, 1), after=date(2027, 1, 1), time_zone=time_zone)


def won(owner: User, day: date, amount: Decimal | None = Decimal("1000.00")) -> Deal:
    return make_deal(owner=owner, path=("Lead", "Won"), created=day, days_in_stage=0, amount=amount)


def revenue(rows: list[Actual], unit: OrgUnit) -> dict[date, Decimal]:
    months = queries.by_unit(rows, queries.unit_parents()).get(unit.pk, {})
    return {month: found.revenue for month, found in months.items()}


def test_a_win_counts_in_its_month_for_its_owner_and_the_unit_of_that_day(cast: Cast) -> None:
    won(cast.rao, date(2026, 4, 10), Decimal("1234.56"))
    assert of_2026() == [Actual(cast.rao.pk, cast.east_one.pk, APRIL, Won(Decimal("1234.56"), 1, 0))]


def test_open_and_lost_deals_are_no_revenue(cast: Cast) -> None:
    make_deal(owner=cast.rao, path=("Lead", "Lost"), created=date(2026, 4, 1))
    make_deal(owner=cast.rao, path=("Lead", "Quoted"), created=date(2026, 4, 1))
    assert of_2026() == []


def test_a_win_without_an_amount_is_a_win_of_unknown_revenue(cast: Cast) -> None:
    won(cast.rao, date(2026, 4, 10), None)
    won(cast.rao, date(2026, 4, 11), Decimal("10.00"))
    assert [row.won for row in of_2026()] == [Won(Decimal("10.00"), 2, 1)]


def test_a_deal_under_a_grandchild_counts_in_every_unit_above_it(cast: Cast) -> None:
    below = make_unit("Key accounts", parent=cast.east_one)
    rep = make_person(unit=below)
    won(rep, date(2026, 4, 10))
    rows = of_2026()
    for unit in (below, cast.east_one, cast.east, cast.company):
        assert revenue(rows, unit) == {APRIL: Decimal("1000.00")}
    assert revenue(rows, cast.east_two) == {}
    assert revenue(rows, cast.west) == {}


def test_a_move_in_may_leaves_april_with_the_old_team(cast: Cast) -> None:
    make_pipeline()
    won(cast.rao, date(2026, 4, 10), Decimal("400.00"))
    won(cast.rao, date(2026, 5, 20), Decimal("500.00"))
    before = of_2026()
    assert revenue(before, cast.east_one) == {APRIL: Decimal("400.00"), MAY: Decimal("500.00")}

    Membership.objects.filter(user=cast.rao).update(valid_to=MAY)
    Membership.objects.create(user=cast.rao, unit=cast.west_one, valid_from=MAY)

    after = of_2026()
    assert revenue(after, cast.east_one) == {APRIL: Decimal("400.00")}
    assert revenue(after, cast.west_one) == {MAY: Decimal("500.00")}
    assert revenue(after, cast.company) == revenue(before, cast.company)
    assert queries.by_person(after)[cast.rao.pk] == {
        APRIL: Won(Decimal("400.00"), 1, 0),
        MAY: Won(Decimal("500.00"), 1, 0),
    }


def test_a_deal_handed_over_after_it_was_won_stays_with_who_won_it(cast: Cast) -> None:
    deal = won(cast.rao, date(2026, 4, 10))
    handed_over = datetime(2026, 5, 1, tzinfo=UTC)
    DealOwnership.objects.filter(deal=deal).update(valid_to=handed_over)
    DealOwnership.objects.create(deal=deal, owner=cast.west_rep, valid_from=handed_over)
    Deal.objects.filter(pk=deal.pk).update(owner=cast.west_rep)
    assert [row.owner for row in of_2026()] == [cast.rao.pk]


def test_the_plans_time_zone_decides_which_day_it_was(cast: Cast) -> None:
    deal = won(cast.rao, date(2026, 3, 31))
    Deal.objects.filter(pk=deal.pk).update(stage_since=datetime(2026, 3, 31, 16, 30, tzinfo=UTC))
    in_shanghai = of_2026()
    in_new_york = of_2026("America/New_York")
    assert [row.month for row in in_shanghai] == [APRIL]
    assert [row.month for row in in_new_york] == [date(2026, 3, 1)]


def test_what_people_in_no_unit_won_counts_for_the_company_alone(cast: Cast) -> None:
    won(make_person(), date(2026, 4, 10))
    rows = of_2026()
    assert queries.in_no_unit(rows) == Won(Decimal("1000.00"), 1, 0)
    assert revenue(rows, cast.company) == {APRIL: Decimal("1000.00")}
    assert revenue(rows, cast.east) == {}


def test_a_year_that_starts_in_april_holds_its_own_days_up_to_the_day_asked_for(cast: Cast) -> None:
    plan = make_plan(2027, start_month=4)
    make_pipeline()
    for day in (date(2026, 3, 31), date(2026, 4, 1), date(2026, 6, 5), date(2026, 6, 6)):
        won(cast.rao, day)
    rows = queries.year_actuals(plan, as_of=date(2026, 6, 5))
    assert [(row.month, row.won.wins) for row in rows] == [(APRIL, 1), (JUNE, 1)]
    assert queries.year_actuals(plan, as_of=date(2026, 3, 31)) == []


def test_twenty_people_cost_one_query_like_one(cast: Cast) -> None:
    won(cast.rao, date(2026, 4, 10))
    for _ in range(20):
        won(make_person(unit=cast.east_one), date(2026, 4, 10))
    with CaptureQueriesContext(connection) as captured:
        assert len(of_2026()) == 21
    assert len(captured) == 1


# --- Credit that people share ----------------------------------------------------------------------------------------


def shared(deal: Deal, *parts: tuple[User, int], seq: int = 1, since: date = date(2026, 1, 1)) -> None:
    DealCredit.objects.bulk_create(
        DealCredit(deal=deal, seq=seq, valid_from=since, person=person, points=points) for person, points in parts
    )


@pytest.mark.requirement("R1.5")
def test_shared_credit_follows_the_shares_and_four_levels_above_count_the_deal_once(cast: Cast) -> None:
    below = make_unit("Key accounts", parent=cast.east_one)
    rep, other = make_person(unit=below), make_person(unit=below)
    shared(won(rep, date(2026, 4, 10), Decimal("100.01")), (rep, 3333), (other, 3333), (cast.west_rep, 3334))
    won(rep, date(2026, 4, 11), Decimal("7.00"))

    rows = of_2026()

    people = {person: queries.sum_of(months) for person, months in queries.by_person(rows).items()}
    assert people[rep.pk] == Won(Decimal("40.33"), 2, 0)
    assert people[other.pk] == Won(Decimal("33.33"), 0, 0)
    assert people[cast.west_rep.pk] == Won(
        Decimal("33.35"), 0, 0
    )  # the cent that is left goes to the largest remainder
    for unit, amount in ((below, "73.66"), (cast.east_one, "73.66"), (cast.east, "73.66"), (cast.west, "33.35")):
        assert revenue(rows, unit) == {APRIL: Decimal(amount)}
    months = queries.by_unit(rows, queries.unit_parents())
    assert queries.sum_of(months[cast.company.pk]) == Won(Decimal("107.01"), 2, 0)


@pytest.mark.requirement("R1.5")
def test_shares_move_with_people_by_the_day_of_the_deal(cast: Cast) -> None:
    shared(won(cast.rao, date(2026, 4, 10), Decimal(100)), (cast.rao, 5000), (cast.peer, 5000))
    shared(won(cast.rao, date(2026, 5, 20), Decimal(100)), (cast.rao, 5000), (cast.peer, 5000))
    Membership.objects.filter(user=cast.peer).update(valid_to=MAY)
    Membership.objects.create(user=cast.peer, unit=cast.west_one, valid_from=MAY)

    rows = of_2026()

    assert revenue(rows, cast.east_one) == {APRIL: Decimal(100), MAY: Decimal(50)}
    assert revenue(rows, cast.west_one) == {MAY: Decimal(50)}
    assert revenue(rows, cast.company) == {APRIL: Decimal(100), MAY: Decimal(100)}


@pytest.mark.requirement("R1.5")
def test_the_newest_agreement_that_holds_on_the_day_counts(cast: Cast) -> None:
    deals = [won(cast.rao, date(2026, month, 10), Decimal(100)) for month in (4, 6)]
    for deal in deals:
        shared(deal, (cast.rao, 5000), (cast.peer, 5000))
        shared(deal, (cast.peer, 10_000), seq=2, since=MAY)
    peer = queries.by_person(of_2026())[cast.peer.pk]
    assert {month: found.revenue for month, found in peer.items()} == {APRIL: Decimal(50), JUNE: Decimal(100)}


@pytest.mark.requirement("R1.5")
def test_overlay_stands_beside_and_in_no_sum(cast: Cast) -> None:
    deal = won(cast.rao, date(2026, 4, 10), Decimal(100))
    shared(deal, (cast.rao, 10_000))
    DealCredit.objects.create(
        deal=deal, seq=1, valid_from=date(2026, 1, 1), person=cast.mori, points=2500, is_overlay=True
    )
    rows = of_2026()
    assert [(row.owner, row.won.revenue) for row in rows] == [(cast.rao.pk, Decimal(100))]
    beside = queries.overlays(first=date(2026, 1, 1), after=date(2027, 1, 1), time_zone="Asia/Shanghai")
    assert beside == [Overlay(cast.mori.pk, cast.east_one.pk, Decimal("25.00"))]


@pytest.mark.requirement("R1.5")
def test_a_shared_win_without_an_amount_is_one_win_of_unknown_revenue(cast: Cast) -> None:
    shared(won(cast.rao, date(2026, 4, 10), None), (cast.rao, 5000), (cast.peer, 5000))
    months = queries.by_unit(of_2026(), queries.unit_parents())
    assert queries.sum_of(months[cast.company.pk]) == Won(Decimal("0.00"), 1, 1)


@pytest.mark.requirement("R1.5")
def test_only_ones_own_share_is_asked_for_one_person(cast: Cast) -> None:
    shared(won(cast.rao, date(2026, 4, 10), Decimal(100)), (cast.rao, 7000), (cast.peer, 3000))
    rows = queries.actuals(
        first=date(2026, 1, 1), after=date(2027, 1, 1), time_zone="Asia/Shanghai", owner=cast.peer.pk
    )
    assert [(row.owner, row.won.revenue) for row in rows] == [(cast.peer.pk, Decimal(30))]
