"""Files: found out, streamed, refused when they are not what they should be, and read back as they were written."""

import os
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from core import tabular
from core.tabular import Limits, UnreadableFile
from core.tabular.writing import Value

SMALL = Limits(file_bytes=200_000, rows=3, columns=4, unpacked_bytes=5 * 1024 * 1024, members=20)
# What every spreadsheet program would run.
ATTACKS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "'=1", "''@x", '=HYPERLINK("http://x")']


def csv_file(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def xlsx_file(folder: Path, *rows: Sequence[object]) -> Path:
    workbook = Workbook()
    assert workbook.active is not None
    for row in rows:
        workbook.active.append(list(row))
    path = folder / "table.xlsx"
    workbook.save(path)
    return path


@pytest.mark.parametrize(
    ("encoding", "stated"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_the_encoding_is_found_out_and_stated(tmp_path: Path, encoding: str, stated: str) -> None:
    path = csv_file(tmp_path, "name,amount (CNY)\n上海 Trading Company,1200\n", encoding)
    table = tabular.open_table(path)
    assert table.encoding == stated
    assert table.header == ("name", "amount (CNY)")
    assert list(table.rows()) == [(2, {"name": "上海 Trading Company", "amount (CNY)": "1200"})]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    lines = [["name", "note"], ["A", "one, two; three"], ["B", "x"]]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    table = tabular.open_table(csv_file(tmp_path, text))
    assert table.delimiter == delimiter
    assert [cells["note"] for _line, cells in table.rows()] == ["one, two; three", "x"]


def test_lines_are_numbered_as_an_editor_shows_them(tmp_path: Path) -> None:
    path = csv_file(tmp_path, '\n\na,b\n1,"two\nlines"\n\n , \n2,x\n')
    table = tabular.open_table(path)
    assert table.header_line == 3
    assert list(table.rows()) == [(4, {"a": "1", "b": "two\nlines"}), (8, {"a": "2", "b": "x"})]
    assert [line for line, _cells in table.rows(after=4)] == [8]


def test_short_lines_are_filled_with_missing_and_long_ones_become_problems(tmp_path: Path) -> None:
    table = tabular.open_table(csv_file(tmp_path, "a,b\n1\n1,2,,\n1,2,3\n"))
    assert list(table.rows()) == [(2, {"a": "1", "b": None}), (3, {"a": "1", "b": "2"})]
    assert [(problem.line, problem.code) for problem in table.problems] == [(4, "too_many_cells")]


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        ("a,A ,b\n1,2,3\n", ["duplicate_column"]),
        ("a,,b\n1,2,3\n", ["blank_column"]),
        (b"a,b\n1,\x002\n", ["nul"]),
        ('a,b\n1,"open\n' + "x" * 200_000, ["quotes"]),
    ],
)
def test_an_unusable_file_is_refused_with_the_line_of_the_fault(
    tmp_path: Path, content: str | bytes, codes: list[str]
) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        list(tabular.open_table(csv_file(tmp_path, content)).rows())
    assert [problem.code for problem in refusal.value.problems] == codes
    assert all(problem.line for problem in refusal.value.problems)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\n\n , \n", "every line is blank"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old or protected"),
        (b"%PDF-1.7 ...", r"Only .csv and .xlsx"),
        (b"PK\x03\x04 torn", "damaged"),
        (b"a,b\n\xff\xfe\xff\xff\xff,1\n", "neither UTF-8"),
    ],
)
def test_what_is_no_table_is_refused_clearly(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        tabular.open_table(csv_file(tmp_path, content))


def test_limits_on_size_and_rows_hold(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="more than 3 rows"):
        list(tabular.open_table(csv_file(tmp_path, "a,b\n" + "1,2\n" * 4), limits=SMALL).rows())
    with pytest.raises(UnreadableFile, match="larger than"):
        tabular.open_table(csv_file(tmp_path, "a,b\n" + "1,2\n" * 100_000), limits=SMALL)


def test_a_workbook_gives_typed_cells(tmp_path: Path) -> None:
    moment = datetime(2026, 1, 5, 13, 45)  # noqa: DTZ001  # workbooks know no zones
    path = xlsx_file(
        tmp_path, [], ["name", "amount", "day", "won"], ["上海", 12.5, moment, True], [], ["B", None, None, False]
    )
    table = tabular.open_table(path)
    assert (table.kind, table.header_line) == ("xlsx", 2)
    assert list(table.rows()) == [
        (3, {"name": "上海", "amount": 12.5, "day": moment, "won": True}),
        (5, {"name": "B", "amount": None, "day": None, "won": False}),
    ]


def test_a_named_sheet_is_read_and_a_missing_one_refused(tmp_path: Path) -> None:
    workbook = Workbook()
    second = workbook.create_sheet("Deals")
    second.append(["a"])
    second.append([1])
    path = tmp_path / "two.xlsx"
    workbook.save(path)
    assert list(tabular.open_table(path, sheet="Deals").rows()) == [(2, {"a": 1})]
    with pytest.raises(UnreadableFile, match="no such sheet"):
        tabular.open_table(path, sheet="Gone")


def test_a_reader_that_stops_early_leaves_no_child_behind(tmp_path: Path) -> None:
    path = xlsx_file(tmp_path, ["a"], *([number] for number in range(5_000)))
    before = set(psutil.Process().children())  # the test's own servers, perhaps
    rows = tabular.open_table(path).rows()
    assert next(rows) == (2, {"a": 0})
    rows.close()  # type: ignore[attr-defined]  # a generator
    assert set(psutil.Process().children()) <= before


def repacked(path: Path, **members: str | bytes) -> Path:
    """Return the workbook with members replaced or added: `xl__name_xml` is xl/name.xml."""
    target = path.with_name("repacked.xlsx")
    new = {name.replace("__", "/").replace("_xml", ".xml"): content for name, content in members.items()}
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as fresh:
        for name in old.namelist():
            if name not in new:
                kept = old.read(name)
                if "xl/sharedStrings.xml" in new:
                    kept = kept.replace(b"</Types>", SHARED_STRINGS + b"</Types>")
                fresh.writestr(name, kept)
        for name, content in new.items():
            fresh.writestr(name, content)
    return target


SHARED_STRINGS = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType='
    b'"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)
SST = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</sst>'
SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</worksheet>'


def test_a_workbook_that_unpacks_to_far_more_is_refused_before_anything_parses_it(tmp_path: Path) -> None:
    bomb = repacked(xlsx_file(tmp_path, ["a"], [1]), xl__bomb_xml=b"0" * 30_000_000)
    assert bomb.stat().st_size < 50_000
    with pytest.raises(UnreadableFile, match="unpacks to far more"):
        tabular.open_table(bomb)
    padding = {f"xl__part{number}_xml": os.urandom(300_000) for number in range(20)}
    with pytest.raises(UnreadableFile, match="unpacks to far more"):
        tabular.open_table(
            repacked(xlsx_file(tmp_path, ["a"], [1]), **padding),
            limits=Limits(unpacked_bytes=5 * 1024 * 1024),
        )


def test_a_sheet_that_claims_every_cell_there_is_costs_nothing(tmp_path: Path) -> None:
    rows = '<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    rows += '<row r="1048576"><c r="A1048576"><v>7</v></c></row></sheetData>'
    path = repacked(xlsx_file(tmp_path, ["a"]), xl__worksheets__sheet1_xml=SHEET.format(rows))
    assert list(tabular.open_table(path).rows()) == [(1_048_576, {"a": 7})]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ('<sheetData><row r="1"><c r="XFD1"><v>1</v></c></row></sheetData>', "far to the right"),
        ('<sheetData><row r="2000000"><c r="A2000000"><v>1</v></c></row></sheetData>', "too large"),
        ("<sheetData><row", "damaged"),
        ('<sheetData><row r="x"></row></sheetData>', "damaged"),
    ],
)
def test_a_crafted_sheet_is_refused(tmp_path: Path, rows: str, reason: str) -> None:
    path = repacked(xlsx_file(tmp_path, ["a"]), xl__worksheets__sheet1_xml=SHEET.format(rows))
    with pytest.raises(UnreadableFile, match=reason):
        list(tabular.open_table(path).rows())


def test_entities_that_multiply_are_refused(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    evil = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>' + SST.format("<si><t>&l9;</t></si>")
    path = repacked(xlsx_file(tmp_path, ["a"]), xl__sharedStrings_xml=evil)
    with pytest.raises(UnreadableFile, match="damaged"):
        tabular.open_table(path)


def test_the_child_may_use_only_the_memory_it_is_given(tmp_path: Path) -> None:
    strings = "".join(f"<si><t>{number:x}{'y' * 90}</t></si>" for number in range(300_000))
    path = repacked(xlsx_file(tmp_path, ["a"]), xl__sharedStrings_xml=SST.format(strings))
    tight = Limits(memory_bytes=60 * 1024 * 1024)
    with pytest.raises(UnreadableFile, match="too large to read"):
        tabular.open_table(path, limits=tight)
    assert tabular.open_table(path).header == ("a",)


printable = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\ufeff"), min_size=1, max_size=30
)
prefixed = st.builds(
    str.__add__, st.sampled_from(["", "=", "'", "''", "'=", "+", "@", "-", "\t", "\n", "＝"]), printable
)
texts = prefixed.filter(str.strip)


def written(folder: Path, kind: str, rows: Sequence[Sequence[Value]]) -> Path:
    header = [f"c{number}" for number in range(len(rows[0]))]
    path = folder / f"out.{kind}"
    with path.open("wb") as file:
        if kind == "csv":
            file.writelines(tabular.csv_lines(header, rows))
        else:
            tabular.write_xlsx(file, header, rows)
    return path


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_that_is_written_is_a_formula_and_all_read_back(tmp_path: Path, kind: str) -> None:
    attacks = [attack.replace("\r", "\n") for attack in ATTACKS] if kind == "xlsx" else ATTACKS
    path = written(tmp_path, kind, [[attack, "x"] for attack in attacks])
    member = "xl/worksheets/sheet1.xml"
    raw = path.read_bytes() if kind == "csv" else zipfile.Path(path, member).read_bytes()
    assert b"<f>" not in raw
    assert [cells["c0"] for _line, cells in tabular.open_table(path).rows()] == attacks


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=5))
def test_csv_reads_back_to_the_same_text(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    table = tabular.open_table(written(tmp_path, "csv", rows))
    assert [(cells["c0"], cells["c1"]) for _line, cells in table.rows()] == rows


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(texts, texts), min_size=1, max_size=30))
def test_xlsx_reads_back_to_the_same_text(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    table = tabular.open_table(written(tmp_path, "xlsx", rows))
    assert [(cells["c0"], cells["c1"]) for _line, cells in table.rows()] == rows


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_money_and_days_survive_the_way_out_and_in(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path, kind, [[Decimal("-1234567.89"), date(2026, 1, 5), None, True, 7]])
    ((_line, cells),) = tabular.open_table(path).rows()
    assert tabular.cells.money(cells["c0"]) == Decimal("-1234567.89")
    assert tabular.cells.day(cells["c1"]) == date(2026, 1, 5)
    assert cells["c2"] is None
    assert tabular.cells.whole_number(cells["c4"]) == 7


def test_a_text_too_long_for_a_cell_is_not_cut_in_silence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32,767"):
        written(tmp_path, "xlsx", [["x" * 32_768]])
