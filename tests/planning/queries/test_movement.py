from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from pytest_django import DjangoAssertNumQueries

from core.models import JobRun
from customers import services as customers
from customers.models import Deal, DealCredit, Stage
from planning import services
from planning.models import JOB, Plan
from planning.queries.forecasts import Node
from planning.queries.movement import Move, Movement, movement
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.8")]

THEN, NOW = date(2026, 7, 1), date(2026, 7, 8)
MIDJUNE, BETWEEN = datetime(2026, 6, 15, 9, tzinfo=UTC), datetime(2026, 7, 4, 9, tzinfo=UTC)
IN_TIME, NEXT_YEAR = date(2026, 9, 1), date(2027, 2, 1)


def _night(plan: Plan, day: date) -> JobRun:
    services.run_forecast(plan=plan, as_of=day, clock=lambda: datetime.now(UTC))
    return JobRun.objects.get(job=JOB, business_date=day)


def _open(cast: Cast, title: str, close: date | None = None) -> Deal:
    path = ("Lead", "Contacted", "Visited")
    deal = make_deal(title, owner=cast.rao, path=path, created=date(2026, 5, 20), amount=Decimal("9000.00"))
    return _amend(deal, cast, MIDJUNE, close=close) if close else deal


def _amend(deal: Deal, cast: Cast, at: datetime, *, close: date | None, amount: Decimal | None = None) -> Deal:
    return customers.amend_deal(
        deal=deal,
        version=deal.version,
        actor=cast.rao,
        now=at,
        amount=amount or deal.amount,
        expected_close_date=close,
    )


def _to(deal: Deal, stage: str, cast: Cast) -> None:
    to_stage = Stage.objects.get(name=stage)
    customers.move_deal(
        deal=deal, to_stage=to_stage, version=deal.version, actor=cast.rao, now=BETWEEN, reason="as it came"
    )


@pytest.fixture
def plan(cast: Cast) -> Plan:
    """A company with some history; what a test moves comes on top."""
    make_pipeline()
    for number in range(30):
        path = ("Lead", "Contacted", "Visited", "Won") if number % 2 else ("Lead", "Contacted", "Lost")
        make_deal(owner=cast.rao, path=path, created=date(2025, 11, 1 + number), amount=Decimal("5000.00"))
    return make_plan(2026)


def _moved(plan: Plan, node: Node, cast: Cast, period: str = "FY") -> Movement:
    since = JobRun.objects.get(job=JOB, business_date=THEN)
    found = movement(run=_night(plan, NOW), since=since, node=node, user=cast.planner, period=period)
    assert found is not None
    assert sum((move.amount for move in found.moves), Decimal(0)) == found.change
    return found


def _part(moved: Movement, key: str) -> Move:
    return next(move for move in moved.moves if move.key == key)


def test_every_change_of_a_deal_finds_its_part_and_the_parts_add_up(cast: Cast, plan: Plan) -> None:
    won, lost, moved, resized, still = (_open(cast, name) for name in ("won", "lost", "moved", "resized", "still"))
    slipped, pulled = _open(cast, "slipped", IN_TIME), _open(cast, "pulled", NEXT_YEAR)
    _night(plan, THEN)
    _to(won, "Won", cast)
    _to(lost, "Lost", cast)
    _to(moved, "Quoted", cast)
    _amend(resized, cast, BETWEEN, close=None, amount=Decimal("3000.00"))
    _amend(slipped, cast, BETWEEN, close=NEXT_YEAR)
    _amend(pulled, cast, BETWEEN, close=IN_TIME)
    created = make_deal("created", owner=cast.rao, path=("Lead",), created=date(2026, 7, 3))
    make_deal("in between", owner=cast.rao, path=("Lead", "Won"), created=date(2026, 7, 2), days_in_stage=2)

    found = _moved(plan, Node(unit=cast.company), cast)

    behind = {move.key: {line.deal.title for line in move.behind} for move in found.moves}
    assert behind["won"] == {won.title, "in between"}
    assert behind["lost"] == {lost.title}
    assert behind["stage"] == {moved.title}
    assert behind["amount"] == {resized.title}
    assert behind["slipped"] == {slipped.title}
    assert behind["pulled"] == {pulled.title}
    assert behind["created"] == {created.title}
    assert still.title in behind["age"]
    assert _part(found, "lost").amount < 0 < _part(found, "won").amount
    assert _part(found, "amount").amount < 0
    assert _part(found, "lost").amount == -_part(found, "lost").behind[0].before


@pytest.mark.requirement("R1.5")
def test_a_shared_win_brings_each_the_own_share_and_their_company_the_whole(cast: Cast, plan: Plan) -> None:
    deal = _open(cast, "shared")
    _night(plan, THEN)
    _to(deal, "Won", cast)
    DealCredit.objects.bulk_create(
        DealCredit(deal=deal, seq=1, valid_from=date(2026, 1, 1), person=person, points=points)
        for person, points in ((cast.rao, 7000), (cast.west_rep, 3000))
    )

    _moved(plan, Node(person=cast.rao), cast)
    since, run = (JobRun.objects.get(business_date=day) for day in (THEN, NOW))

    def brought(node: Node) -> Decimal:
        found = movement(run=run, since=since, node=node, user=cast.planner, period="FY")
        assert found is not None
        assert abs(_part(found, "rest").amount) < 1000  # the method's own corrections, and nobody else's share
        (line,) = _part(found, "won").behind
        return line.after

    assert [brought(node) for node in (Node(person=cast.rao), Node(unit=cast.west), Node(unit=cast.company))] == [
        Decimal("6300.00"),
        Decimal("2700.00"),
        Decimal("9000.00"),
    ]


def test_a_deal_won_outside_the_period_takes_its_expectation_with_it(cast: Cast, plan: Plan) -> None:
    won = _open(cast, "early", date(2026, 10, 20))
    _night(plan, THEN)
    _to(won, "Won", cast)

    (line,) = _part(_moved(plan, Node(unit=cast.company), cast, period="Q4"), "won").behind

    assert line.after == 0
    assert line.amount == -line.before < 0


def test_a_hand_over_moves_the_money_between_people_and_nothing_in_their_company(cast: Cast, plan: Plan) -> None:
    deal = _open(cast, "handed")
    _night(plan, THEN)
    customers.hand_over_deal(deal=deal, to=cast.west_rep, version=deal.version, actor=cast.planner, now=BETWEEN)

    giver = _moved(plan, Node(person=cast.rao), cast)
    since, run = (JobRun.objects.get(business_date=day) for day in (THEN, NOW))
    taker, company = (
        movement(run=run, since=since, node=node, user=cast.planner, period="FY")
        for node in (Node(unit=cast.west), Node(unit=cast.company))
    )

    assert taker is not None
    assert company is not None
    assert _part(giver, "handed").amount < 0 < _part(taker, "handed").amount
    assert [move.key for move in company.moves if move.key == "handed"] == []


def test_the_deals_behind_a_part_are_only_those_the_reader_may_see(
    cast: Cast, plan: Plan, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        _open(cast, f"Deal {number}")
    since = _night(plan, THEN)
    run = _night(plan, NOW)
    node = Node(unit=cast.company)

    with django_assert_max_num_queries(7):
        seen = movement(run=run, since=since, node=node, user=cast.lin, period="FY")
    hidden = movement(run=run, since=since, node=node, user=cast.peer, period="FY")

    assert seen is not None
    assert hidden is not None
    assert len(_part(seen, "age").behind) == 8
    assert _part(seen, "age").deals == _part(hidden, "age").deals == 12
    assert _part(hidden, "age").behind == ()


def test_two_nights_of_the_same_day_have_nothing_between_them(cast: Cast, plan: Plan) -> None:
    _open(cast, "still")
    run = _night(plan, THEN)
    services.run_forecast(plan=plan, as_of=THEN, clock=lambda: datetime.now(UTC), again=True)
    again = JobRun.objects.get(business_date=THEN, revision=2)

    found = movement(run=again, since=run, node=Node(unit=cast.company), user=cast.planner, period="FY")

    assert found is not None
    assert {move.amount for move in found.moves} == {Decimal(0)}
