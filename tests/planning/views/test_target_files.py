import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from core.models import AuditEntry
from customers import services as customers
from planning import services
from planning.models import PlanVersion, Scope, Target
from teams.models import User
from tests.factories.customers import make_deal, make_product
from tests.factories.planning import make_metric, make_plan, make_target, make_version
from tests.factories.teams import Cast, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2")]
SEEN, TOTAL, FIRST = 7, 8, 9  # the columns of the version of the row, of the year and of m01


@pytest.fixture
def version(cast: Cast) -> PlanVersion:
    """A draft with targets of the company, the east and Rao; everybody else has none."""
    version = make_version()
    make_target(version, unit=cast.company, month=Decimal("1000.10"))
    make_target(version, unit=cast.east)
    make_target(version, person=cast.rao, month=Decimal("33.33"), m12=Decimal(0))
    return version


@pytest.fixture
def planner(cast: Cast) -> Client:
    return signed_in(cast.planner)


def exported(page: Client, version: PlanVersion, kind: str = "csv") -> bytes:
    answer = page.get(reverse("planning:targets-export", kwargs={"version": version.pk, "kind": kind}))
    assert answer.status_code == 200
    body: bytes = answer.getvalue()  # of a stream as well
    return body


def table(page: Client, version: PlanVersion) -> list[list[str]]:
    return list(csv.reader(StringIO(exported(page, version).decode("utf-8-sig"))))


def line_of(rows: list[list[str]], name: str) -> list[str]:
    return next(row for row in rows if row[2] == name)


def written(rows: list[list[str]]) -> bytes:
    text = StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def read(page: Client, version: PlanVersion, content: bytes, name: str = "targets.csv") -> Any:
    url = reverse("planning:targets-import", kwargs={"version": version.pk})
    return page.post(url, {"file": SimpleUploadedFile(name, content)})


def take_over(page: Client, version: PlanVersion, answer: Any) -> Any:
    proposal = answer.context["proposal"]["proposal"].value()
    return page.post(reverse("planning:targets-import", kwargs={"version": version.pk}), {"proposal": proposal})


def states() -> list[Any]:
    return list(Target.objects.order_by("pk").values())


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_was_exported_comes_back_as_no_change(planner: Client, version: PlanVersion, kind: str) -> None:
    before = states()

    answer = read(planner, version, exported(planner, version, kind), f"targets.{kind}")

    check = answer.context["check"]
    assert (answer.status_code, check.changes, check.problems, check.same) == (200, [], [], 3)
    assert "there is nothing to change" in answer.content.decode()
    assert states() == before


def test_a_row_without_a_target_has_blank_months_and_no_zeros(
    cast: Cast, planner: Client, version: PlanVersion
) -> None:
    rows = table(planner, version)
    assert line_of(rows, "Peer of Rao")[3:] == ["revenue", "", "", "", "0", *[""] * 13]
    assert line_of(rows, "Rao")[-1] == "0.00"
    book = load_workbook(BytesIO(exported(planner, version, "xlsx"))).active
    assert book is not None
    assert [cell.value for cell in book[1]][: FIRST + 1] == [
        *("plan", "row", "name", "metric", "product", "region", "tier", "version", "total"),
        "m01 (2026-01)",
    ]


def test_a_changed_month_is_shown_first_and_counts_once_it_is_taken_over(
    cast: Cast, planner: Client, version: PlanVersion
) -> None:
    rows = table(planner, version)
    east = line_of(rows, "East")
    east[FIRST + 2], east[TOTAL] = "250.00", "1350.00"
    new = line_of(rows, "West")
    new[FIRST:] = ["10"] * 12

    answer = read(planner, version, written(rows))

    assert [(change.row.name, change.difference) for change in answer.context["check"].changes] == [
        ("East", Decimal(150)),
        ("West", Decimal(120)),
    ]
    assert "+¥150.00" in answer.content.decode()
    assert Target.objects.get(unit=cast.east).total == 1200

    done = take_over(planner, version, answer)

    assert done.status_code == 302
    target = Target.objects.get(unit=cast.east)
    assert [target.m03, target.total] == [250, 1350]
    assert target.all_overrides["m03"].reason == "From the file targets.csv"
    assert Target.objects.get(unit=cast.west).total == 120
    assert AuditEntry.objects.get(event="planning.targets.imported").facts["rows"] == 2


def test_a_blank_month_leaves_the_month_as_it_is_and_is_named(
    cast: Cast, planner: Client, version: PlanVersion
) -> None:
    rows = table(planner, version)
    east = line_of(rows, "East")
    east[TOTAL], east[FIRST], east[FIRST + 1] = "", "", "150"

    answer = read(planner, version, written(rows))
    take_over(planner, version, answer)

    assert "East" in answer.context["check"].blank
    target = Target.objects.get(unit=cast.east)
    assert [target.m01, target.m02, target.total] == [100, 150, 1250]


@pytest.mark.parametrize(
    ("column", "typed", "said"),
    [
        (FIRST, "a lot", "This is not an amount."),
        (FIRST, "-5", "A target is zero or more."),
        (FIRST, "1.234", "more than 2 decimals"),
        (TOTAL, "1", "The total says 1.00, but the months come to 1,201.00."),
        (1, "unit-999999", "is called unit-999999"),
        (1, "person-x", "is called person-x"),
        (0, "FY2031 v9", "This line belongs to FY2031 v9"),
        (SEEN, "x", "This is not a whole number."),
    ],
)
def test_a_wrong_cell_is_named_by_line_and_column_and_nothing_is_taken_over(
    planner: Client, version: PlanVersion, column: int, typed: str, said: str
) -> None:
    before = states()
    rows = table(planner, version)
    east = line_of(rows, "East")
    east[FIRST + 3], east[TOTAL] = "101", ""  # a change that is right
    place = rows.index(east) + 1
    east[column] = typed

    answer = read(planner, version, written(rows))

    (problem,) = answer.context["check"].problems
    assert (answer.status_code, problem.line, problem.field) == (422, place, rows[0][column])
    assert said in problem.message
    assert answer.context["proposal"] is None
    assert states() == before


def test_a_row_that_stands_twice_or_has_too_few_months_is_refused(planner: Client, version: PlanVersion) -> None:
    rows = table(planner, version)
    rows.append(line_of(rows, "East"))
    line_of(rows, "West")[FIRST] = "5"

    problems = read(planner, version, written(rows)).context["check"].problems

    told = " ".join(problem.message for problem in problems)
    assert "East stands on line" in told
    assert "there is no target here yet: 11 months are blank" in told


def test_a_file_older_than_the_row_is_refused_at_the_preview_and_at_the_end(
    cast: Cast, planner: Client, version: PlanVersion
) -> None:
    rows = table(planner, version)
    line_of(rows, "East")[FIRST : FIRST + 2] = ["150", "50"]
    looked = read(planner, version, written(rows))
    Target.objects.filter(unit=cast.east).update(lock_version=2)

    assert "Somebody changed this row" in read(planner, version, written(rows)).context["check"].problems[0].message
    assert take_over(planner, version, looked).status_code == 412
    assert Target.objects.get(unit=cast.east).m01 == 100


@pytest.mark.requirement("R7.4")
def test_a_manager_reads_and_changes_only_rows_within_reach(cast: Cast, version: PlanVersion) -> None:
    lin = signed_in(cast.lin)
    rows = table(lin, version)
    assert "West" not in [row[2] for row in rows]
    line_of(rows, "East")[FIRST : FIRST + 2] = ["150", "50"]
    own = read(lin, version, written(rows)).context["check"].problems
    assert own[0].message == "You may look at this target, but not change it."
    rows = table(lin, version)
    line_of(rows, "Rao")[FIRST : FIRST + 2] = ["33.34", "33.32"]
    assert take_over(lin, version, read(lin, version, written(rows))).status_code == 302
    assert Target.objects.get(person=cast.rao).m01 == Decimal("33.34")


def test_a_preview_is_of_one_person_and_one_version(cast: Cast, planner: Client, version: PlanVersion) -> None:
    rows = table(planner, version)
    line_of(rows, "Rao")[FIRST : FIRST + 2] = ["33.34", "33.32"]
    looked = read(planner, version, written(rows))

    assert take_over(signed_in(cast.admin), version, looked).status_code == 422
    url = reverse("planning:targets-import", kwargs={"version": version.pk})
    assert planner.post(url, {"proposal": "forged"}).status_code == 422
    assert Target.objects.get(person=cast.rao).m01 == Decimal("33.33")


def test_a_locked_total_is_kept_by_a_file(cast: Cast, planner: Client, version: PlanVersion) -> None:
    Target.objects.filter(unit=cast.east).update(total_locked=True)
    rows = table(planner, version)
    east = line_of(rows, "East")
    east[FIRST], east[TOTAL] = "150", ""

    assert "locked at 1,200.00" in read(planner, version, written(rows)).context["check"].problems[0].message


def test_names_that_look_like_formulas_leave_and_come_back_as_they_are(
    cast: Cast, planner: Client, version: PlanVersion
) -> None:
    cast.rao.name = "=1+1"
    cast.rao.save()
    assert line_of(table(planner, version), "'=1+1")[1] == f"person-{cast.rao.pk}"
    rows = table(planner, version)
    for row in rows[1:]:
        row[1] = ""  # found by their names
    assert read(planner, version, written(rows)).context["check"].problems == []


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"a,b\n1,2\n", b"\x00\x01\x02"])
def test_what_is_no_file_of_targets_is_said_so(planner: Client, version: PlanVersion, content: bytes) -> None:
    assert read(planner, version, content).status_code == 422


def test_a_version_that_counts_is_exported_and_takes_no_file(cast: Cast, planner: Client) -> None:
    version = make_version(status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.east)
    assert len(table(planner, version)) > 1
    assert read(planner, version, exported(planner, version)).status_code == 409


def test_the_pack_has_a_sheet_for_every_unit_below_with_definition_and_signatures(
    cast: Cast, planner: Client, version: PlanVersion
) -> None:
    answer = planner.get(reverse("planning:targets-print", kwargs={"version": version.pk, "unit": cast.east.pk}))

    html = answer.content.decode()
    assert [sheet.own.row.name for sheet in answer.context["sheets"]] == ["East", "East one", "East two"]
    assert html.count("Accepted by") == 3
    assert "The amounts of won deals" in html
    assert "Rao" in html
    assert "25.0%" in html


def test_the_pack_of_a_unit_out_of_sight_is_unknown(cast: Cast, version: PlanVersion) -> None:
    url = reverse("planning:targets-print", kwargs={"version": version.pk, "unit": cast.west.pk})
    assert signed_in(cast.lin).get(url).status_code == 404


@pytest.mark.requirement("R1.1")
def test_a_target_of_another_metric_is_shown_in_its_own_unit_and_taken_over(
    cast: Cast, planner: Client, version: PlanVersion
) -> None:
    make_target(version, unit=cast.east, scope=Scope(make_metric(), make_product("Flagship")), month=Decimal(2))
    rows = table(planner, version)
    wins = next(row for row in rows if row[3] == "wins")
    wins[FIRST + 2], wins[TOTAL] = "5", ""

    answer = read(planner, version, written(rows))

    html = answer.content.decode()
    assert "Won deals · Flagship" in html
    assert "+3" in html
    assert take_over(planner, version, answer).status_code == 302
    target = Target.objects.other().get()
    assert [target.m03, target.total, Target.objects.plain().filter(lock_version=2).count()] == [5, 27, 0]


@pytest.mark.requirement("R0.2", "R1.1", "R1.6")
def test_the_pack_holds_targets_of_all_metrics_strategies_people_and_funnel_goals(cast: Cast, planner: Client) -> None:
    for number in range(12):
        path = ("Lead", "Contacted", "Visited", "Quoted", "Won" if number % 2 else "Lost")
        make_deal(
            owner=cast.rao, path=path, created=date(2025, 2, 1) + timedelta(days=10 * number), amount=Decimal(50_000)
        )
    version = make_version(make_plan(2026), by=cast.planner, status=PlanVersion.Status.ACTIVE)
    target = make_target(version, unit=cast.east, month=Decimal(100_000))
    make_target(version, unit=cast.east, scope=Scope(make_metric("margin")), month=Decimal(30_000))
    make_target(version, person=cast.rao, scope=Scope(make_metric()), month=Decimal(2))
    make_target(version, unit=cast.west, scope=Scope(make_metric()), month=Decimal(777))
    services.derive_goals(
        version=version, actor=cast.planner, today=date(2026, 1, 1), now=datetime(2026, 1, 1, tzinfo=UTC)
    )
    strategy = customers.add_strategy(actor=cast.planner, name="Win the coast", owner=cast.lin)
    services.link_target(target=target, actor=cast.planner, strategies=[strategy], carriers=[(cast.rao, "Seller")])
    url = reverse("planning:targets-print", kwargs={"version": version.pk, "unit": cast.east.pk})

    answer = planner.get(url)

    east, team, _two = answer.context["sheets"]
    assert [(other.name, other.metric, other.annual) for other in east.others] == [("East", "Gross margin", "360")]
    assert [(other.name, other.annual, other.months[0]) for other in team.others] == [("Rao", "24", "2")]
    html = answer.content.decode()
    assert "West" not in {other.name for sheet in answer.context["sheets"] for other in sheet.others}
    for told in ("Win the coast (", "Rao (Seller)", "Funnel goals", "Quoted", "less their costs"):
        assert told in html, told
    assert "Where people share the credit, each has their share of the money" in html
    assert "the deal counts once: for its owner" in html
    stages = {line.goal.stage.name: line for line in east.funnels[0].stages}
    assert stages["Won"].total == pytest.approx(24)
    User.objects.update(language="zh-hans")
    chinese = planner.get(url).content.decode()
    for told in ("漏斗目标", "其他目标", "所服务的战略", "承担人"):
        assert told in chinese, told
