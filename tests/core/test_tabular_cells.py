"""Cells: what can be read for sure is read, everything else is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tabular import cells
from core.tabular.cells import Cell, DateOrder, DecimalMark, Unreadable

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1,234.50", "1234.50"),
        ("1234.5", "1234.50"),
        (" ¥1 234 ", "1234.00"),
        ("￥１，２３４．５０", "1234.50"),
        ("-12", "-12.00"),
        ("-¥12.30", "-12.30"),
        ("¥-12.30", "-12.30"),
        ("−12.30", "-12.30"),
        ("(12.30)", "-12.30"),
        ("12.5万", "125000.00"),
        ("1.2亿元", "120000000.00"),
        ("CNY 1,000", "1000.00"),
        ("1,000 USD", "1000.00"),
        ("1\u00a0234\u00a0567.89", "1234567.89"),
        ("0", "0.00"),
        ("-0", "0.00"),
        (1234.5, "1234.50"),
        (0.1 + 0.2, "0.30"),
        (33.333333333, "33.33"),
        (5, "5.00"),
    ],
)
def test_money_is_read_as_people_write_it(cell: Cell, expected: str) -> None:
    found = cells.money(cell)
    assert found == Decimal(expected)
    assert str(found) == expected


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("1.234,50", "not_money"),
        ("1,5", "not_money"),
        ("12,34,567", "not_money"),
        ("1_000", "not_money"),
        ("1e5", "not_money"),
        ("NaN", "not_money"),
        ("--5", "not_money"),
        ("-(5)", "not_money"),
        ("5 5", "not_money"),
        ("1 23 4", "not_money"),
        ("12abc", "not_money"),
        ("¥", "not_money"),
        ("٣", "not_money"),
        ("12.345", "too_many_decimals"),
        ("99999999999999", "too_large"),
        ("9" * 400, "too_large"),
        (1e300, "too_large"),
        (float("nan"), "not_money"),
        (True, "not_money"),
        (date(2026, 1, 1), "not_money"),
    ],
)
def test_what_is_not_surely_money_is_refused(cell: Cell, code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        cells.money(cell)
    assert refusal.value.code == code
    assert refusal.value.message


@pytest.mark.parametrize(("cell", "mark"), [("1.234,50", ","), ("1,234.50", ".")])
def test_a_declared_decimal_mark_settles_what_a_comma_means(cell: str, mark: DecimalMark) -> None:
    assert cells.money(cell, decimal_mark=mark) == Decimal("1234.50")


@given(st.decimals(-(10**12), 10**12, places=2))
def test_money_as_we_write_it_reads_back_exactly(amount: Decimal) -> None:
    assert cells.money(f"{amount:,.2f}") == amount
    assert cells.money(f"{amount:f}") == amount


@given(st.text(max_size=40))
def test_no_text_makes_a_reader_fall_over(written: str) -> None:
    readers = (cells.money, cells.day, cells.text, cells.whole_number, lambda cell: cells.moment(cell, zone=BERLIN))
    for read in readers:
        try:
            read(written)
        except Unreadable as refusal:
            assert refusal.message  # noqa: PT017  # either a value or a sentence, nothing else


@pytest.mark.parametrize(
    "cell",
    [
        "2026-01-05",
        "2026/1/5",
        "2026.1.5",
        "2026年1月5日",
        "2026 年 1 月 5 日",
        "２０２６/１/５",
        "20260105",
        "5 Jan 2026",
        "05-January-2026",
        "2026-01-05 13:45",
        "2026-01-05T13:45:00Z",
        "46027",
        46027,
        46027.75,
        date(2026, 1, 5),
        datetime(2026, 1, 5, 13, 45),  # noqa: DTZ001  # workbooks know no zones
    ],
)
def test_days_are_read_as_people_and_workbooks_write_them(cell: Cell) -> None:
    assert cells.day(cell) == date(2026, 1, 5)


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("01/02/2026", "ambiguous_date"),
        ("25/12/2026", "ambiguous_date"),
        ("2026-02-30", "no_such_day"),
        ("2026-13-01", "no_such_day"),
        ("1899-01-01", "far_day"),
        ("3026-01-01", "far_day"),
        ("soon", "not_a_date"),
        ("5", "not_a_date"),
        ("5/1/26", "not_a_date"),
        (12345678, "not_a_date"),
        (False, "not_a_date"),
    ],
)
def test_what_is_not_surely_a_day_is_refused(cell: Cell, code: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        cells.day(cell)
    assert refusal.value.code == code


@pytest.mark.parametrize(("order", "expected"), [("dmy", date(2026, 2, 1)), ("mdy", date(2026, 1, 2))])
def test_a_declared_order_settles_which_number_is_the_month(order: DateOrder, expected: date) -> None:
    assert cells.day("01/02/2026", order=order) == expected


def test_a_column_tells_its_order_only_when_some_day_is_above_twelve() -> None:
    assert cells.likely_date_order(["01/02/2026", "25/12/2026"]) == "dmy"
    assert cells.likely_date_order(["01/02/2026", "12/25/2026 10:00"]) == "mdy"
    assert cells.likely_date_order(["01/02/2026", None, "2026-01-31"]) == ""
    assert cells.likely_date_order(["25/12/2026", "12/25/2026"]) == ""


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-01-05 13:45", datetime(2026, 1, 5, 5, 45, tzinfo=UTC)),
        ("2026-01-05T13:45:30Z", datetime(2026, 1, 5, 13, 45, 30, tzinfo=UTC)),
        ("2026-01-05T13:45:30.123+08:00", datetime(2026, 1, 5, 5, 45, 30, tzinfo=UTC)),
        ("2026-01-05", datetime(2026, 1, 4, 16, tzinfo=UTC)),
        (46027.75, datetime(2026, 1, 5, 10, tzinfo=UTC)),
        (datetime(2026, 1, 5, 13, 45), datetime(2026, 1, 5, 5, 45, tzinfo=UTC)),  # noqa: DTZ001
    ],
)
def test_moments_are_read_in_their_zone(cell: Cell, expected: datetime) -> None:
    assert cells.moment(cell, zone=SHANGHAI) == expected


def test_an_hour_that_the_clocks_skip_is_refused() -> None:
    with pytest.raises(Unreadable, match="skip"):
        cells.moment("2026-03-29 02:30", zone=BERLIN)


@pytest.mark.parametrize("read", [cells.money, cells.day, cells.text, cells.whole_number])
@pytest.mark.parametrize("cell", [None, "", "  ", "\u3000"])
def test_blank_stays_missing(read: object, cell: Cell) -> None:
    assert read(cell) is None  # type: ignore[operator]


def test_whole_numbers_are_whole() -> None:
    assert [cells.whole_number(cell) for cell in ("1,234", 12.0, "-3")] == [1234, 12, -3]
    for wrong in ("1.5", 1.5, "x"):
        with pytest.raises(Unreadable, match="whole number"):
            cells.whole_number(wrong)


def test_text_is_trimmed_normalised_and_of_bounded_length() -> None:
    assert cells.text(" Cafe\u0301 ") == "Café"
    assert cells.text(12345.0) == "12345"
    with pytest.raises(Unreadable, match="longer than 3"):
        cells.text("four", longest=3)
    with pytest.raises(Unreadable, match="control"):
        cells.text("bell\x07")
