from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from planning.models import Plan
from planning.queries.ramp import RampPoint, measured_ramp
from teams.models import OrgUnit, User
from tests.factories.customers import make_deal
from tests.factories.planning import make_plan
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
TODAY = date(2026, 7, 10)


def _win(owner: User, day: date, amount: int) -> None:
    make_deal(owner=owner, path=("Lead", "Won"), created=day, days_in_stage=0, amount=Decimal(amount))


def _hires(unit: OrgUnit, many: int) -> list[User]:
    """People hired in March who win a quarter and then a half of what the three ramped people of the cast win."""
    people = [make_person(unit=unit, since=date(2026, 3, 10)) for _ in range(many)]
    for person in people:
        _win(person, date(2026, 3, 20), 100)
        _win(person, date(2026, 4, 20), 400)
    return people


@pytest.fixture
def plan(cast: Cast) -> Plan:
    """April is twice as good a month as March: a season, no ramp."""
    for person in (cast.rao, cast.peer, cast.west_rep):
        _win(person, date(2026, 3, 5), 400)
        _win(person, date(2026, 4, 5), 800)
    return make_plan()


def test_the_share_of_a_month_since_the_hire_is_against_ramped_people_in_the_same_month(plan: Plan, cast: Cast) -> None:
    _hires(cast.east_one, 3)
    _hires(cast.west_one, 1)
    first, second, third = measured_ramp(plan=plan, unit=cast.company, as_of=TODAY)[:3]
    assert first == RampPoint(1, 0.25, 0.25, 4)
    assert second == RampPoint(2, 0.50, 0.50, 4)
    assert third.measured is None  # in May the ramped people won nothing either


def test_of_fewer_than_four_hires_nothing_is_told(plan: Plan, cast: Cast) -> None:
    _hires(cast.east_one, 3)
    _hires(cast.west_one, 1)
    point = measured_ramp(plan=plan, unit=cast.east, as_of=TODAY)[0]
    assert (point.measured, point.people) == (None, 3)


def test_a_month_that_somebody_did_not_stay_for_is_not_counted(plan: Plan, cast: Cast) -> None:
    people = _hires(cast.east_one, 5)
    User.objects.filter(pk=people[0].pk).update(left_date=date(2026, 4, 15))
    first, second = measured_ramp(plan=plan, unit=cast.company, as_of=TODAY)[:2]
    assert (first.people, second.people, second.measured) == (5, 4, 0.5)


def test_many_hires_cost_as_many_queries_as_few(plan: Plan, cast: Cast) -> None:
    _hires(cast.east_one, 1)
    with CaptureQueriesContext(connection) as few:
        measured_ramp(plan=plan, unit=cast.company, as_of=TODAY)
    _hires(cast.east_one, 8)
    with CaptureQueriesContext(connection) as many:
        measured_ramp(plan=plan, unit=cast.company, as_of=TODAY)
    assert len(many) == len(few)
