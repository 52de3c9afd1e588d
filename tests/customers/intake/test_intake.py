"""What a file means: columns by their names and their content, days and amounts that are sure, spellings of one thing."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tabular import Cell
from customers.intake import (
    Options,
    Reader,
    Row,
    fields_of,
    guess_columns,
    guess_options,
    guess_shape,
    guess_stage,
    header_key,
    name_key,
    note_sentence,
    person_key,
    sentence,
)
from customers.intake.problems import NOTES, SENTENCES
from customers.intake.rows import Refused

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
CRM = ("opportunity_id", "sales_agent", "product", "account", "deal_stage", "engage_date", "close_date", "close_value")
STAGES = [
    (1, "Lead", "线索", "open"),
    (2, "Contacted", "已联系", "open"),
    (3, "Quoted", "已报价", "open"),
    (4, "Won", "赢单", "won"),
    (5, "Lost", "丢单", "lost"),
]


def read(cell: Cell, *, field: str = "amount", **options: object) -> Row | Refused:
    base = {"external_id": "id", "created": "day", "stage": "stage", field: "x"}
    reader = Reader(Options("deals", base, ZoneInfo("Asia/Shanghai"), NOW, **options))  # type: ignore[arg-type]
    return reader.row(2, {"id": "1", "day": "2026-01-05", "stage": "Lead", "x": cell})


def test_the_columns_of_a_crm_export_are_known_by_their_names() -> None:
    assert guess_columns(CRM, "deals", {}).mapping == {
        "external_id": "opportunity_id",
        "owner": "sales_agent",
        "product": "product",
        "customer": "account",
        "stage": "deal_stage",
        "created": "engage_date",
        "closed": "close_date",
        "won_amount": "close_value",
    }


def test_chinese_columns_are_known_too() -> None:
    header = ("商机编号", "创建日期", "阶段", "金额", "负责人", "客户名称", "预计成交日期")

    assert guess_columns(header, "deals", {}).mapping == {
        "external_id": "商机编号",
        "created": "创建日期",
        "stage": "阶段",
        "amount": "金额",
        "owner": "负责人",
        "customer": "客户名称",
        "expected_close": "预计成交日期",
    }


def test_columns_without_telling_names_are_known_by_their_content() -> None:
    samples: dict[str, list[Cell]] = {"a": ["X1", "X2"], "b": ["2026-01-05", "2026-02-01"], "c": ["Won", "Lead"]}

    guess = guess_columns(("a", "b", "c"), "deals", samples)

    assert guess.mapping == {"external_id": "a", "created": "b", "stage": "c"}
    assert not guess.sure


def test_every_template_column_maps_itself() -> None:
    for shape in ("deals", "events"):
        header = [str(field.label) for field in fields_of(shape)]
        assert guess_shape(header) == shape
        assert guess_columns(header, shape, {}).mapping == {field.name: str(field.label) for field in fields_of(shape)}


@pytest.mark.parametrize(("header", "shape"), [(CRM, "deals"), (("id", "stage", "entered_at", "amount"), "events")])
def test_the_shape_is_known_by_the_columns(header: tuple[str, ...], shape: str) -> None:
    assert guess_shape(header) == shape


def test_order_of_days_and_decimal_mark_are_found_in_the_content() -> None:
    samples: dict[str, list[Cell]] = {"d": ["03/02/2026", "25/02/2026"], "m": ["1.234,50", "12,5"]}

    assert guess_options({"created": "d", "amount": "m"}, samples) == {"date_order": "dmy", "decimal_mark": ","}


@pytest.mark.parametrize(
    ("word", "stage"),
    [
        ("Prospecting", 1),
        ("Engaging", 2),
        ("已报价", 3),
        ("Proposal", 3),
        ("closed-won", 4),
        ("成交", 4),
        ("Canceled", 5),
        ("booked", None),
    ],
)
def test_words_of_other_systems_mean_stages_of_ours(word: str, stage: int | None) -> None:
    assert guess_stage(word, STAGES) == stage


@pytest.mark.parametrize(("one", "other"), [("GTXPro", "GTX Pro"), ("gtx-pro", "GTX PRO"), ("Ｋａｎ code", "Kan-code")])
def test_spellings_of_one_thing_have_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("agent -1", "agent 1"), ("C++", "C#"), ("--", "-.")])
def test_different_things_have_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)
    assert person_key(one) != person_key(other)


@given(st.text(min_size=1).filter(lambda text: text.strip() != ""))
def test_a_key_is_never_empty_and_is_its_own_key(text: str) -> None:
    assert name_key(text)
    assert name_key(text) == name_key(f"  {text}\t")


def test_a_head_line_is_known_again_whatever_its_case_and_blanks() -> None:
    assert header_key(["Deal id", "Stage"]) == header_key([" deal  ID ", "stage"])
    assert header_key(["a", "b"]) != header_key(["b", "a"])


def test_a_blank_amount_is_unknown_and_zero_is_zero() -> None:
    blank, zero = read(None), read("0")

    assert isinstance(blank, Row)
    assert blank.amount is None
    assert isinstance(zero, Row)
    assert zero.amount == Decimal("0.00")


@pytest.mark.parametrize(
    ("cell", "amount"), [("926.1000000000001", "926.10"), ("397.79999999999995", "397.80"), ("1,234.5", "1234.50")]
)
def test_the_noise_of_binary_fractions_is_taken_off(cell: str, amount: str) -> None:
    row = read(cell)

    assert isinstance(row, Row)
    assert row.amount == Decimal(amount)


@pytest.mark.parametrize("cell", ["278.005", "1.0000000009999", "0.1234567890123", "abc", "1_000"])
def test_typed_digits_are_never_rounded_away(cell: str) -> None:
    assert isinstance(read(cell), Refused)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-01-09", date(2026, 1, 9)),
        ("2026年1月9日", date(2026, 1, 9)),
        (46031, date(2026, 1, 9)),
        (datetime(2026, 1, 9), date(2026, 1, 9)),  # noqa: DTZ001  # so a workbook gives it
    ],
)
def test_a_day_stamp_is_noon_of_its_day_in_the_company(cell: Cell, day: date) -> None:
    row = read(cell, field="since")

    assert isinstance(row, Row)
    assert row.since is not None
    assert (row.since.day, row.since.timed) == (day, False)
    assert row.since.at.astimezone(ZoneInfo("Asia/Shanghai")).hour == 12


def test_a_day_of_today_does_not_lie_ahead_of_now() -> None:
    row = read("2026-03-04", field="since")

    assert isinstance(row, Row)
    assert row.since is not None
    assert row.since.at <= NOW


def test_a_day_that_could_be_read_in_two_ways_is_refused_until_the_order_is_said() -> None:
    assert isinstance(read("01/02/2026", field="since"), Refused)
    row = read("01/02/2026", field="since", date_order="dmy")
    assert isinstance(row, Row)
    assert row.since is not None
    assert row.since.day == date(2026, 2, 1)


def test_every_problem_and_note_has_its_sentence() -> None:
    facts = {"line": 3, "last": "2026-01-01", "recorded": "2026-01-01"}
    for code in SENTENCES:
        assert "%(" not in sentence(code, facts)
    about = {"given": "a", "taken": "b", "names": "c", "field": "product", "day": "2026-01-01"}
    for code in NOTES:
        text = note_sentence(code, {"count": 12_345, **about})
        assert "12,345" in text
        assert "%(" not in text
