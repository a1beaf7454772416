"""Tables out of whatever people send: workbooks and text, and what is none."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import pytest

from backend.core.errors import Problem
from backend.imports.reading import tables
from backend.imports.reading.shapes import Table
from backend.imports.reading.tables import PackedRows, read_table
from tests.imports.sheets import text, workbook

HEAD = ["户号", "户名", "用水地址", "电话"]
ROWS = [["001", "王伟", "试验路1号", "13812345678"], ["002", "李芳", "试验路2号", None]]


def names(table: Table) -> list[str]:
    return [one.name for one in table.columns]


def cells(table: Table) -> list[tuple[Any, ...]]:
    return [row.cells for row in table.rows]


def refused(data: bytes, **options: Any) -> Problem:
    with pytest.raises(Problem) as problem:
        read_table(data, "表.xlsx", **options)
    return problem.value


def test_a_workbook() -> None:
    table = read_table(workbook([HEAD, *ROWS]), "表.xlsx")
    assert (table.sheet, names(table), table.header_rows) == ("表1", HEAD, (1,))
    assert cells(table) == [tuple(one) for one in ROWS]
    assert [row.number for row in table.rows] == [2, 3]
    assert (len(table.rows), table.encoding, table.delimiter) == (2, None, None)
    assert table.named("户名") == table.columns[1]
    assert table.named("没有") is None


def test_rows_can_be_gone_through_again() -> None:
    table = read_table(workbook([HEAD, *ROWS]), "表.xlsx")
    assert list(table.rows) == list(table.rows)


def test_values_keep_their_kinds() -> None:
    morning = datetime(2023, 5, 1, 8, 30)  # noqa: DTZ001 - a sheet's own
    odd = [10023.0, 1.5, True, date(2023, 5, 1), morning, time(8, 30), 1.5e17]
    table = read_table(workbook([["a", "b", "c", "d", "e", "f", "g"], odd]), "表.xlsx")
    assert cells(table) == [(10023, 1.5, True, odd[3], odd[4], odd[5], 1.5e17)]
    assert type(cells(table)[0][0]) is int


def test_columns_keep_their_letters_and_rows_their_numbers_wherever_the_table_stands() -> None:
    table = read_table(workbook([HEAD, *ROWS], at=(4, 2)), "表.xlsx")
    assert [one.letter for one in table.columns] == ["C", "D", "E", "F"]
    assert (table.header_rows, [row.number for row in table.rows]) == ((5,), [6, 7])


def test_hidden_sheets_are_told_and_read_only_when_asked_for() -> None:
    data = workbook([HEAD, *ROWS], hidden=["旧数据"])
    table = read_table(data, "表.xlsx")
    assert [(one.name, one.is_hidden) for one in table.sheets] == [("旧数据", True), ("表1", False)]
    assert table.sheet == "表1"
    assert read_table(data, "表.xlsx", sheet="旧数据").sheet == "旧数据"
    problem = refused(data, sheet="没有")
    assert (problem.code, problem.detail) == (
        "table_sheet_missing",
        {"sheet": "没有", "sheets": ["旧数据", "表1"]},
    )


def test_columns_without_name_or_data_are_left_out_and_those_with_data_have_their_letter() -> None:
    rows = [
        ["户号", "户名", None, None, "电话"],
        ["1", "王伟", None, "多", "138"],
        ["2", "李芳", None, None, "139"],
    ]
    table = read_table(workbook(rows), "表.xlsx")
    assert names(table) == ["户号", "户名", "D", "电话"]
    assert cells(table)[0] == ("1", "王伟", "多", "138")


def test_two_columns_of_one_name_are_told_apart() -> None:
    table = read_table(text("户号,电话,电话", "1,138,139"), "a.csv")
    assert names(table) == ["户号", "电话", "电话 (2)"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_text_in_any_encoding_with_any_delimiter(encoding: str, delimiter: str) -> None:
    lines = [delimiter.join(HEAD), *(delimiter.join(cell or "" for cell in row) for row in ROWS)]
    grid = _grid(text(*lines, encoding=encoding))
    assert [list(one) for one in grid.lines()] == [HEAD, ROWS[0], [*ROWS[1][:3], ""]]
    assert grid.delimiter == delimiter


def _grid(data: bytes) -> Any:
    from backend.imports.reading import delimited

    return delimited.read(data)


def test_text_with_everything_people_put_into_it() -> None:
    table = read_table(
        text(
            "sep=;",
            "户号;户名;用水地址",
            '="001";王伟;"试验路;1号"',
            "",
            '002;李芳;"两\n行"',
            '003;"引号""里";c',
        ),
        "a.csv",
    )
    assert cells(table) == [("001", "王伟", "试验路;1号"), ("002", "李芳", "两\n行"), ("003", '引号"里', "c")]
    assert (table.header_rows, [row.number for row in table.rows]) == ((2,), [3, 5, 6])
    assert (table.encoding, table.delimiter, table.sheet, table.sheets) == ("utf-8", ";", "", ())


def test_a_quote_that_nobody_closed_swallows_no_rows() -> None:
    lines = ["户号,户名,用水地址", '1,"王伟,试验路1号', *(f"{n},李芳,试验路{n}号" for n in range(2, 200))]
    table = read_table(text(*lines), "a.csv")
    assert len(table.rows) == 199
    assert cells(table)[0] == ("1", '"王伟', "试验路1号")


def test_western_text_that_is_neither_utf_8_nor_chinese() -> None:
    table = read_table(text("Account No.,Name", "1,José Núñez", "2,Ann", encoding="cp1252"), "a.csv")
    assert (table.encoding, cells(table)[0]) == ("cp1252", ("1", "José Núñez"))


def test_an_encoding_can_be_said_and_is_not_believed_where_it_cannot_be() -> None:
    data = text("戶號,戶名", "1,王偉", encoding="big5")
    assert cells(read_table(data, "a.csv", encoding="big5")) == [("1", "王偉")]
    problem = refused(text("户号,户名", "1,王伟", encoding="gbk"), encoding="utf-8")
    assert (problem.code, problem.detail) == ("table_encoding", {"encoding": "utf-8"})
    assert refused(text("a,b"), encoding="no-such").code == "table_encoding"


def test_a_table_without_a_header_is_called_by_its_letters() -> None:
    table = read_table(text("1,王伟,100", "2,李芳,200"), "a.csv", header=[])
    assert (names(table), table.header_rows, len(table.rows)) == (["A", "B", "C"], (), 2)
    assert read_table(text("10023,13812345678", "10024,13812345679"), "a.csv").header_rows == ()


def test_a_person_can_say_where_the_header_is() -> None:
    table = read_table(text("x,y", "户号,户名", "1,王伟"), "a.csv", header=[1])
    assert (names(table), len(table.rows)) == (["x", "y"], 2)


def test_a_header_without_rows_is_a_table() -> None:
    table = read_table(text("户号,户名,地址"), "a.csv")
    assert (names(table), list(table.rows)) == (["户号", "户名", "地址"], [])


def test_merged_cells_are_filled_downwards_and_not_over_their_neighbours() -> None:
    rows = [
        ["片区", "户号", "户名", "备注"],
        ["东区", "1", "王伟", None],
        [None, "2", "李芳", None],
        ["西区", "3", "横跨", None],
    ]
    table = read_table(workbook(rows, [(1, 0, 2, 0), (3, 2, 3, 3)]), "表.xlsx")
    assert cells(table) == [
        ("东区", "1", "王伟", None),
        ("东区", "2", "李芳", None),
        ("西区", "3", "横跨", None),
    ]
    assert table.merged == 1


def test_formulas_are_their_last_values() -> None:
    out = io.BytesIO()
    import xlsxwriter

    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEAD)
    sheet.write_formula(1, 0, "=A9&A10", None, "00123")
    sheet.write_formula(1, 1, "=NA()", None, "#N/A")
    sheet.write_formula(1, 2, "=1+1", None, 2)
    book.close()
    (row,) = cells(read_table(out.getvalue(), "表.xlsx"))
    assert (row[0], row[2]) == ("00123", 2)
    assert row[1] in (None, "#N/A")


ZIP_BOMB = 300 * 1_000_000


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(ZIP_BOMB // 10_000_000):
                part.write(b"<" * 10_000_000)
    return out.getvalue()


def boundless() -> bytes:
    """Two cells at the ends of the sheet: seventeen thousand million between them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["a"]]))) as source, zipfile.ZipFile(out, "w") as archive:
        for part in source.namelist():
            data = source.read(part)
            if part == "xl/worksheets/sheet1.xml":
                last = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
                data = data.replace(b"</sheetData>", last.encode()).replace(
                    b'ref="A1"', b'ref="A1:XFD1048576"'
                )
            archive.writestr(part, data)
    return out.getvalue()


def without_a_workbook() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("客户.txt", "1")
    return out.getvalue()


NO_TABLES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "table_empty"),
    "blank": (lambda: b" \r\n \r\n", "table_empty"),
    "empty sheet": (lambda: workbook([]), "table_empty"),
    "archive": (without_a_workbook, "table_kind"),
    "cut short": (lambda: workbook([HEAD, *ROWS])[:900], "table_broken"),
    "no xml": (lambda: _with_sheet(b"\x00\xff" * 50), "table_broken"),
    "old and broken": (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000, "table_broken"),
    "web page": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", "table_web_page"),
    "xml": (lambda: b'<?xml version="1.0"?><Workbook/>', "table_web_page"),
    "pdf": (lambda: b"%PDF-1.7 ...", "table_kind"),
    "program": (lambda: struct.pack("<200I", *range(200)), "table_kind"),
    "bomb": (bomb, "table_too_much"),
    "boundless": (boundless, "table_too_much"),
    "columns": (
        lambda: text(",".join(f"c{n}" for n in range(600)), ",".join("1" * 600)),
        "table_too_many_columns",
    ),
}


def _with_sheet(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([HEAD]))) as source, zipfile.ZipFile(out, "w") as archive:
        for part in source.namelist():
            archive.writestr(part, content if part.startswith("xl/worksheets/") else source.read(part))
    return out.getvalue()


@pytest.mark.parametrize("kind", NO_TABLES)
def test_what_is_no_table_is_refused_in_words(kind: str) -> None:
    made, code = NO_TABLES[kind]
    assert refused(made()).code == code


def test_a_file_too_large_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_BYTES", 10)
    assert refused(b"x" * 11).detail == {"megabytes": 0, "most": 0}


def test_what_a_reader_sends_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MOST_ROW", 1_000_000)
    endless = zlib.compress(b"1" * 20_000_000)
    with pytest.raises(Problem) as problem:
        list(PackedRows(endless, 1, (0,)))
    assert problem.value.code == "table_broken"
