from datetime import date
from decimal import Decimal

import pytest

from core.errors import Invalid, NotAllowed
from core.models import AuditEntry
from planning import services
from planning.models import FiscalYear, Plan, PlanVersion, Target
from teams.models import Company, OrgUnit
from tests.factories.planning import make_fiscal_year, make_plan
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
    with pytest.raises(services.FiscalYearExists):
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
