from datetime import date
from decimal import Decimal

import pytest

from planning import services
from planning.models import Target
from planning.queries import WorkCalendar, calendar_year, fiscal_months, learned_season, shape_of
from teams.models import Company, WorkdayOverride
from tests.factories.planning import make_plan, make_version
from tests.factories.teams import Cast

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("R1.2")]


def close(*days: date, is_workday: bool = False) -> None:
    WorkdayOverride.objects.bulk_create(WorkdayOverride(day=day, is_workday=is_workday, note="x") for day in days)


def test_make_up_days_of_the_country_and_days_of_the_company_both_count(cast: Cast) -> None:
    before = WorkCalendar()
    assert before.is_worked(date(2026, 2, 14))  # a Saturday that makes up for the festival
    assert not before.is_worked(date(2026, 2, 17))  # the festival itself, a Tuesday

    close(date(2026, 3, 4))
    close(date(2026, 3, 7), date(2026, 3, 8), is_workday=True)

    after = WorkCalendar()
    march = (date(2026, 3, 1),)
    assert after.by_month(march)[0] == before.by_month(march)[0] + 1


def test_the_festival_takes_working_days_from_january_in_one_year_and_from_february_in_the_next(cast: Cast) -> None:
    """In 2025 the festival fell on 29 January, in 2026 on 17 February."""

    def january_and_february(year: int) -> tuple[Decimal, Decimal]:
        target = services.split_target(
            version=make_version(make_plan(year)),
            unit=cast.company,
            total=Decimal(1_000_000),
            split=Target.Split.WORKING_DAYS,
            actor=cast.planner,
            lock_version=0,
        ).target
        days = WorkCalendar().by_month((date(year, 1, 1), date(year, 2, 1)))
        assert target.m01 / days[0] == pytest.approx(target.m02 / days[1], rel=Decimal("0.00001"))
        return target.m01, target.m02

    early, late = january_and_february(2025), january_and_february(2026)

    assert early[0] < late[0]
    assert early[1] > late[1]
    assert late[1] < late[0] * Decimal("0.9")


def test_a_day_off_reaches_the_weights_the_season_and_the_pace(cast: Cast) -> None:
    version = make_version(make_plan(2026))
    months = fiscal_months(version.plan.fiscal_year)

    def seen() -> tuple[float, ...]:
        return (
            float(shape_of(Target.Split.WORKING_DAYS, version=version, unit=cast.company).weights[5]),
            learned_season(plan=version.plan).working_days[5],
            round(float(learned_season(plan=version.plan).season.shares[5]), 6),
            WorkCalendar().share_gone(months[5], date(2026, 6, 15)),
        )

    before = seen()
    close(*(date(2026, 6, day) for day in range(22, 27)))
    after = seen()

    assert after[0] == before[0] - 5
    assert after[1] == before[1] - 5
    assert after[2] < before[2]
    assert after[3] > before[3]


def test_the_page_of_a_year_tells_public_and_own_days_apart(cast: Cast) -> None:
    close(date(2026, 6, 1), date(2026, 6, 2))

    year = calendar_year(2026)

    june = year.months[5]
    assert (june.public - june.worked, [row.day.day for row in june.listed]) == (2, [1, 2])
    assert year.festival == date(2026, 2, 17)
    assert year.public - year.worked == 2


def test_a_country_without_days_off_at_the_lunar_new_year_is_told_of_none() -> None:
    Company.objects.create(country="DE")

    assert calendar_year(2026).festival is None
