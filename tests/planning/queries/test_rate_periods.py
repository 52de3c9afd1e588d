"""The words of the address for cohorts, in the fiscal calendar."""

from datetime import date
from itertools import pairwise

import pytest

from core.periods import FiscalCalendar, Span
from planning.queries.rate_periods import cohort_choices, cohort_of, earlier_cohort, trend_cohorts

pytestmark = pytest.mark.requirement("R1.7")

JANUARY, APRIL = FiscalCalendar(1), FiscalCalendar(4)
AS_OF = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("code", "calendar", "first", "last"),
    [
        ("12m", JANUARY, date(2025, 6, 15), date(2026, 6, 14)),
        ("2026", JANUARY, date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q2", JANUARY, date(2026, 4, 1), date(2026, 6, 30)),
        ("2026-M05", JANUARY, date(2026, 5, 1), date(2026, 5, 31)),
        ("2027-Q1", APRIL, date(2026, 4, 1), date(2026, 6, 30)),
        ("2026-M12", APRIL, date(2026, 3, 1), date(2026, 3, 31)),
    ],
)
def test_a_code_names_its_days(code: str, calendar: FiscalCalendar, first: date, last: date) -> None:
    cohort = cohort_of(code, calendar=calendar, as_of=AS_OF)

    assert cohort is not None
    assert cohort.span == Span(first, last)
    assert cohort.code == code


@pytest.mark.parametrize(
    "code", ["", "13m", "2026-Q5", "2026-M13", "2026-Q3", "2027", "1999", "9999", "２０２６", "2026-q1"]
)
def test_anything_else_and_the_future_are_no_cohort(code: str) -> None:
    assert cohort_of(code, calendar=JANUARY, as_of=AS_OF) is None


@pytest.mark.parametrize(
    ("code", "against", "first"),
    [
        ("12m", "year", date(2024, 6, 15)),
        ("2026-Q1", "year", date(2025, 1, 1)),
        ("2026-Q1", "previous", date(2025, 10, 1)),
        ("2026-M01", "previous", date(2025, 12, 1)),
        ("2026-M01", "year", date(2025, 1, 1)),
        ("2026", "previous", date(2025, 1, 1)),
    ],
)
def test_a_cohort_has_an_earlier_one(code: str, against: str, first: date) -> None:
    cohort = cohort_of(code, calendar=JANUARY, as_of=AS_OF)
    assert cohort is not None

    earlier = earlier_cohort(cohort, against, calendar=JANUARY)

    assert earlier.span.first == first
    assert earlier.span.last < cohort.span.first


@pytest.mark.parametrize(("code", "steps"), [("12m", 9), ("2026", 4), ("2026-Q2", 9), ("2026-M06", 13)])
def test_the_trend_ends_with_the_period_and_leaves_no_day_out(code: str, steps: int) -> None:
    cohort = cohort_of(code, calendar=JANUARY, as_of=AS_OF)
    assert cohort is not None

    trend = trend_cohorts(cohort, calendar=JANUARY, as_of=AS_OF)

    assert len(trend) == steps
    assert date(2026, 6, 14) in trend[-1].span
    assert all((b.span.first - a.span.last).days == 1 for a, b in pairwise(trend))


def test_every_offered_period_can_be_read_back() -> None:
    for calendar in (JANUARY, APRIL):
        for cohort in cohort_choices(calendar=calendar, as_of=AS_OF):
            assert cohort_of(cohort.code, calendar=calendar, as_of=AS_OF) == cohort
