"""The fiscal calendar, for every month in which a year can start."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.periods import (
    QUARTERS,
    FiscalCalendar,
    Naming,
    Period,
    Span,
    add_months,
    is_working_day,
    label,
    month_end,
    month_span,
    months_apart,
    spring_festival,
    working_days,
    working_days_by_month,
)

calendars = st.builds(FiscalCalendar, start_month=st.integers(1, 12), naming=st.sampled_from(Naming))
days = st.dates(date(2000, 1, 1), date(2100, 12, 31))
years = st.integers(2000, 2100)


@pytest.mark.parametrize(
    ("start_month", "naming", "day", "expected"),
    [
        (1, Naming.BY_END, date(2026, 1, 1), Period(2026, 1, 1)),
        (1, Naming.BY_START, date(2026, 12, 31), Period(2026, 4, 12)),
        (4, Naming.BY_END, date(2026, 3, 31), Period(2026, 4, 12)),
        (4, Naming.BY_END, date(2026, 4, 1), Period(2027, 1, 1)),
        (4, Naming.BY_START, date(2026, 4, 1), Period(2026, 1, 1)),
        (12, Naming.BY_END, date(2025, 12, 1), Period(2026, 1, 1)),
        (2, Naming.BY_END, date(2028, 2, 29), Period(2029, 1, 1)),
    ],
)
def test_a_day_lies_in_the_period_that_an_accountant_would_name(
    start_month: int, naming: Naming, day: date, expected: Period
) -> None:
    assert FiscalCalendar(start_month, naming).period_of(day) == expected


@given(calendars, days)
def test_every_day_lies_in_exactly_the_year_quarter_and_month_that_it_names(
    calendar: FiscalCalendar, day: date
) -> None:
    period = calendar.period_of(day)
    assert day in calendar.year(period.year)
    assert day in calendar.quarter(period.year, period.quarter)
    assert day in calendar.month(period.year, period.month)
    assert day not in calendar.year(period.year - 1)
    assert day not in calendar.year(period.year + 1)


@given(calendars, years)
def test_months_and_quarters_tile_the_year_without_gap_or_overlap(calendar: FiscalCalendar, year: int) -> None:
    whole = calendar.year(year)
    months = [calendar.month(year, number) for number in range(1, 13)]
    quarters = [calendar.quarter(year, number) for number in QUARTERS]
    for parts in (months, quarters):
        assert (parts[0].first, parts[-1].last) == (whole.first, whole.last)
        assert all(later.first - earlier.last == timedelta(days=1) for earlier, later in pairwise(parts))
        assert sum(part.days for part in parts) == whole.days
    assert tuple(month.first for month in months) == calendar.months(year)
    assert whole.days in (365, 366)


@given(calendars, years)
def test_years_follow_each_other_without_gap(calendar: FiscalCalendar, year: int) -> None:
    assert calendar.year(year + 1).first - calendar.year(year).last == timedelta(days=1)


@given(calendars, years)
def test_a_year_touches_the_calendar_year_after_which_it_is_named(calendar: FiscalCalendar, year: int) -> None:
    span = calendar.year(year)
    assert year == (span.first.year if calendar.naming is Naming.BY_START else span.last.year)


@given(days, st.integers(-600, 600))
def test_adding_months_moves_by_exactly_that_many_months(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert months_apart(day, moved) == months
    assert moved.day == min(day.day, month_end(moved).day)


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="start in month 13"):
        FiscalCalendar(13)
    with pytest.raises(ValueError, match="no quarter 5"):
        FiscalCalendar().quarter(2026, 5)
    with pytest.raises(ValueError, match="no month 0"):
        FiscalCalendar().month(2026, 0)
    with pytest.raises(ValueError, match="before it starts"):
        Span(date(2026, 2, 1), date(2026, 1, 31))
    with pytest.raises(ValueError, match="not known"):
        is_working_day(date(2026, 1, 5), country="XX")


def test_a_fiscal_year_is_written_with_its_letters() -> None:
    assert label(2026) == "FY2026"


def test_working_days_follow_the_country_and_its_make_up_days() -> None:
    october = month_span(date(2025, 10, 1))
    assert working_days(october) == 23
    assert not is_working_day(date(2025, 10, 1), country="CN")
    assert is_working_day(date(2025, 10, 11), country="CN")  # a Saturday made up for the golden week
    assert working_days(october, country="CN") == 18


def test_the_companys_own_calendar_wins_over_the_countrys() -> None:
    own = {date(2026, 1, 1): True, date(2026, 1, 2): False}
    assert is_working_day(date(2026, 1, 1), country="CN", overrides=own)
    assert not is_working_day(date(2026, 1, 2), country="", overrides=own)


@given(calendars, years)
def test_working_days_by_month_add_up_to_the_year(calendar: FiscalCalendar, year: int) -> None:
    assert sum(working_days_by_month(calendar, year)) == working_days(calendar.year(year))


def test_spring_festival_is_the_first_day_of_the_lunar_year() -> None:
    assert [spring_festival(year) for year in (2023, 2024, 2025, 2026, 2027)] == [
        date(2023, 1, 22),
        date(2024, 2, 10),
        date(2025, 1, 29),
        date(2026, 2, 17),
        date(2027, 2, 6),
    ]
