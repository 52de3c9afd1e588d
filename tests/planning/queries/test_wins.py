from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from customers import services as customers
from customers.models import Deal, DealCredit
from planning import queries
from planning.queries.actuals import Actual
from planning.queries.wins import Wins, wins_ledger
from tests.factories.customers import make_deal
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]
ZONE = "Asia/Shanghai"
APRIL, MAY, JULY = date(2026, 4, 1), date(2026, 5, 1), date(2026, 7, 1)


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


@pytest.fixture
def won(cast: Cast) -> Deal:
    return make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 4, 10), days_in_stage=0)


def _revenue(wins: Wins) -> list[Decimal]:
    return [row.won.revenue for row in wins.by_owner_unit_and_month()]


def test_what_is_known_today_is_what_the_pages_count(cast: Cast, won: Deal) -> None:
    make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 4, 11), days_in_stage=0, amount=None)
    make_deal(owner=cast.west_rep, path=("Lead", "Won"), created=date(2026, 5, 11), amount=Decimal("12.34"))
    make_deal(owner=cast.rao, path=("Lead", "Lost"), created=date(2026, 5, 11))

    ledger = wins_ledger(time_zone=ZONE).known_before(JULY).by_owner_unit_and_month()

    assert sorted(ledger, key=repr) == sorted(queries.actuals(first=APRIL, after=JULY, time_zone=ZONE), key=repr)


def test_a_win_is_known_from_the_morning_after(won: Deal) -> None:
    ledger = wins_ledger(time_zone=ZONE)

    assert len(ledger.known_before(date(2026, 4, 10))) == 0
    assert len(ledger.known_before(date(2026, 4, 11))) == 1


def test_a_win_that_was_reopened_later_stands_where_it_stood_then(cast: Cast, won: Deal) -> None:
    customers.reopen_deal(
        deal=won, version=won.version, actor=cast.rao, now=_at(date(2026, 5, 20)), reason="The order was cancelled"
    )

    ledger = wins_ledger(time_zone=ZONE)

    assert _revenue(ledger.known_before(MAY)) == [Decimal(1000)]
    assert _revenue(ledger.known_before(JULY)) == []


def test_an_amount_that_was_corrected_later_was_the_old_one_then_and_the_win_keeps_its_day(
    cast: Cast, won: Deal
) -> None:
    customers.amend_deal(
        deal=won,
        version=won.version,
        actor=cast.rao,
        now=_at(date(2026, 6, 3)),
        amount=Decimal("800.00"),
        expected_close_date=None,
        reason="Credit note",
    )

    ledger = wins_ledger(time_zone=ZONE)

    assert _revenue(ledger.known_before(MAY)) == [Decimal(1000)]
    (row,) = ledger.known_before(JULY).by_owner_unit_and_month()
    assert (row.month, row.won.revenue, row.won.wins) == (APRIL, Decimal(800), 1)


def test_a_win_stays_with_who_owned_the_deal_then(cast: Cast, won: Deal) -> None:
    customers.hand_over_deal(deal=won, version=won.version, to=cast.peer, actor=cast.mori, now=_at(date(2026, 6, 3)))

    (row,) = wins_ledger(time_zone=ZONE).known_before(JULY).by_owner_unit_and_month()

    assert row.owner == cast.rao.pk


def test_only_recent_wins_are_read_where_no_more_are_asked_for(won: Deal) -> None:
    assert len(wins_ledger(time_zone=ZONE, since=date(2026, 4, 10))) == 1
    assert len(wins_ledger(time_zone=ZONE, since=MAY)) == 0


@pytest.mark.requirement("R1.5")
def test_the_ledger_shares_credit_to_the_cent_as_the_pages_do(cast: Cast, won: Deal) -> None:
    other = make_deal(
        owner=cast.west_rep, path=("Lead", "Won"), created=date(2026, 5, 11), amount=Decimal("100.01"), days_in_stage=0
    )
    unknown = make_deal(owner=cast.rao, path=("Lead", "Won"), created=date(2026, 5, 12), amount=None, days_in_stage=0)
    for deal in (won, other, unknown):
        DealCredit.objects.bulk_create(
            DealCredit(deal=deal, seq=1, valid_from=date(2026, 1, 1), person=person, points=points)
            for person, points in ((cast.rao, 3333), (cast.peer, 3333), (cast.west_rep, 3334))
        )
    DealCredit.objects.create(deal=other, seq=2, valid_from=JULY, person=cast.peer, points=10_000)

    ledger = wins_ledger(time_zone=ZONE).known_before(JULY).by_owner_unit_and_month()

    pages = queries.actuals(first=APRIL, after=JULY, time_zone=ZONE)
    assert sum(row.won.revenue for row in ledger) == Decimal("1100.01")
    assert sum(row.won.wins for row in ledger) == 3
    assert _told(ledger) == _told(pages)


def _told(rows: list[Actual]) -> list[tuple[date, int, int, Decimal, int, int]]:
    return sorted((row.month, row.owner, row.unit or 0, row.won.revenue, row.won.wins, row.won.unknown) for row in rows)
