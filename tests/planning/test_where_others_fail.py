"""What other products are known to get wrong with targets, each named with its source, and what happens here instead."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from customers.models import ProductLine
from planning import queries, services
from planning.models import NodeForecast, PlanVersion, PublishedBalance, Scope, StageGoal, Target
from planning.queries.other_targets import other_targets
from teams import services as teams
from tests.factories.customers import make_deal, make_product
from tests.factories.planning import make_metric, make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person, make_unit

pytestmark = pytest.mark.django_db
WON = ("Lead", "Won")
D = Decimal


@pytest.mark.requirement("R1.5")
def test_quotas_roll_up_and_every_node_says_what_is_unallocated_or_over_assigned(cast: Cast) -> None:
    """Salesforce: one record per person and period, and "quotas not rolling up" (QuotaEdit#59)."""
    version = make_version(status=PlanVersion.Status.APPROVED)
    for unit, month in ((cast.company, 1000), (cast.east, 700), (cast.west, 400), (cast.east_one, 300)):
        make_target(version, unit=unit, month=D(month))
    make_target(version, person=cast.rao, month=D(310))
    grid = queries.target_grid(version=version, user=cast.planner, as_of=date(2026, 1, 1))

    gaps = {row.name: (row.planned, row.gap) for row in grid.rows if row.below and row.target}

    assert gaps["Company"] == (D(13_200), D(1_200))  # over-assigned
    assert gaps["East"] == (D(3_600), D(-4_800))  # unallocated
    assert gaps["East one"] == (D(3_720), D(120))
    services.activate_version(version=version, actor=cast.planner, lock_version=version.lock_version)
    told = {row.unit.name: sum(row.unallocated) for row in PublishedBalance.objects.select_related("unit")}
    assert (told["Company"], told["East"]) == (D(-1_200), D(4_800))


@pytest.mark.requirement("R0.1", "R1.8")
def test_another_configuration_deletes_no_forecast_and_no_target(cast: Cast) -> None:
    """Zoho: editing the forecast's configuration, the hierarchy or the fiscal year deletes forecasts."""
    version = make_version(make_plan(2026), status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.east)
    make_target(version, person=cast.rao)
    make_deal(owner=cast.rao, path=WON, created=date(2026, 2, 2), amount=D(500))
    make_deal(owner=cast.rao, path=("Lead", "Contacted"), created=date(2026, 5, 1))
    services.run_forecast(plan=version.plan, as_of=date(2026, 6, 1), clock=lambda: datetime(2026, 6, 1, tzinfo=UTC))

    def kept() -> list[object]:
        return [
            list(NodeForecast.objects.order_by("pk").values()),
            list(Target.objects.order_by("pk").values()),
            list(PlanVersion.objects.values("pk", "status")),
        ]

    before = kept()
    services.change_fiscal_start(start_month=7, actor=cast.planner)
    teams.move_person(actor=cast.admin, user=cast.rao, unit=cast.west_one, from_date=date(2026, 6, 2))
    teams.edit_unit(
        actor=cast.admin,
        unit=cast.east_one,
        version=cast.east_one.version,
        name="East one",
        kind=cast.east_one.kind,
        parent=cast.west,
    )
    assert before[0]
    assert kept() == before


@pytest.mark.requirement("R1.6")
def test_another_period_resets_no_goals(cast: Cast) -> None:
    """HubSpot: another period resets goals and what was submitted."""
    today, now = date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(12):
        path = ("Lead", "Contacted", "Visited", "Quoted", "Won" if number % 2 else "Lost")
        make_deal(owner=cast.rao, path=path, created=date(2025, 2, 1) + timedelta(days=10 * number), amount=D(50_000))
    version = make_version(make_plan(2026), by=cast.planner, status=PlanVersion.Status.ACTIVE)
    target = make_target(version, person=cast.rao, month=D(100_000))
    services.derive_goals(version=version, actor=cast.planner, today=today, now=now)
    goals = StageGoal.objects.filter(funnel__target=target).order_by("pk")
    goal = goals.get(stage__name="Visited")
    services.edit_goal(
        goal=goal,
        actor=cast.planner,
        now=now,
        version=goal.version,
        months=[9.0] + [None] * 11,
        rate=None,
        days=None,
        reason="The fair",
    )
    before = list(goals.values())

    services.change_fiscal_start(start_month=4, actor=cast.planner)
    following = services.begin_year(year=2028, total=D(12), actor=cast.planner, leaves_gap=True)
    services.derive_goals(version=following, actor=cast.planner, today=today, now=now)

    assert list(goals.values()) == before
    assert goals.get(stage__name="Visited").reason == "The fair"


@pytest.mark.requirement("R1.1", "R1.5")
def test_a_target_on_a_group_of_units_or_of_products_shows_what_its_members_achieved(cast: Cast) -> None:
    """ERPNext: a target on a group showed 0 achieved (erpnext#995), one on a parent product group was ignored (#32253)."""
    version = make_version(make_plan(2026), status=PlanVersion.Status.ACTIVE)
    machines = make_product("Machines")
    mini = ProductLine.objects.create(name="Mini", parent=ProductLine.objects.create(name="Small", parent=machines))
    make_target(version, unit=cast.east, month=D(100))
    make_target(version, unit=cast.east, scope=Scope(product=machines), month=D(50))
    make_target(version, unit=cast.company, scope=Scope(make_metric(), machines), month=D(1))
    below = make_unit("Key accounts", parent=cast.east_one)
    make_deal(owner=make_person(unit=below), path=WON, created=date(2026, 2, 2), amount=D(300), product=mini)

    grid = queries.target_grid(version=version, user=cast.planner, as_of=date(2026, 6, 30))
    others = other_targets(version=version, user=cast.planner, as_of=date(2026, 6, 30))

    assert {row.name: row.won.revenue for row in grid.rows}["East"] == D(300)
    assert [(row.name, row.metric.code, row.actual) for row in others.rows] == [
        ("East", "revenue", D(300)),
        ("Company", "wins", D(1)),
    ]
