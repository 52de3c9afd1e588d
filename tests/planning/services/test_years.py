from datetime import date
from decimal import Decimal

import pytest

from core.errors import Invalid, NotAllowed
from core.models import AuditEntry
from planning import services
from planning.models import FiscalYear, Plan, PlanVersion, Target
from planning.queries import target_grid
from teams.models import Company, Membership, OrgUnit, User
from tests.factories.planning import make_fiscal_year, make_plan, make_target, make_version
from tests.factories.teams import Cast, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R0.1")]


@pytest.mark.parametrize("start", range(1, 13))
def test_a_fiscal_year_starts_in_any_month_and_has_twelve(cast: Cast, start: int) -> None:
    Company.objects.update(fiscal_start_month=start)
    opened = services.open_fiscal_year(year=2026, actor=cast.planner)
    assert opened.first_date == date(2026 if start == 1 else 2025, start, 1)
    assert opened.after_date == opened.first_date.replace(year=opened.first_date.year + 1)


def test_a_first_day_may_be_given(cast: Cast) -> None:
    opened = services.open_fiscal_year(year=2026, first_date=date(2026, 4, 1), actor=cast.planner)
    assert (opened.first_date, opened.after_date) == (date(2026, 4, 1), date(2027, 4, 1))


@pytest.mark.parametrize(
    ("year", "first_date"),
    [(2026, date(2026, 4, 2)), (2026, date(2023, 1, 1)), (1999, None), (2101, None)],
)
def test_a_year_that_is_no_fiscal_year_is_refused(cast: Cast, year: int, first_date: date | None) -> None:
    with pytest.raises(Invalid):
        services.open_fiscal_year(year=year, first_date=first_date, actor=cast.planner)
    assert not FiscalYear.objects.exists()


def test_no_day_belongs_to_two_fiscal_years(cast: Cast) -> None:
    make_fiscal_year(2026)
    with pytest.raises(services.FiscalYearExists):
        services.open_fiscal_year(year=2026, actor=cast.planner)
    with pytest.raises(services.YearsOverlap, match="begin the new year on 1 Jan 2027 or later"):
        services.open_fiscal_year(year=2027, first_date=date(2026, 12, 1), actor=cast.planner)
    assert FiscalYear.objects.count() == 1


def test_a_plan_takes_the_companys_money_and_clock_and_begins_with_a_draft(cast: Cast) -> None:
    Company.objects.update(currency="EUR", time_zone="Europe/Berlin")
    plan = services.create_plan(fiscal_year=make_fiscal_year(), actor=cast.planner)
    assert (plan.currency, plan.time_zone) == ("EUR", "Europe/Berlin")
    assert [(version.number, version.status) for version in plan.versions.all()] == [(1, "draft")]


def test_a_fiscal_year_has_one_plan(cast: Cast) -> None:
    plan = make_plan()
    with pytest.raises(services.PlanExists):
        services.create_plan(fiscal_year=plan.fiscal_year, actor=cast.planner)


def test_one_number_begins_the_year(cast: Cast) -> None:
    version = services.begin_year(year=2026, total=Decimal("250000000.00"), actor=cast.planner)
    target = Target.objects.get()
    assert (target.version, target.unit, target.total) == (version, cast.company, Decimal("250000000.00"))
    assert version.is_draft
    assert list(AuditEntry.objects.order_by("pk").values_list("event", flat=True)) == [
        "planning.fiscal_year.opened",
        "planning.plan.created",
        "planning.target.split",
    ]


def test_a_year_that_cannot_begin_leaves_nothing_behind(cast: Cast) -> None:
    with pytest.raises(services.AmountIsInvalid):
        services.begin_year(year=2026, total=Decimal(-1), actor=cast.planner)
    assert not FiscalYear.objects.exists()
    assert not Plan.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_year_needs_a_company_to_have_a_target() -> None:
    assert not OrgUnit.objects.exists()
    with pytest.raises(services.CompanyIsMissing):
        services.begin_year(year=2026, total=Decimal(1), actor=make_person(capabilities=("plan_owner",)))


def test_only_those_who_plan_begin_years(cast: Cast) -> None:
    for person in (cast.rao, cast.mori, cast.lin):
        with pytest.raises(NotAllowed):
            services.begin_year(year=2026, total=Decimal(1), actor=person)
        with pytest.raises(NotAllowed):
            services.open_fiscal_year(year=2026, actor=person)
    assert not PlanVersion.objects.exists()


def test_another_start_of_the_fiscal_year_leaves_a_running_plan_as_it_is(cast: Cast) -> None:
    """The fourth thing that a reviewer tries first: nothing may be lost, and nothing moves in silence."""
    version = make_version(make_plan(2026), status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.company, m04=Decimal(7))
    before = target_grid(version=version, user=cast.planner, as_of=date(2026, 6, 30))
    services.change_fiscal_start(start_month=4, actor=cast.planner)
    assert Company.objects.get().fiscal_start_month == 4
    after = target_grid(version=PlanVersion.objects.get(), user=cast.planner, as_of=date(2026, 6, 30))
    assert (after.months, after.due, after.rows) == (before.months, before.due, before.rows)
    year = FiscalYear.objects.get()
    assert (year.first_date, year.after_date) == (date(2026, 1, 1), date(2027, 1, 1))
    assert AuditEntry.objects.get().facts == {"was": 1, "start_month": 4}

    with pytest.raises(services.YearsOverlap, match="It stays as it is"):  # FY2027 would begin in April 2026
        services.begin_year(year=2027, total=Decimal(12), actor=cast.planner)
    with pytest.raises(services.YearsLeaveAGap, match="3 months after FY2026, from 1 Jan 2027 to 31 Mar 2027"):
        services.begin_year(year=2028, total=Decimal(12), actor=cast.planner)
    assert Target.objects.count() == 1
    following = services.begin_year(year=2028, total=Decimal(12), actor=cast.planner, leaves_gap=True)
    assert following.plan.fiscal_year.first_date == date(2027, 4, 1)
    assert Target.objects.filter(version=version).get().m04 == Decimal(7)


def test_a_moved_unit_and_a_person_who_left_keep_their_targets_in_sight(cast: Cast) -> None:
    version = make_version(make_plan(2026), status=PlanVersion.Status.ACTIVE)
    make_target(version, unit=cast.east_one)
    make_target(version, person=cast.rao)
    cast.east_one.parent = cast.west
    cast.east_one.save()
    Membership.objects.filter(user=cast.rao).update(valid_to=date(2026, 6, 1))
    User.objects.filter(pk=cast.rao.pk).update(is_active=False, left_date=date(2026, 5, 31))
    grid = target_grid(version=version, user=cast.planner, as_of=date(2026, 6, 30))
    rows = {row.name: row for row in grid.rows if row.target}
    assert rows["East one"].parent == f"unit-{cast.west.pk}"
    assert (rows["Rao"].total, rows["Rao"].is_former) == (Decimal(1200), True)
    assert not rows["East one"].is_former
    assert Target.objects.filter(version=version).count() == 2
