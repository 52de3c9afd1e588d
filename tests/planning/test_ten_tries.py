"""
The ten things that somebody tries first who doubts a planning product, each from end to end, in the order of the list.

1 the ladder 25 / 5 / 1.25 · 2 a target on a group · 3 a move in May · 4 another fiscal year · 5 six leads, none converted ·
6 a lost deal and last month's forecast · 7 an override and a new split · 8 blanks in Excel · 9 Spring Festival ·
10 the same call twice. Each has closer tests beside its own code; here they stand together.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook
from rest_framework.test import APIClient

from customers.models import Deal, StageEvent
from planning import queries, services
from planning.models import ConversionWarning, NodeForecast, PlanVersion, Target, Watched
from planning.queries import WorkCalendar
from teams import services as teams
from teams.models import Company
from tests.factories.customers import make_deal, make_pipeline, stage_of
from tests.factories.planning import make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person, make_unit, signed_in
from tests.factories.warnings import make_history

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2", "R1.3", "R1.5")]
WON = ("Lead", "Won")
D = Decimal


def won_in_the_grid(version: PlanVersion, cast: Cast, as_of: date) -> dict[str, Decimal]:
    grid = queries.target_grid(version=version, user=cast.planner, as_of=as_of)
    return {row.name: row.won.revenue for row in grid.rows}


@pytest.mark.requirement("R1.3")
def test_1_a_year_of_25_quarters_of_5_and_months_of_one_and_a_quarter_are_objected_to(cast: Cast) -> None:
    for month in range(1, 13):
        make_deal(owner=cast.rao, path=WON, created=date(2025, month, 10), days_in_stage=0, amount=D(1000))
    page, typed = signed_in(cast.planner), {"year": "25", "quarter": "5", "month": "1.25"}
    url = reverse("planning:target-ladder", kwargs={"version": make_version().pk, "unit": cast.east.pk})

    html = page.get(url, typed).content.decode()
    assert "These rates do not add up to +25.00%" in html
    assert "1.25% from month to month makes 3.80% a quarter, not 5.00%." in html
    for led in (
        "+21.55%",
        "+13.14%",
        "+16.08%",
        "+8.51%",
    ):  # 5 % a quarter and 1.25 % a month, compounded and on the total
        assert led in html, led
    assert page.post(url, {**typed, "base": "", "keep": "year", "lock_version": "0"}).status_code == 302
    assert Target.objects.get().total == D("15000.00")


@pytest.mark.requirement("R1.5")
def test_2_a_deal_under_a_grandchild_counts_for_the_group_that_has_the_target(cast: Cast) -> None:
    version = make_version(make_plan(2026), status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.east, month=D(100))
    below = make_unit("Key accounts", parent=cast.east_one)
    make_deal(owner=make_person(unit=below), path=WON, created=date(2026, 4, 10), amount=D(700))

    grid = queries.target_grid(version=version, user=cast.planner, as_of=date(2026, 6, 30))

    east = grid.row(unit=cast.east.pk)
    assert east is not None
    assert [east.won.revenue, east.to_date] == [D(700), D(600)]
    assert east.attainment == pytest.approx(7 / 6)
    told = {row.name: row.won.revenue for row in grid.rows}
    assert [told[name] for name in ("Key accounts", "East one", "East", "Company")] == [D(700)] * 4
    assert told["West"] == 0


@pytest.mark.requirement("R1.5")
def test_3_a_rep_who_moves_in_may_takes_may_along_and_leaves_april(cast: Cast) -> None:
    version = make_version(make_plan(2026), status=PlanVersion.Status.ACTIVE)
    make_pipeline()
    for month, amount in ((4, 400), (5, 500)):
        make_deal(owner=cast.rao, path=WON, created=date(2026, month, 5), days_in_stage=9, amount=D(amount))
    before = won_in_the_grid(version, cast, date(2026, 6, 30))
    assert (before["East one"], before["West one"]) == (D(900), D(0))

    teams.move_person(actor=cast.admin, user=cast.rao, unit=cast.west_one, from_date=date(2026, 5, 1))

    after = won_in_the_grid(version, cast, date(2026, 6, 30))
    assert (after["East one"], after["East"]) == (D(400), D(400))
    assert (after["West one"], after["West"]) == (D(500), D(500))
    assert (after["Company"], after["Rao"]) == (before["Company"], D(900))


@pytest.mark.requirement("R0.1")
def test_4_another_first_month_of_the_fiscal_year_loses_nothing_of_a_running_plan(cast: Cast) -> None:
    version = make_version(make_plan(2026), status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.company, m04=D(7))
    make_target(version, person=cast.rao)
    page, kept = signed_in(cast.planner), list(Target.objects.order_by("pk").values())
    grid = queries.target_grid(version=version, user=cast.planner, as_of=date(2026, 6, 30))

    assert page.post(reverse("planning:fiscal-calendar"), {"start_month": "4"}).status_code == 302

    assert Company.objects.get().fiscal_start_month == 4
    assert list(Target.objects.order_by("pk").values()) == kept
    again = queries.target_grid(version=PlanVersion.objects.get(), user=cast.planner, as_of=date(2026, 6, 30))
    assert (again.months, again.rows) == (grid.months, grid.rows)


@pytest.mark.requirement("R1.9")
def test_5_six_leads_of_whom_none_converted_raise_no_alarm(cast: Cast) -> None:
    day, pipeline = date(2026, 6, 15), make_pipeline()
    owners = [cast.rao, cast.peer, cast.west_rep, make_person("Fourth", unit=cast.west_one)]
    make_history(pipeline, owners, until=day, drop=0.0, seed=9)
    newcomer = make_person("Newcomer", unit=cast.east_one)
    for number in range(6):
        make_deal(
            owner=newcomer,
            pipeline=pipeline,
            path=("Lead", "Lost"),
            created=day - timedelta(days=30 - number),
            days_in_stage=10,
        )

    services.watch_conversions(plan=make_plan(2026), as_of=day, clock=lambda: datetime(2026, 6, 15, tzinfo=UTC))

    assert not ConversionWarning.objects.exists()
    assert Watched.objects.get().too_few > 0


@pytest.mark.requirement("R1.8")
def test_6_a_deal_that_is_lost_today_does_not_move_last_months_forecast(cast: Cast) -> None:
    plan = make_plan(2026)
    make_deal(owner=cast.rao, path=WON, created=date(2026, 2, 2), amount=D(500))
    deal = make_deal(owner=cast.rao, path=("Lead", "Contacted"), created=date(2026, 5, 1))

    def clock() -> datetime:
        return datetime(2026, 7, 1, tzinfo=UTC)

    services.run_forecast(plan=plan, as_of=date(2026, 6, 1), clock=clock)
    columns = ("period", "unit", "person", "expected", "p10", "p50", "p90", "booked")
    last_month = NodeForecast.objects.filter(run__business_date=date(2026, 6, 1)).order_by("pk")
    before = list(last_month.values_list(*columns))
    lost = stage_of(deal.pipeline, "Lost")
    StageEvent.objects.create(
        deal=deal,
        seq=3,
        kind=StageEvent.Kind.MOVE,
        from_stage=deal.stage,
        to_stage=lost,
        amount=deal.amount,
        actor=cast.rao,
        occurred_at=datetime(2026, 6, 30, tzinfo=UTC),
        recorded_at=datetime(2026, 6, 30, tzinfo=UTC),
    )
    Deal.objects.filter(pk=deal.pk).update(stage=lost, last_seq=3, version=3, closed_date=date(2026, 6, 30))

    services.run_forecast(plan=plan, as_of=date(2026, 7, 1), clock=clock)

    assert before
    assert list(last_month.values_list(*columns)) == before


@pytest.mark.requirement("R1.2")
def test_7_an_override_and_its_reason_are_still_there_after_a_new_split(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east)
    page, row = signed_in(cast.planner), {"version": version.pk, "unit": cast.east.pk}
    months = {f"m{month:02}": "100" for month in range(1, 13)} | {"m03": "250"}
    by_hand = {**months, "reason": "The fair is in March", "lock_version": 1}
    assert page.post(reverse("planning:target-edit", kwargs=row), by_hand).status_code == 302

    again = {"total": "3450", "split": "even", "lock_version": 2}
    assert page.post(reverse("planning:target-split", kwargs=row), again).status_code == 302

    target = Target.objects.get()
    assert (target.m03, target.total, target.m04) == (D(250), D(3450), D("290.91"))
    assert target.all_overrides["m03"].reason == "The fair is in March"
    assert "The fair is in March" in page.get(reverse("planning:target-edit", kwargs=row)).content.decode()


@pytest.mark.requirement("R1.2")
def test_8_blanks_in_excel_leave_what_stands_there_and_make_no_zeros(cast: Cast) -> None:
    version = make_version()
    make_target(version, unit=cast.east)
    page = signed_in(cast.planner)
    out = page.get(reverse("planning:targets-export", kwargs={"version": version.pk, "kind": "xlsx"}))
    book = load_workbook(BytesIO(out.getvalue()))
    sheet = book.active
    assert sheet is not None
    head = [str(cell.value).split(" ")[0] for cell in sheet[1]]
    east = next(row for row in sheet.iter_rows(min_row=2) if row[2].value == "East")
    west = next(row for row in sheet.iter_rows(min_row=2) if row[2].value == "West")
    east[head.index("m01")].value, east[head.index("m02")].value, east[head.index("total")].value = None, 150, None
    west[head.index("m01")].value = 5
    copy = BytesIO()
    book.save(copy)
    into = reverse("planning:targets-import", args=[version.pk])

    refused = page.post(into, {"file": SimpleUploadedFile("targets.xlsx", copy.getvalue())})
    assert "Blank is not zero, and there is no target here yet: 11 months are blank." in refused.content.decode()
    west[head.index("m01")].value = None
    copy = BytesIO()
    book.save(copy)
    looked = page.post(into, {"file": SimpleUploadedFile("targets.xlsx", copy.getvalue())})
    page.post(into, {"proposal": looked.context["proposal"]["proposal"].value()})

    target = Target.objects.get()
    assert [target.m01, target.m02, target.total] == [D(100), D(150), D(1250)]


@pytest.mark.requirement("R1.2")
def test_9_spring_festival_takes_january_in_one_year_and_february_in_the_next(cast: Cast) -> None:
    """In 2025 the festival fell on 29 January, in 2026 on 17 February."""

    def january_and_february(year: int) -> tuple[Decimal, Decimal]:
        split = services.split_target(
            version=make_version(make_plan(year)),
            unit=cast.company,
            total=D(1_000_000),
            split=Target.Split.WORKING_DAYS,
            actor=cast.planner,
            lock_version=0,
        )
        return split.target.m01, split.target.m02

    early, late = january_and_february(2025), january_and_february(2026)

    assert early[0] < late[0]
    assert early[1] > late[1]
    # and the pace of the year goes by the same days: of 2026, much less is due after February's first half than after January's
    calendar = WorkCalendar()
    assert calendar.share_gone(date(2026, 2, 1), date(2026, 2, 22)) < calendar.share_gone(
        date(2026, 1, 1), date(2026, 1, 22)
    )


@pytest.mark.requirement("R7.3")
def test_10_the_same_call_sent_twice_has_one_effect(cast: Cast) -> None:
    pipeline = make_pipeline()
    asking = APIClient()
    asking.force_login(cast.rao)
    body = {"title": "Once", "pipeline": pipeline.pk}

    first, second = (asking.post("/api/v1/deals/", body, HTTP_IDEMPOTENCY_KEY="order-7") for _time in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert (second.json(), second["Idempotent-Replayed"]) == (first.json(), "true")
    assert Deal.objects.count() == StageEvent.objects.count() == 1
    move = {"to_stage": stage_of(pipeline, "Contacted").pk}
    address = f"/api/v1/deals/{first.json()['id']}/moves/"
    moved = [
        asking.post(address, move, HTTP_IDEMPOTENCY_KEY="move-1", HTTP_IF_MATCH=first["ETag"]) for _time in range(2)
    ]
    assert [answer.status_code for answer in moved] == [200, 200]
    assert StageEvent.objects.count() == 2
    other = asking.post(address, {"to_stage": stage_of(pipeline, "Won").pk}, HTTP_IDEMPOTENCY_KEY="move-1")
    assert other.status_code == 422
