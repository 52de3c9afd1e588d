from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer, Deal, ProductLine, Stage
from planning import services
from planning.models import Metric, NodeForecast, PlanVersion, Scope, Target
from planning.queries.other_targets import LINKED
from planning.queries.target_chances import TargetChance, Why, target_chances
from tests.factories.customers import make_customer, make_deal, make_pipeline, make_product
from tests.factories.planning import make_metric, make_plan, make_target, make_version
from tests.factories.teams import Cast
from tests.factories.track_record import judge

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.1", "R1.8")]

AS_OF = date(2026, 7, 1)
STEPS = ("Lead", "Contacted", "Visited", "Quoted")


@pytest.fixture
def lines() -> dict[str, ProductLine]:
    every = make_product("Everything")
    made = {name: make_product(name) for name in ("Pumps", "Valves", "Rare")}
    for line in made.values():
        line.parent = every
        line.save()
    return {"Everything": every, **made}


@pytest.fixture
def version(cast: Cast, lines: dict[str, ProductLine]) -> PlanVersion:
    """Two years of deals of two product lines, two thirds of them pumps; the version in force, and a night."""
    dice, pipeline = Random(7), make_pipeline()
    customers = [make_customer(owner=cast.rao) for _ in range(40)]
    for place in range(110):
        owner = (cast.rao, cast.peer, cast.west_rep)[place % 3]
        created = date(2024, 9, 1) + timedelta(days=dice.randrange(660))
        end = dice.choice(("Won", "Won", "Lost", ""))
        path = (*STEPS, end) if end else STEPS[: dice.randint(1, 4)]
        room = max((AS_OF - created).days - 1, 0) // len(path)
        make_deal(
            owner=owner,
            pipeline=pipeline,
            path=path,
            created=created,
            days_in_stage=min(dice.randint(5, 15), room),
            amount=Decimal(dice.randrange(1_000, 9_000)),
            product=lines["Pumps"] if dice.random() < 0.67 else lines["Valves"],
            customer=dice.choice(customers),
        )
    version = make_version(make_plan(2026), status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.company, month=Decimal(15_000))
    services.run_forecast(plan=version.plan, as_of=AS_OF, clock=lambda: datetime.now(UTC))
    return version


def chances(version: PlanVersion, targets: Sequence[Target]) -> list[TargetChance]:
    """The chances of targets as they are in memory."""
    found = target_chances(targets, version=version, as_of=AS_OF)
    return [found[target.pk] for target in targets]


def read(targets: Sequence[Target]) -> list[Target]:
    return list(Target.objects.filter(pk__in=[target.pk for target in targets]).select_related(*LINKED))


def year_of(version: PlanVersion, cast: Cast) -> NodeForecast:
    return NodeForecast.objects.current(version.plan).get(unit=cast.company, period="FY")


def asks(version: PlanVersion, cast: Cast, total: Decimal | float, **scope: Any) -> Target:
    """A target of the company that asks for so much in the year, all in its last month."""
    return make_target(
        version, unit=cast.company, scope=Scope(**scope), month=Decimal(0), m12=Decimal(repr(round(float(total), 2)))
    )


def test_a_part_that_is_everything_has_the_chance_of_all_sales(
    cast: Cast, version: PlanVersion, lines: dict[str, ProductLine]
) -> None:
    plain = version.targets.plain().get()
    every = asks(version, cast, plain.total, product=lines["Everything"])
    night, part = chances(version, [plain, every])
    assert night.value == year_of(version, cast).p_attain
    assert part.value == pytest.approx(night.value, abs=0.03)


def test_a_larger_part_is_likelier_to_bring_the_same_and_more_is_never_likelier(
    cast: Cast, version: PlanVersion, lines: dict[str, ProductLine]
) -> None:
    middle = float(year_of(version, cast).expected) * 0.5
    pumps = asks(version, cast, middle, product=lines["Pumps"])
    every = asks(version, cast, middle, product=lines["Everything"])
    smaller = make_target(
        version, unit=cast.east, scope=Scope(product=lines["Pumps"]), month=Decimal(0), m12=Decimal(round(middle))
    )
    of_pumps, of_every, of_east = (found.value or 0 for found in chances(version, [pumps, every, smaller]))
    assert of_east < of_pumps < of_every
    said = []
    for step in range(1, 30):
        pumps.m12 = pumps.total = Decimal(round(middle * step / 10))
        said.append(chances(version, [pumps])[0].value or 0)
    assert said == sorted(said, reverse=True)
    assert said[0] == 1.0
    assert 0 < said[-1] < 0.05


def test_what_is_reached_already_is_certain_whatever_it_counts(cast: Cast, version: PlanVersion) -> None:
    wins = Deal.objects.won().filter(closed_date__year=2026).count()
    reached = asks(version, cast, wins, metric=make_metric("wins"))
    assert chances(version, [reached])[0].value == 1.0


def test_wins_and_new_customers_and_units_have_chances_and_more_wins_than_customers_are_won(
    cast: Cast, version: PlanVersion
) -> None:
    Deal.objects.all().update(units=Decimal(3))
    expected = year_of(version, cast).wins_expected
    wins = asks(version, cast, round(expected), metric=make_metric("wins"))
    new = asks(version, cast, round(expected), metric=make_metric("customers"))
    units = asks(version, cast, round(3 * expected), metric=make_metric("units"))
    of_wins, of_new, of_units = (found.value or 0 for found in chances(version, [wins, new, units]))
    assert 0.2 < of_wins < 0.8
    assert of_new < 0.2  # most of its forty customers have bought before
    assert of_units == pytest.approx(of_wins, abs=0.15)
    units.m12 = units.total = Decimal(round(2 * expected))
    assert (chances(version, [units])[0].value or 0) > 0.9
    assert Customer.objects.filter(deals__stage__kind=Stage.Kind.WON).distinct().count() > 20


def test_margin_follows_what_is_left_of_revenue(cast: Cast, version: PlanVersion) -> None:
    expected = year_of(version, cast).expected
    margin = make_metric("margin")
    asked = asks(version, cast, expected * Decimal("0.2"), metric=margin)
    assert chances(version, [asked])[0] == TargetChance(None, Why.NO_VALUES, 0)
    for deal in Deal.objects.all():
        deal.cost = (deal.amount or Decimal(0)) * Decimal("0.7")
        deal.save()
    likely = chances(version, [asked])[0].value
    assert likely is not None
    assert likely > 0.9
    asked.m12 = asked.total = expected * Decimal("0.4")
    assert (chances(version, [asked])[0].value or 0) < 0.1


def test_a_count_of_a_stage_and_a_rate_have_chances(cast: Cast, version: PlanVersion) -> None:
    quoted, visited = (Stage.objects.get(name=name) for name in ("Quoted", "Visited"))
    quotes = make_metric("entries", code="quotes", stage=quoted)
    rate = make_metric("rate", code="quoted", stage=quoted, from_stage=visited)
    many, some = (
        asks(version, cast, 500, metric=quotes),
        make_target(version, unit=cast.east, scope=Scope(metric=quotes)),
    )
    some.total = Decimal(20)
    some.m12 = Decimal(20)
    low, high = (
        make_target(version, unit=unit, scope=Scope(metric=rate), month=month)
        for unit, month in ((cast.company, Decimal(30)), (cast.east, Decimal(99)))
    )
    of_many, of_some, of_low, of_high = chances(version, [many, some, low, high])
    assert of_many.value is not None
    assert of_many.value < 0.05
    assert (of_some.value or 0) > 0.5
    assert (of_low.value or 0) > 0.9 > (of_high.value or 1)


def test_where_too_little_is_known_nothing_is_said(
    cast: Cast, version: PlanVersion, lines: dict[str, ProductLine]
) -> None:
    rare = asks(version, cast, 1000, product=lines["Rare"])
    quotes = make_metric("entries", code="rare-quotes", stage=Stage.objects.get(name="Quoted"))
    entries = asks(version, cast, 100, product=lines["Rare"], metric=quotes)
    created = make_metric("wins", code="wins-created", day=Metric.Day.CREATED)
    by_creation = asks(version, cast, 100, metric=created)
    assert [(found.value, found.why) for found in chances(version, [rare, entries, by_creation])] == [
        (None, Why.FEW),
        (None, Why.FEW),
        (None, Why.BY_CREATION),
    ]
    NodeForecast.objects.all().delete()
    wins = asks(version, cast, 100, metric=make_metric("wins"))
    assert chances(version, [wins])[0].why is Why.NO_NIGHT


def test_a_forecast_without_skill_has_no_chance_to_show(
    cast: Cast, version: PlanVersion, lines: dict[str, ProductLine]
) -> None:
    plain = version.targets.plain().get()
    pumps = asks(version, cast, 1000, product=lines["Pumps"])
    judge(unit=cast.company, expected=300, run_rate=110)
    assert [found.why for found in chances(version, [plain, pumps])] == [Why.NO_SKILL, Why.NO_SKILL]


def test_many_targets_cost_no_more_queries_than_one(
    cast: Cast, version: PlanVersion, lines: dict[str, ProductLine]
) -> None:
    few = [asks(version, cast, 1000, product=lines["Pumps"])]
    many = [*few, asks(version, cast, 1000, product=lines["Valves"])]
    many += [make_target(version, unit=unit, scope=Scope(product=lines["Pumps"])) for unit in (cast.east, cast.west)]
    with CaptureQueriesContext(connection) as one:
        chances(version, read(few))
    with CaptureQueriesContext(connection) as four:
        chances(version, read(many))
    assert len(one) == len(four)
