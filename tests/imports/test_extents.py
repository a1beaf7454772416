"""Sheets whose outermost cells enclose too much: refused for that, before the memory is full."""

from __future__ import annotations

import io
import zipfile

import pytest
import xlsxwriter

from backend.core.errors import Problem
from backend.imports.reading import extents
from backend.imports.reading.extents import MOST_CELLS, check_extent
from backend.imports.reading.grids import Unreadable
from backend.imports.reading.tables import read_table
from tests.imports.old_workbooks import cell, ods, repacked, xlsb
from tests.imports.sheets import workbook

SHEET = "xl/worksheets/sheet1.xml"
LAST_ROW = 1_048_575


def with_a_cell_at(row: int, column: int, *, is_filled: bool = True) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["户号", "户名"])
    sheet.write_row(1, 0, ["001", "王伟"])
    if is_filled:
        sheet.write(row, column, "远")
    else:
        sheet.write_blank(row, column, None, book.add_format({"bold": True}))
    book.close()
    return out.getvalue()


def why(data: bytes) -> str:
    with pytest.raises(Problem) as problem:
        read_table(data, "表.xlsx")
    return problem.value.code


@pytest.mark.parametrize(
    ("row", "column"), [(LAST_ROW, 300), (LAST_ROW, 701), (0, 16_383), (5, 702), (200_000, 600)]
)
def test_a_value_far_down_a_wide_sheet_is_too_much_and_not_broken(row: int, column: int) -> None:
    """In the confined process: what fills its memory ends it, and looks like a damaged file."""
    assert (row + 1) * (column + 1) > MOST_CELLS or column > 701
    assert why(with_a_cell_at(row, column)) == "table_too_much"


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(("row", "column"), [(2_000, 450), (20_000, 30), (1, 300)])
def test_a_value_far_out_is_read_where_there_is_room(row: int, column: int) -> None:
    table = read_table(with_a_cell_at(row, column), "表.xlsx")
    assert [one.name for one in table.columns][:2] == ["户号", "户名"]
    assert next(iter(reversed(list(table.rows)))).cells[-1] == "远"


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize(("row", "column"), [(LAST_ROW, 701), (LAST_ROW, 16_383)])
def test_formatting_far_out_is_no_value(row: int, column: int) -> None:
    table = read_table(with_a_cell_at(row, column, is_filled=False), "表.xlsx")
    assert [one.cells for one in table.rows] == [("001", "王伟")]


def test_only_what_lies_between_the_outermost_cells_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extents, "MOST_CELLS", 12)
    data = workbook([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]], at=(1000, 600))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        check_extent(archive, SHEET)
    for rows in ([[1, 2, 3, 4]] * 4, [[None, None], *[[1, *[None] * 3, 2]] * 3]):
        with zipfile.ZipFile(io.BytesIO(workbook(rows))) as archive, pytest.raises(Unreadable) as refused:
            check_extent(archive, SHEET)
        assert refused.value.why == "table_too_much"


def test_an_xlsb_counts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extents, "MOST_CELLS", 6)
    part = "xl/worksheets/sheet1.bin"
    with zipfile.ZipFile(io.BytesIO(xlsb([["a", True, 1.5], ["#N/A", 2, "b"]], first=40))) as archive:
        check_extent(archive, part)
    for rows in ([["a"]] * 7, [["a", None, 1.5], ["b"], ["c"]], [[*[None] * 702, "a"]]):
        with zipfile.ZipFile(io.BytesIO(xlsb(rows))) as archive, pytest.raises(Unreadable) as refused:
            check_extent(archive, part)
        assert refused.value.why == "table_too_much"


@pytest.mark.parametrize("prefix", ["x", "main2"])
def test_elements_with_a_prefix_count(prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extents, "MOST_CELLS", 3)
    data = repacked(workbook([[1], [2], [3], [4]]), {SHEET: (b"<c r=", f"<{prefix}:c r=".encode())})
    with zipfile.ZipFile(io.BytesIO(data)) as archive, pytest.raises(Unreadable):
        check_extent(archive, SHEET)


def test_a_cell_across_two_pieces_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.imports.reading import error_cells

    data = with_a_cell_at(40, 30)
    for size in (211, 317, 523):
        monkeypatch.setattr(error_cells, "_PIECE", size)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = extents._of_xml(archive, SHEET)
        assert (found.first, found.last, found.left, found.right) == (1, 41, 0, 30)


def test_parts_beside_the_sheets_and_broken_ones() -> None:
    data = workbook([[1]])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        check_extent(archive, "xl/worksheets/_rels/sheet1.xml.rels")
    with zipfile.ZipFile(io.BytesIO(repacked(xlsb([[1]]), {}))) as archive:
        part = archive.getinfo("xl/worksheets/sheet1.bin")
        part.CRC ^= 1
        with pytest.raises(Unreadable) as refused:
            check_extent(archive, "xl/worksheets/sheet1.bin")
    assert refused.value.why == "table_broken"


EMPTY, REPEATED = "<table:table-cell {}/>", 'table:number-columns-repeated="{}"'


def repeated_row(times: int, cells: str) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{cells}</table:table-row>'


NAMES = cell("户号") + cell("户名")
FIRST = cell("001") + cell("王伟")
HOSTILE = {
    "a value beyond all columns": [NAMES + EMPTY.format(REPEATED.format(1_000_000)) + cell("远"), FIRST],
    "a value beyond all rows": [NAMES, FIRST, repeated_row(2_000_000, EMPTY.format("")), FIRST],
    "a row a hundred million times": [NAMES, repeated_row(100_000_000, FIRST)],
    "a cell a million times": [NAMES + cell("x", more=REPEATED.format(10**6)), FIRST],
    "wide and long": [
        NAMES + EMPTY.format(REPEATED.format(690)) + cell("远"),
        repeated_row(1_000_000, FIRST),
    ],
}


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("rows", HOSTILE.values(), ids=HOSTILE)
def test_an_ods_of_few_bytes_and_endless_cells_is_too_much(rows: list[str]) -> None:
    data = ods(rows)
    assert len(data) < 5_000
    assert why(data) == "table_too_much"


@pytest.mark.usefixtures("in_process")
def test_an_ods_with_another_sheet_too_large_is_too_much_as_well() -> None:
    """Each sheet is read, whichever is asked for."""
    far = repeated_row(3_000_000, FIRST)
    other = f'<table:table table:name="other">{far}</table:table>'
    assert why(ods([NAMES, FIRST], before=other)) == "table_too_much"


@pytest.mark.usefixtures("in_process")
@pytest.mark.parametrize("times", ["0", "-5", "many", "9" * 5000])
def test_a_repetition_that_is_no_number_is_a_damaged_file(times: str) -> None:
    assert why(ods([NAMES + EMPTY.format(REPEATED.format(times)), FIRST])) == "table_broken"


@pytest.mark.usefixtures("in_process")
def test_formatting_to_the_end_of_an_ods_is_nothing() -> None:
    """As LibreOffice writes every sheet: what is empty is repeated to the last column and row."""
    wide = EMPTY.format(REPEATED.format(16_382))
    rest = repeated_row(1_048_574, EMPTY.format(REPEATED.format(16_384)))
    table = read_table(ods([NAMES + wide, FIRST + wide, FIRST, rest]), "表.ods")
    assert [one.name for one in table.columns] == ["户号", "户名"]
    assert len(table.rows) == 2
