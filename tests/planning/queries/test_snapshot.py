from datetime import date, timedelta
from decimal import Decimal
from random import Random

import numpy as np
import pytest

from customers.models import Pipeline
from planning.models import NodeForecast, Plan, PlanVersion
from planning.queries.snapshot import PERIODS, Snapshot, snapshot
from teams.models import User
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.7", "R1.8")]

AS_OF = date(2026, 7, 1)
STEPS = ("Lead", "Contacted", "Visited", "Quoted")


def _sell(owner: User, pipeline: Pipeline, *, deals: int, seed: int) -> None:
    """Give a person half a year of deals: some won, some lost, some still on their way."""
    dice = Random(seed)
    for _ in range(deals):
        created = date(2025, 10, 1) + timedelta(days=dice.randrange(265))
        end = dice.choice(("Won", "Lost", "Lost", ""))
        path = STEPS[: dice.randint(1, 4)] if not end else (*STEPS, end)
        amount = Decimal(dice.randrange(1000, 90000)) / 10 if dice.random() < 0.9 else None
        room = (AS_OF - created).days // len(path)
        make_deal(owner=owner, pipeline=pipeline, path=path, created=created, days_in_stage=min(9, room), amount=amount)


@pytest.fixture
def plan(cast: Cast) -> Plan:
    pipeline = make_pipeline()
    for seed, person in enumerate((cast.rao, cast.peer, cast.west_rep)):
        _sell(person, pipeline, deals=25, seed=seed)
    plan = make_plan(2026)
    version = make_version(plan, status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.company, month=Decimal("30000.00"))
    make_target(version, person=cast.rao, month=Decimal("1.00"))
    return plan


def _rows(night: Snapshot, **node: int) -> dict[str, NodeForecast]:
    ((name, key),) = node.items()
    return {row.period: row for row in night.nodes if getattr(row, name) == key}


def _expected(row: NodeForecast) -> Decimal:
    return row.booked + row.open + row.new


def test_expected_money_adds_up_over_months_and_over_the_tree_to_the_cent(cast: Cast, plan: Plan) -> None:
    night = snapshot(plan=plan, as_of=AS_OF)

    company, east, west = (_rows(night, unit_id=unit.pk) for unit in (cast.company, cast.east, cast.west))
    for period in PERIODS:
        assert _expected(company[period]) == _expected(east[period]) + _expected(west[period])
    assert sum(_expected(company[period]) for period in PERIODS[:12]) == _expected(company["FY"])
    assert sum(_expected(company[period]) for period in PERIODS[12:16]) == _expected(company["FY"])


def test_months_that_are_over_hold_what_was_booked_and_nothing_else(cast: Cast, plan: Plan) -> None:
    january = _rows(snapshot(plan=plan, as_of=AS_OF), unit_id=cast.company.pk)["M01"]

    assert january.booked > 0
    assert january.open + january.new == 0
    assert january.p10 == january.p50 == january.p90 == january.booked


def test_a_target_that_is_reached_already_is_certain_and_one_far_away_is_not(cast: Cast, plan: Plan) -> None:
    night = snapshot(plan=plan, as_of=AS_OF)

    assert _rows(night, person_id=cast.rao.pk)["M01"].p_attain in (0.0, 1.0)
    chance = _rows(night, unit_id=cast.company.pk)["FY"].p_attain
    assert chance is not None
    assert 0 < chance < 1
    assert _rows(night, unit_id=cast.east.pk)["FY"].p_attain is None


def test_every_open_deal_has_its_chance(cast: Cast, plan: Plan) -> None:
    night = snapshot(plan=plan, as_of=AS_OF)

    assert len(night.deals) == plan_open_deals()
    assert ((night.deals.columns["p_win"] > 0) & (night.deals.columns["p_win"] < 1)).all()
    assert (np.diff(night.deals.p_by_month, axis=1) >= 0).all()


def plan_open_deals() -> int:
    from customers.models import Deal

    return Deal.objects.open().count()


def test_the_same_night_twice_is_the_same_snapshot(plan: Plan) -> None:
    def told(night: Snapshot) -> list[object]:
        return [(row.unit_id, row.person_id, row.period, _expected(row), row.p10, row.p_attain) for row in night.nodes]

    assert told(snapshot(plan=plan, as_of=AS_OF)) == told(snapshot(plan=plan, as_of=AS_OF))


def test_a_company_without_a_deal_gets_a_forecast_that_says_how_little_it_knows(cast: Cast) -> None:
    night = snapshot(plan=make_plan(2026), as_of=AS_OF)

    assert night.is_thin
    assert "no_deals" in night.facts["reasons"]  # type: ignore[operator]  # facts are JSON
    assert _expected(_rows(night, unit_id=cast.company.pk)["FY"]) == 0


def test_what_happens_after_the_day_is_not_known_to_it(cast: Cast, plan: Plan) -> None:
    before = [(row.period, row.p50) for row in snapshot(plan=plan, as_of=AS_OF).nodes]

    make_deal(owner=cast.rao, path=("Lead", "Won"), created=AS_OF, amount=Decimal(999999))

    assert [(row.period, row.p50) for row in snapshot(plan=plan, as_of=AS_OF).nodes] == before


def test_a_hand_over_after_the_win_leaves_the_booking_where_it_was(cast: Cast, plan: Plan) -> None:
    before = _rows(snapshot(plan=plan, as_of=AS_OF), unit_id=cast.east.pk)["FY"].booked
    won = cast.rao.deals.won().filter(amount__isnull=False, closed_date__year=2026).first()
    assert won is not None
    held = won.ownerships.get()
    held.valid_to = held.valid_from + timedelta(days=150)
    held.save()
    won.ownerships.create(owner=cast.west_rep, valid_from=held.valid_to)

    night = snapshot(plan=plan, as_of=AS_OF)

    assert _rows(night, unit_id=cast.east.pk)["FY"].booked == before
    company = _rows(night, unit_id=cast.company.pk)["FY"]
    assert company.p10 <= company.p50 <= company.p90
