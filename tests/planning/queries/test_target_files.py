"""Targets of every metric and part of the sales as a file: what leaves comes back, and what is wrong is named by its line."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.utils import translation

from core.tabular import csv_lines, open_table, write_xlsx
from customers.models import ProductLine, Tier
from planning import queries, services
from planning.models import MONTHS, Metric, PlanVersion, Scope, Target
from planning.queries.target_files import FileCheck, FileSheet, checked_file, file_header, file_lines, file_sheet
from teams.models import User
from tests.factories.customers import make_pipeline, make_product, make_region
from tests.factories.planning import make_metric, make_plan, make_target, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.1", "R1.2")]

AS_OF, NOW = date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=UTC)
ROW, NAME, METRIC, PRODUCT, REGION, TIER, SEEN, TOTAL, FIRST = range(1, 10)
D = Decimal
Rows = list[list[Any]]


def make_rate() -> Metric:
    first, second = make_pipeline().stages.all()[:2]
    return make_metric("rate", code="kept", from_stage=first, stage=second)


def sheet_of(version: PlanVersion, user: User) -> FileSheet:
    return file_sheet(queries.target_grid(version=version, user=user, as_of=AS_OF), user)


def table_of(version: PlanVersion, user: User) -> Rows:
    return [file_header(version), *map(list, file_lines(sheet_of(version, user)))]


def checked(version: PlanVersion, user: User, rows: Rows, path: Path, kind: str = "csv") -> FileCheck:
    where = path / f"targets.{kind}"
    with where.open("wb") as file:
        if kind == "csv":
            file.writelines(csv_lines(rows[0], rows[1:]))
        else:
            write_xlsx(file, rows[0], rows[1:])
    return checked_file(open_table(where), sheet_of(version, user))


def taken_over(version: PlanVersion, user: User, check: FileCheck) -> None:
    def whose(key: str) -> dict[str, Any]:
        row = Target(version=version)
        kind, _dash, number = key.partition("-")
        setattr(row, f"{kind}_id", int(number))
        return {"unit": row.unit, "person": row.person}

    services.import_targets(
        version=version,
        rows=[
            services.RowMonths(
                **whose(change.row.key),
                months=change.months,
                lock_version=change.row.lock_version,
                scope=change.row.scope,
            )
            for change in check.changes
        ],
        reason="From a file",
        actor=user,
        now=NOW,
    )


def problems(check: FileCheck) -> list[tuple[int | None, str, str]]:
    return [(problem.line, problem.field, problem.message) for problem in check.problems]


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    """A draft: the east is to bring revenue, two wins a month of the flagship, and 40 % of a rate."""
    version = make_version()
    make_target(version, unit=cast.east)
    make_target(version, unit=cast.east, scope=Scope(make_metric(), make_product("Flagship")), month=D(2))
    make_target(version, unit=cast.east, scope=Scope(make_rate()), month=D("40.5"))
    return version


def line_of(rows: Rows, name: str, metric: str) -> list[Any]:
    return next(row for row in rows if (row[NAME], row[METRIC]) == (name, metric))


def test_a_line_says_of_what_it_is_and_a_rate_has_a_mean_for_its_year(cast: Cast, version: PlanVersion) -> None:
    rows = table_of(version, cast.planner)
    wins, rate = line_of(rows, "East", "wins"), line_of(rows, "East", "kept")
    assert wins[METRIC : FIRST + 1] == ["wins", "Flagship", "", "", 1, D(24), D(2)]
    assert rate[METRIC : FIRST + 1] == ["kept", "", "", "", 1, D("40.50"), D("40.5")]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_lines_of_all_metrics_are_changed_and_added_and_only_what_differs_is_by_hand(
    cast: Cast, version: PlanVersion, tmp_path: Path, kind: str
) -> None:
    make_region("Coast")
    rows = table_of(version, cast.planner)
    wins, rate = line_of(rows, "East", "wins"), line_of(rows, "East", "kept")
    wins[FIRST + 2], wins[TOTAL], wins[FIRST + 5] = 5, None, None  # a blank month stays as it is
    rate[FIRST], rate[TOTAL] = "55%", None
    rows.append(["", f"unit-{cast.west.pk}", "", "Won deals", "flagship", "Coast", "key", "", "", *[0] * 12])

    check = checked(version, cast.planner, rows, tmp_path, kind)
    assert problems(check) == []
    taken_over(version, cast.planner, check)

    changed, grown, new = Target.objects.other().order_by("pk")
    assert [changed.m03, changed.m06, changed.total] == [D(5), D(2), D(27)]
    assert [told.reason for told in changed.all_overrides.values()] == ["From a file"]
    assert [grown.m01, grown.m02, grown.asked] == [D(55), D("40.5"), D("41.71")]
    assert (new.unit, new.metric_id, new.tier, new.total) == (cast.west, "wins", Tier.KEY, D(0))
    assert new.region is not None
    assert Target.objects.plain().get().lock_version == 1


@pytest.mark.parametrize(
    ("metric", "column", "typed", "said"),
    [
        ("wins", FIRST, "2.5", "Enter a whole number."),
        ("wins", FIRST, "-1", "A target is zero or more."),
        ("wins", FIRST, "50%", "This is not an amount."),
        ("kept", FIRST, "101%", "A rate is at most 100 %."),
        ("kept", FIRST, "a lot", "This is not an amount."),
        ("kept", TOTAL, "12%", "The total says 12.00, but the months come to 40.50."),
        ("wins", METRIC, "no-such-thing", "Nothing that is in use is called no-such-thing."),
        ("wins", PRODUCT, "Unheard of", "Nothing that is in use is called Unheard of."),
        ("wins", REGION, "Nowhere", "Nothing that is in use is called Nowhere."),
        ("wins", TIER, "gold", "Nothing that is in use is called gold."),
        ("wins", SEEN, "7", "Somebody changed this row since the file was exported."),
    ],
)
def test_a_wrong_cell_of_any_metric_is_named_by_line_and_column(
    cast: Cast, version: PlanVersion, tmp_path: Path, *, metric: str, column: int, typed: str, said: str
) -> None:
    rows = table_of(version, cast.planner)
    line = line_of(rows, "East", metric)
    line[column] = typed
    if column == SEEN:
        line[FIRST], line[TOTAL] = 3, None

    ((number, field, why),) = problems(checked(version, cast.planner, rows, tmp_path))

    assert (number, field) == (rows.index(line) + 1, rows[0][column])
    assert said in why


def test_a_number_of_a_workbook_that_could_be_a_rate_of_45_or_of_half_a_per_cent_is_refused(
    cast: Cast, version: PlanVersion, tmp_path: Path
) -> None:
    rows = table_of(version, cast.planner)
    line_of(rows, "East", "kept")[FIRST : FIRST + 1] = [0.45]
    line_of(rows, "East", "kept")[TOTAL] = None

    ((_line, field, why),) = problems(checked(version, cast.planner, rows, tmp_path, "xlsx"))

    assert field.startswith("m01")
    assert "could mean two things" in why


def test_a_target_stands_on_one_line_and_other_parts_of_the_sales_on_others(
    cast: Cast, version: PlanVersion, tmp_path: Path
) -> None:
    rows = table_of(version, cast.planner)
    rows.append(line_of(rows, "East", "wins"))
    ((line, field, why),) = problems(checked(version, cast.planner, rows, tmp_path))
    assert (line, field) == (len(rows), "row")
    assert "East stands on line" in why


def test_a_file_without_the_columns_of_what_is_about_plain_targets(
    cast: Cast, version: PlanVersion, tmp_path: Path
) -> None:
    rows = [
        [*row[:METRIC], *row[SEEN:]] for row in table_of(version, cast.planner) if row[METRIC] in {"metric", "revenue"}
    ]
    rows[1:] = [row for row in rows[1:] if row[NAME] == "East"]
    rows[1][5] = D(150)
    rows[1][4] = None

    check = checked(version, cast.planner, rows, tmp_path)

    assert problems(check) == []
    assert [change.row.scope.is_plain for change in check.changes] == [True]


def test_words_are_read_in_both_languages_and_those_out_of_use_with_their_targets(
    cast: Cast, version: PlanVersion, tmp_path: Path
) -> None:
    ProductLine.objects.update(name_zh="旗舰", is_active=False)
    rows = table_of(version, cast.planner)
    line_of(rows, "East", "wins")[PRODUCT] = "旗舰"
    line_of(rows, "East", "wins")[METRIC] = Metric.objects.get(pk="wins").name_zh or "wins"
    with translation.override("zh-hans"):
        check = checked(version, cast.planner, rows, tmp_path)
    assert problems(check) == []
    assert check.same == 3


@pytest.mark.requirement("R7.4")
def test_a_manager_sees_and_changes_other_targets_within_reach_alone(
    cast: Cast, version: PlanVersion, tmp_path: Path
) -> None:
    make_target(version, unit=cast.west, scope=Scope(make_metric()), month=D(1))
    make_target(version, person=cast.rao, scope=Scope(make_metric()), month=D(1))
    rows = table_of(version, cast.lin)
    assert {row[NAME] for row in rows if row[METRIC] == "wins"} == {"East", "Rao"}
    for name in ("East", "Rao"):
        line_of(rows, name, "wins")[FIRST : FIRST + 1], line_of(rows, name, "wins")[TOTAL] = [9], None
    ((line, _field, why),) = problems(checked(version, cast.lin, rows, tmp_path))
    assert line == rows.index(line_of(rows, "East", "wins")) + 1
    assert why == "You may look at this target, but not change it."


def random_scopes(random: Random) -> Iterator[Scope]:
    products, regions = [None, make_product("Flagship"), make_product("Spares")], [None, make_region("Coast")]
    metrics = [None, make_metric(), make_metric("margin"), make_metric("units"), make_rate()]
    for _number in range(6):
        yield Scope(
            random.choice(metrics), random.choice(products), random.choice(regions), random.choice(["", *Tier.values])
        )


def random_amount(random: Random, scope: Scope) -> Decimal:
    match scope.metric.unit if scope.metric else "money":
        case "count" if scope.metric and scope.metric.kind == Metric.Kind.WINS:
            return D(random.choice([0, 1, random.randrange(10**6)]))
        case "percent":
            return D(random.randrange(10_001)) / 100
        case _:
            return random.choice([D(0), D(random.randrange(10**13)) / 100, D("0.01")])


@pytest.mark.parametrize("seed", range(12))
def test_random_plans_come_back_as_they_left_and_edits_as_they_were_typed(
    cast: Cast, tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    kind = "xlsx" if seed % 6 == 5 else "csv"
    version = make_version(make_plan(2026, start_month=random.randint(1, 12)))
    whose = [{"unit": cast.company}, {"unit": cast.east}, {"unit": cast.west_one}, {"person": cast.rao}]
    scopes = list(
        {(scope.metric, scope.product, scope.region, scope.tier): scope for scope in random_scopes(random)}.values()
    )
    for subject in whose:
        for scope in random.sample(scopes, random.randint(0, len(scopes))):
            months = {month: random_amount(random, scope) for month in MONTHS}
            make_target(version, **subject, scope=scope, **months)  # type: ignore[arg-type]  # a unit or a person
    before = list(Target.objects.order_by("pk").values())

    rows = table_of(version, cast.planner)
    check = checked(version, cast.planner, rows, tmp_path, kind)
    assert (problems(check), check.changes, check.same) == ([], [], len(before))
    assert list(Target.objects.order_by("pk").values()) == before

    by_metric = {metric.code: metric for metric in Metric.objects.all()}
    edited = 0
    for row in rows[1:]:
        scope = Scope(None if row[METRIC] == "revenue" else by_metric[row[METRIC]])
        if row[FIRST] is not None and random.random() < 0.5:
            for column in random.sample(range(FIRST, FIRST + 12), random.randint(1, 4)):
                row[column] = random_amount(random, scope)
            row[TOTAL] = None
            edited += 1
    taken_over(version, cast.planner, checked(version, cast.planner, rows, tmp_path, kind))

    after = table_of(version, cast.planner)
    assert [row[FIRST:] for row in after] == [row[FIRST:] for row in rows]
    again = checked(version, cast.planner, after, tmp_path, kind)
    assert (problems(again), again.changes, again.same) == ([], [], len(before))
    assert edited or not before
