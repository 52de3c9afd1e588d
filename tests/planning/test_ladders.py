"""Ladders: every solver against the series written out, the document's own example, and months that add up."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.ladders import (
    Keep,
    Rates,
    Reading,
    Severity,
    Step,
    by_quarter,
    check,
    followed,
    growth,
    ladder,
    needed_steps,
    one_after_another,
    step_for_exit,
    step_for_total,
    year_on_year,
)

pytestmark = pytest.mark.requirement("R1.3")
FLAT = (Decimal(1_000_000),) * 12
GROWTHS = st.floats(-0.9, 9.0)
BASES = st.lists(st.integers(0, 10**9), min_size=12, max_size=12).filter(any)


def step(steps: tuple[Step, ...], of: int, reading: Reading) -> Step:
    return next(found for found in steps if found.steps == of and found.reading == reading)


@pytest.mark.parametrize(
    ("reading", "quarter", "month"),
    [
        (Reading.EACH, 0.25, 0.25),
        (Reading.SUM, 0.0625, 0.02083),
        (Reading.EXIT, 0.0574, 0.01877),
        (Reading.TOTAL, 0.0913, 0.0339),
    ],
)
def test_a_quarter_more_a_year_asks_so_much_of_each_step_of_a_flat_base(
    reading: Reading, quarter: float, month: float
) -> None:
    steps = needed_steps(0.25, FLAT)
    assert step(steps, 4, reading).needed == pytest.approx(quarter, abs=5e-5)
    assert step(steps, 12, reading).needed == pytest.approx(month, abs=5e-5)


def test_the_documents_own_ladder_does_not_add_up_and_the_finding_says_by_how_much() -> None:
    """25 % a year as 5 % a quarter and 1.25 % a month."""
    found = check(Rates(0.25, 0.05, 0.0125), FLAT)

    assert found.severity is Severity.CONTRADICTS
    assert found.quarter_by_months == pytest.approx(0.0380, abs=5e-5)
    leads_to = {(at.steps, at.reading): at.leads_to for at in found.steps}
    assert leads_to[4, Reading.SUM] == pytest.approx(0.20)
    assert leads_to[12, Reading.SUM] == pytest.approx(0.15)
    assert leads_to[4, Reading.EXIT] == pytest.approx(0.2155, abs=5e-5)
    assert leads_to[12, Reading.EXIT] == pytest.approx(0.1608, abs=5e-5)
    assert leads_to[4, Reading.TOTAL] == pytest.approx(0.131, abs=5e-4)
    assert leads_to[12, Reading.TOTAL] == pytest.approx(0.085, abs=5e-4)
    assert step(found.steps, 4, Reading.SUM).gap == Decimal("-600000.00")


@pytest.mark.parametrize(
    ("quarter", "month", "reading"),
    [(0.0625, 0.0208333, Reading.SUM), (0.0574, 0.0188, Reading.EXIT), (0.0913, 0.0339, Reading.TOTAL)],
)
def test_rates_that_agree_in_one_reading_are_left_in_peace(quarter: float, month: float, reading: Reading) -> None:
    found = check(Rates(0.25, quarter, month), FLAT)
    assert (found.severity, found.reading) == (Severity.AGREES, reading)


def test_rates_of_two_different_readings_do_not_agree() -> None:
    """Each alone would be right: 5.74 % compounds to the year, 2.083 % sums to it."""
    assert check(Rates(0.25, 0.0574, 0.0208), FLAT).severity is not Severity.AGREES


def test_a_year_alone_contradicts_nothing() -> None:
    assert check(Rates(0.25), FLAT).severity is Severity.AGREES


def climbed(reading: Reading, rate: float, base: list[int]) -> float:
    """The growth of the year by brute force: every step of the ladder written out, as the reading says it in words."""
    whole, reached, level = 0.0, 0.0, 1.0
    for part in base:
        level *= 1 + rate
        whole += part
        reached += part * (level if reading is Reading.TOTAL else 1 + rate)
    match reading:
        case Reading.SUM:
            return sum(rate for _step in base)
        case Reading.EXIT:
            return level - 1
        case _:
            return reached / whole - 1


def found_by_halving(reading: Reading, year: float, base: list[int]) -> float:
    """The rate that leads to the year, by nothing but trying: halve the interval in which it must lie."""
    low, high = min(year, 0.0) - 1e-9, max(year, 0.0) + 1e-9
    if reading in {Reading.TOTAL, Reading.EXIT}:
        low = max(low, -1 + 1e-12)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if climbed(reading, middle, base) < year else (low, middle)
    return (low + high) / 2


@settings(max_examples=300)
@given(st.floats(-0.8, 3.0), st.floats(-0.3, 0.6), st.floats(-0.15, 0.3), BASES)
def test_every_solver_and_every_reading_agree_with_brute_force(
    year: float, quarter: float, month: float, base: list[int]
) -> None:
    quarters = [sum(base[first : first + 3]) for first in range(0, 12, 3)]
    steps = followed(Rates(year, quarter, month), [Decimal(part) for part in base])
    assert {(at.steps, at.reading) for at in steps} == {(n, reading) for n in (4, 12) for reading in Reading}
    for at in steps:
        parts, typed = (quarters, quarter) if at.steps == 4 else (base, month)
        assert at.leads_to == pytest.approx(climbed(at.reading, typed, parts), rel=1e-9, abs=1e-9)
        assert at.needed == pytest.approx(found_by_halving(at.reading, year, parts), rel=1e-6, abs=1e-8)
        money = sum(base) * (climbed(at.reading, typed, parts) - year)
        assert float(at.gap or 0) == pytest.approx(money, rel=1e-6, abs=0.02)


@settings(max_examples=300)
@given(st.floats(-0.8, 3.0), st.floats(-0.3, 0.6), st.floats(-0.15, 0.3), BASES)
def test_the_months_of_every_repair_are_those_of_the_steps_written_out(
    year: float, quarter: float, month: float, base: list[int]
) -> None:
    amounts = [Decimal(part) for part in base]
    kept = {keep: ladder(keep, Rates(year, quarter, month), amounts) for keep in Keep}

    rate = found_by_halving(Reading.TOTAL, year, base)
    for step_number, (made, part) in enumerate(zip(kept[Keep.YEAR].months, base, strict=True), 1):
        assert float(made) == pytest.approx(part * (1 + rate) ** step_number, rel=1e-5, abs=0.02)
    level = 1.0
    for made, part in zip(kept[Keep.MONTHS].months, base, strict=True):
        level *= 1 + month
        assert float(made) == pytest.approx(part * level, rel=1e-9, abs=0.01)
    level = 1.0
    for made, first in zip(kept[Keep.QUARTERS].quarters, range(0, 12, 3), strict=True):
        level *= 1 + quarter
        assert float(made) == pytest.approx(sum(base[first : first + 3]) * level, rel=1e-9, abs=0.01)


@given(GROWTHS, BASES)
def test_the_solved_step_leads_back_to_the_year_when_the_series_is_written_out(year: float, base: list[int]) -> None:
    rate = step_for_total(year, [float(part) for part in base])

    total, level = 0.0, 1.0
    for part in base:
        level *= 1 + rate
        total += part * level
    assert total / sum(base) - 1 == pytest.approx(year, abs=1e-9, rel=1e-9)


@given(GROWTHS, st.sampled_from([4, 12]))
def test_the_exit_step_compounds_back_to_the_year(year: float, steps: int) -> None:
    level = 1.0
    for _ in range(steps):
        level *= 1 + step_for_exit(year, steps)
    assert level - 1 == pytest.approx(year, abs=1e-9, rel=1e-9)


@given(GROWTHS, st.floats(-0.5, 1.0), st.floats(-0.2, 0.4), BASES, st.sampled_from([Decimal("0.01"), Decimal(1)]))
def test_months_of_a_ladder_add_up_to_the_unit(
    year: float, quarter: float, month: float, base: list[int], unit: Decimal
) -> None:
    amounts = [Decimal(part) for part in base]
    for keep in Keep:
        made = ladder(keep, Rates(year, quarter, month), amounts, unit=unit)
        assert made.total == sum(made.quarters) == sum(made.months)
        assert all(part >= 0 and part % unit == 0 for part in made.months)
    kept = ladder(Keep.YEAR, Rates(year), amounts, unit=unit)
    assert abs(kept.total - sum(amounts) * (1 + Decimal(repr(year)))) <= unit / 2


def test_each_repair_keeps_its_rate_and_lets_the_others_follow() -> None:
    typed = Rates(0.25, 0.05, 0.0125)

    by_year, by_quarters, by_months = (ladder(keep, typed, FLAT) for keep in Keep)

    assert by_year.total == Decimal("15000000.00")
    assert by_year.quarter == pytest.approx(0.0913, abs=5e-5)
    assert by_year.month == pytest.approx(0.0339, abs=5e-5)
    assert by_quarters.year == pytest.approx(0.131, abs=5e-4)
    assert one_after_another(by_quarters.quarters) == pytest.approx((0.05,) * 3, abs=1e-6)
    assert by_months.year == pytest.approx(0.085, abs=5e-4)
    assert one_after_another(by_months.months) == pytest.approx((0.0125,) * 11, abs=1e-6)


def test_a_ladder_that_leans_on_its_last_months_says_so() -> None:
    climbing = ladder(Keep.YEAR, Rates(0.25), FLAT)
    assert climbing.is_steep
    assert climbing.exit == pytest.approx(0.491, abs=5e-4)
    assert climbing.last_quarter > climbing.base_last_quarter == pytest.approx(0.25)
    assert not ladder(Keep.YEAR, Rates(-0.10), FLAT).is_steep


def test_the_season_of_the_base_stays_in_the_ladder() -> None:
    base = [Decimal(part) for part in (500, 100, 300, 300, 300, 300, 300, 300, 300, 300, 300, 900)]
    made = ladder(Keep.YEAR, Rates(0.10), base)
    assert made.months[0] > made.months[1]
    assert made.total == Decimal("4620.00")


def test_where_there_is_no_base_growth_is_not_known_rather_than_infinite() -> None:
    assert growth(Decimal(5), Decimal(0)) is None
    assert year_on_year([Decimal(5), Decimal(6)], [Decimal(0), Decimal(4)]) == (None, 0.5)
    nothing = (Decimal(0),) * 12
    for refused in (lambda: followed(Rates(0.1), nothing), lambda: ladder(Keep.YEAR, Rates(0.1), nothing)):
        with pytest.raises(ValueError, match="no base"):
            refused()


def test_a_rate_that_was_not_typed_cannot_be_kept() -> None:
    for keep in (Keep.QUARTERS, Keep.MONTHS):
        with pytest.raises(ValueError, match="no rate"):
            ladder(keep, Rates(0.25), FLAT)


def test_quarters_are_the_sums_of_their_months() -> None:
    assert by_quarter([Decimal(month) for month in range(1, 13)]) == tuple(map(Decimal, (6, 15, 24, 33)))
