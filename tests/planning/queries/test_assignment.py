from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import NotAllowed
from planning import services
from planning.queries.assignment import assignments, breaches
from teams.models import OrgUnit
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
NOW = datetime(2026, 3, 15, 4, tzinfo=UTC)


def test_over_assignment_is_what_is_planned_below_against_the_own_target(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal(100))
    make_target(version, unit=cast.east, month=Decimal(80))
    make_target(version, unit=cast.west, month=Decimal(30))
    make_target(version, unit=cast.east_one, month=Decimal(60))
    company, east = assignments(version)
    assert (company.name, company.over, company.share, company.is_within) == ("Company", Decimal(120), 0.1, True)
    assert (east.name, east.over, east.share, east.is_within) == ("East", Decimal(-240), -0.25, False)
    assert [breach.name for breach in breaches(version)] == ["East"]


def test_a_cent_over_what_is_allowed_is_a_breach(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal(100))
    make_target(version, unit=cast.east, month=Decimal(110), m12=Decimal("110.01"))
    assert [breach.over for breach in breaches(version)] == [Decimal("120.01")]


def test_what_is_allowed_is_set_per_level_by_those_who_plan(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal(100))
    make_target(version, unit=cast.east, month=Decimal(115))
    levels = {OrgUnit.Kind.COMPANY.value: (Decimal(-5), Decimal(15))}
    with pytest.raises(NotAllowed):
        services.set_assignment_policy(plan=version.plan, levels=levels, actor=cast.lin, at=NOW)
    services.set_assignment_policy(plan=version.plan, levels=levels, actor=cast.planner, at=NOW)
    assert breaches(version) == []


@pytest.mark.parametrize("span", [("10", "5"), ("-101", "0"), ("0", "201")])
def test_a_span_that_is_none_is_refused(cast: Cast, span: tuple[str, str]) -> None:
    levels = {"region": (Decimal(span[0]), Decimal(span[1]))}
    with pytest.raises(services.SpanIsInvalid):
        services.set_assignment_policy(plan=make_version().plan, levels=levels, actor=cast.planner, at=NOW)


def test_the_check_asks_as_often_for_many_as_for_few(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company)
    with CaptureQueriesContext(connection) as few:
        breaches(version)
    for _ in range(50):
        make_target(version, person=make_person(unit=cast.east_one))
    with CaptureQueriesContext(connection) as many:
        breaches(version)
    assert len(many) == len(few)
