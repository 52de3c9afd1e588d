from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from planning import queries
from planning.models import PlanVersion
from planning.queries import GridRow, TargetGrid, Won
from teams.models import Capability, Membership, User
from tests.factories.customers import make_deal, make_pipeline
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person, make_unit

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.5")]
JULY_FIRST = date(2026, 7, 1)
BEFORE_JULY = date(2026, 6, 30)


def win(owner: User, day: date, amount: str | None) -> None:
    make_deal(
        owner=owner,
        path=("Lead", "Won"),
        created=day,
        days_in_stage=0,
        amount=Decimal(amount) if amount else None,
    )


def grid_of(version: PlanVersion, user: User, as_of: date = BEFORE_JULY) -> TargetGrid:
    return queries.target_grid(version=version, user=User.objects.get(pk=user.pk), as_of=as_of)


def row_of(grid: TargetGrid, name: str) -> GridRow:
    return next(row for row in grid.rows if row.name == name)


def test_rows_stand_in_tree_order_each_unit_with_its_people_before_its_units(cast: Cast) -> None:
    rows = grid_of(make_version(), cast.planner).rows
    assert [(row.depth, row.level, row.name, row.manager) for row in rows] == [
        (0, "company", "Company", ""),
        (1, "region", "East", "Lin"),
        (2, "team", "East one", "Mori"),
        (3, "person", "Peer of Rao", ""),
        (3, "person", "Rao", ""),
        (2, "team", "East two", "Diaz"),
        (1, "region", "West", "Sato"),
        (2, "team", "West one", ""),
        (3, "person", "Rep in the west", ""),
    ]
    by_key = {row.key: row for row in rows}
    rao = next(row for row in rows if row.name == "Rao")
    assert [row.name for row in queries.ancestors(by_key, rao.key)] == ["East one", "East", "Company"]


def test_planned_is_what_stands_directly_below_and_the_gap_what_nobody_owns(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal(100))
    make_target(version, unit=cast.east, month=Decimal(70))
    make_target(version, unit=cast.west, month=Decimal(50))
    make_target(version, unit=cast.east_one, month=Decimal(60))
    make_target(version, person=cast.rao, month=Decimal(60))
    grid = grid_of(version, cast.planner)
    assert (row_of(grid, "Company").planned, row_of(grid, "Company").gap) == (Decimal(1440), Decimal(240))
    assert (row_of(grid, "East").gap, row_of(grid, "East").without) == (Decimal(-120), 1)
    assert (row_of(grid, "East one").gap, row_of(grid, "East one").without) == (Decimal(0), 1)
    assert (row_of(grid, "West").planned, row_of(grid, "West").gap) == (Decimal(0), Decimal(-600))
    assert [row.name for row in grid.gaps] == ["Company", "East", "West"]


def test_missing_is_not_zero(cast: Cast) -> None:
    version = make_version()
    rows = grid_of(version, cast.planner).rows
    rao = next(row for row in rows if row.name == "Rao")
    assert (rao.months, rao.total, rao.planned, rao.gap, rao.to_date, rao.attainment) == (None,) * 6
    assert next(row for row in rows if row.name == "East two").planned is None


def test_target_to_date_is_the_months_that_are_over_and_the_working_days_gone_of_this_one(cast: Cast) -> None:
    version = make_version()
    make_target(version, person=cast.rao, month=Decimal(2300))
    assert row_of(grid_of(version, cast.planner, BEFORE_JULY), "Rao").to_date == Decimal(6 * 2300)
    # July 2026 has 23 working days in China; the 1st is a Wednesday
    assert row_of(grid_of(version, cast.planner, JULY_FIRST), "Rao").to_date == Decimal(6 * 2300 + 100)
    assert row_of(grid_of(version, cast.planner, date(2026, 7, 5)), "Rao").to_date == Decimal(6 * 2300 + 300)
    assert row_of(grid_of(version, cast.planner, date(2025, 12, 31)), "Rao").to_date == Decimal(0)
    assert row_of(grid_of(version, cast.planner, date(2027, 3, 1)), "Rao").to_date == Decimal(12 * 2300)


def test_attainment_is_what_was_won_against_the_target_to_date(cast: Cast) -> None:
    version = make_version()
    make_target(version, person=cast.rao, month=Decimal(1000))
    make_target(version, unit=cast.company, month=Decimal(2000))
    win(cast.rao, date(2026, 3, 3), "4500.00")
    win(cast.rao, date(2026, 3, 4), None)
    grid = grid_of(version, cast.planner)
    assert row_of(grid, "Rao").won == Won(Decimal("4500.00"), 2, 1)
    assert row_of(grid, "Rao").attainment == pytest.approx(0.75)
    assert row_of(grid, "Company").attainment == pytest.approx(0.375)
    assert row_of(grid, "Peer of Rao").attainment is None


def test_a_target_on_a_group_sees_what_its_grandchildren_won(cast: Cast) -> None:
    version = make_version()
    team = make_unit("Key accounts", parent=cast.east_one)
    for unit in (cast.company, cast.east, cast.east_one, team):
        make_target(version, unit=unit, month=Decimal(100))
    win(make_person("Four levels down", unit=team), date(2026, 2, 2), "600.00")
    grid = grid_of(version, cast.planner)
    for name in ("Company", "East", "East one", "Key accounts"):
        assert row_of(grid, name).attainment == pytest.approx(1.0)
    assert row_of(grid, "East two").won.wins == 0


def test_whoever_moved_in_may_stands_in_the_new_team_and_leaves_april_with_the_old_one(cast: Cast) -> None:
    version = make_version()
    win(cast.rao, date(2026, 4, 10), "400.00")
    Membership.objects.filter(user=cast.rao).update(valid_to=date(2026, 5, 1))
    Membership.objects.create(user=cast.rao, unit=cast.west_one, valid_from=date(2026, 5, 1))
    grid = grid_of(version, cast.planner)
    assert row_of(grid, "Rao").parent == row_of(grid, "West one").key
    assert row_of(grid, "East one").won.revenue == Decimal("400.00")
    assert row_of(grid, "West one").won.revenue == 0
    assert row_of(grid_of(version, cast.planner, date(2026, 4, 30)), "Rao").parent == row_of(grid, "East one").key


def test_whoever_left_with_a_target_keeps_a_row(cast: Cast) -> None:
    version = make_version()
    make_target(version, person=cast.rao)
    Membership.objects.filter(user=cast.rao).update(valid_to=date(2026, 5, 1))
    row = row_of(grid_of(version, cast.planner), "Rao")
    assert (row.parent, row.total) == (None, Decimal(1200))


def test_managers_who_sell_nothing_have_no_row_of_their_own(cast: Cast) -> None:
    version = make_version()
    names = {row.name for row in grid_of(version, cast.planner).rows}
    assert "Lin" not in names
    make_target(version, person=cast.lin)
    assert "Lin" in {row.name for row in grid_of(version, cast.planner).rows}


@pytest.mark.requirement("R7.4")
@pytest.mark.parametrize(
    ("who", "names"),
    [
        ("rao", {"Rao"}),
        ("mori", {"East one", "Rao", "Peer of Rao"}),
        ("lin", {"East", "East one", "East two", "Rao", "Peer of Rao"}),
        ("sato", {"West", "West one", "Rep in the west"}),
    ],
)
def test_people_see_the_part_that_is_theirs(cast: Cast, who: str, names: set[str]) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)
    for unit in (cast.company, cast.east, cast.west, cast.east_one):
        make_target(version, unit=unit)
    for person in (cast.rao, cast.peer, cast.west_rep):
        make_target(version, person=person)
    win(make_person(), date(2026, 2, 2), "600.00")
    grid = grid_of(version, getattr(cast, who))
    assert {row.name for row in grid.rows} == names
    assert grid.unassigned == Won()


def test_a_draft_shows_a_rep_no_number(cast: Cast) -> None:
    version = make_version()
    make_target(version, person=cast.rao)
    assert row_of(grid_of(version, cast.rao), "Rao").target is None


def test_the_grid_says_which_rows_the_reader_may_set(cast: Cast) -> None:
    version = make_version()
    assert {row.name for row in grid_of(version, cast.lin).rows if row.may_set} == {
        "East one",
        "East two",
        "Rao",
        "Peer of Rao",
    }
    assert {row.name for row in grid_of(version, cast.mori).rows if row.may_set} == {"Rao", "Peer of Rao"}
    assert len([row for row in grid_of(version, cast.planner).rows if row.may_set]) == 9


def test_the_companys_figure_is_everything_and_names_what_no_unit_won(cast: Cast) -> None:
    win(make_person("Freelancer"), date(2026, 2, 2), "600.00")
    win(cast.rao, date(2026, 2, 2), "400.00")
    grid = grid_of(make_version(), cast.planner)
    assert row_of(grid, "Company").won.revenue == Decimal(1000)
    assert grid.unassigned == Won(Decimal(600), 1, 0)


@pytest.mark.parametrize(
    ("as_of", "quarter"),
    [
        (date(2025, 6, 1), 1),
        (date(2026, 1, 1), 1),
        (date(2026, 4, 1), 2),
        (date(2026, 12, 31), 4),
        (date(2027, 5, 5), 4),
    ],
)
def test_the_open_quarter_is_that_of_the_day(cast: Cast, as_of: date, quarter: int) -> None:
    assert grid_of(make_version(), cast.planner, as_of).quarter == quarter


@pytest.mark.parametrize("who", ["planner", "lin", "mori", "rao"])
def test_two_hundred_people_cost_as_many_queries_as_one(cast: Cast, who: str) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)
    user = getattr(cast, who)
    make_pipeline()
    win(cast.rao, date(2026, 2, 2), "600.00")

    def count() -> int:
        fresh = User.objects.get(pk=user.pk)
        with CaptureQueriesContext(connection) as captured:
            queries.target_grid(version=version, user=fresh, as_of=BEFORE_JULY)
        return len(captured)

    with_few = count()
    people = User.objects.bulk_create(
        User(email=f"many{number}@test.example", name=f"Many {number}", capabilities=[Capability.REP])
        for number in range(200)
    )
    Membership.objects.bulk_create(
        Membership(user=person, unit=cast.east_one, valid_from=date(2020, 1, 1)) for person in people
    )
    for person in people[:40]:
        make_target(version, person=person)
    assert count() == with_few
    assert with_few <= 14


def test_a_year_from_april_counts_its_own_months(cast: Cast) -> None:
    version = make_version(make_plan(2027, start_month=4))
    make_target(version, person=cast.rao, month=Decimal(100))
    row = row_of(grid_of(version, cast.planner, date(2026, 5, 31)), "Rao")
    assert row.to_date == Decimal(200)
