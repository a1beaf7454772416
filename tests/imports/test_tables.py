"""Tables out of whatever people send: workbooks and text, and what is none."""

from __future__ import annotations

import io
from datetime import date, datetime, time
from typing import Any

import pytest

from backend.core.errors import Problem
from backend.imports.reading.shapes import Table
from backend.imports.reading.tables import read_table
from tests.imports.sheets import text, workbook

pytestmark = pytest.mark.usefixtures("in_process")
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
