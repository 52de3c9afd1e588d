from datetime import date
from decimal import Decimal

import pytest

from planning.models import NodeForecast, PlanVersion
from planning.queries.forecasts import Node
from planning.queries.levels import levels
from tests.factories.planning import make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
SPREAD = {"p025": 900, "p10": 1000, "p25": 1100, "p50": 1200, "p75": 1300, "p90": 1400, "p975": 1500}


def night(**fields: object) -> NodeForecast:
    """What a night says of a year; not saved."""
    return NodeForecast(booked=Decimal(500), first_date=date(2026, 1, 1), **{**SPREAD, **fields})


def test_each_level_has_the_chance_that_the_night_gives_it(cast: Cast) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)
    make_target(version, person=cast.rao, month=Decimal(100), stretch_over=Decimal(100), challenge_over=Decimal(200))
    year = night(target=Decimal(1200), p_attain=0.52)
    found = levels(plan=version.plan, node=Node(person=cast.rao), user=cast.rao, year=year)
    assert [(level.label, level.amount) for level in found] == [
        ("Target", Decimal(1200)),
        ("Stretch", Decimal(1300)),
        ("Challenge", Decimal(1400)),
    ]
    assert [level.chance for level in found] == pytest.approx([0.52, 0.25, 0.10])


def test_a_target_without_higher_levels_has_none_to_show(cast: Cast) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)
    make_target(version, person=cast.rao)
    assert levels(plan=version.plan, node=Node(person=cast.rao), user=cast.rao, year=night()) == []


def test_a_colleagues_levels_are_not_shown(cast: Cast) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)
    make_target(version, person=cast.rao, stretch_over=Decimal(100))
    assert levels(plan=version.plan, node=Node(person=cast.rao), user=cast.peer, year=night()) == []
