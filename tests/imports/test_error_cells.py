"""Errors of a sheet (#N/A, #REF!): told as in a CSV, from each kind of workbook, never left out unsaid."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Sequence

import pytest
import xlsxwriter

from backend.imports.reading import words
from backend.imports.reading.cleaning import is_sheet_error
from backend.imports.reading.error_cells import column_of, errors_of, records
from backend.imports.reading.error_cells_xls import errors_of_xls
from backend.imports.reading.grids import Unreadable
from backend.imports.reading.shapes import Clean, Context, Field, Mapping, Refused, Result
from backend.imports.reading.studying import study_of
from backend.imports.reading.tables import read_table
from backend.imports.reading.targets import TARGETS
from backend.imports.reading.translating import Translator
from backend.imports.reading.wrong import Wrong
from tests.imports.old_workbooks import ERRORS, cell, ods, ods_error, ole, repacked, xls, xlsb
from tests.imports.sheets import text, workbook

pytestmark = pytest.mark.usefixtures("in_process")
Rows = Sequence[Sequence[object]]
HEAD = ["户号", "户名", "类别", "备注"]
SHEET = "xl/worksheets/sheet1.xml"


def xlsx(rows: Rows, at: tuple[int, int] = (0, 0)) -> bytes:
    """As Excel saves it: an error is the last value of a formula."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    for row, cells in enumerate(rows, at[0]):
        for n, value in enumerate(cells, at[1]):
            if value in ERRORS:
                sheet.write_formula(row, n, "=X", None, value)
            elif value is not None:
                sheet.write(row, n, value)
    book.close()
    return out.getvalue()


def as_ods(rows: Rows) -> bytes:
    return ods(
        "".join(ods_error(str(one)) if one in ERRORS else cell(str(one or "")) for one in row) for row in rows
    )


def as_csv(rows: Rows) -> bytes:
    return text(*(",".join(str(one or "") for one in row) for row in rows))


KINDS: dict[str, Callable[[Rows], bytes]] = {
    "xlsx": xlsx, "xlsb": xlsb, "xls": xls, "ods": as_ods, "csv": as_csv
}  # fmt: skip


def results(data: bytes) -> list[Result]:
    table = read_table(data, "表")
    columns = {"number": "户号", "name": "户名", "category": "类别", "note": "备注"}
    mapping = Mapping("customers", {field: name for field, name in columns.items() if table.named(name)})
    study = study_of(TARGETS["customers"], mapping, table.columns, table.rows, None)
    assert study.questions == ()
    return list(Translator(TARGETS["customers"], mapping, table.columns, Context()).all(table.rows))


def codes(result: Result) -> list[tuple[str, str, str]]:
    assert isinstance(result, Refused), result
    return [(one.field, one.code, one.about) for one in result.reasons]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_is_told_whatever_the_file_is_and_stops_no_other_row(kind: str) -> None:
    rows = [HEAD, ["1", "王伟", "居民", "#REF!"], ["2", "李芳", "#VALUE!", "甲"], ["3", "#N/A", "居民", "乙"],
            ["4", "赵敏", "居民", "#N/A"], ["#DIV/0!", "周杰", "居民", "丙"], ["6", "吴刚", "居民", "丁"]]  # fmt: skip
    found = results(KINDS[kind](rows))
    assert codes(found[0]) == [("note", "sheet_error", "#REF!")]
    assert codes(found[1]) == [("category", "sheet_error", "#VALUE!")]
    # #N/A is how a lookup says that there is nothing: required it is missing, else it is empty.
    assert codes(found[2]) == [("name", "required", "#N/A")]
    assert isinstance(found[3], Clean) and "note" not in found[3].values
    assert codes(found[4]) == [("number", "sheet_error", "#DIV/0!")]
    assert isinstance(found[5], Clean) and found[5].values["note"] == "丁"


@pytest.mark.parametrize("kind", ["xlsx", "xlsb", "xls", "ods"])
@pytest.mark.parametrize("error", sorted(ERRORS))
def test_each_error_has_its_text(kind: str, error: str) -> None:
    table = read_table(KINDS[kind]([["户号", "户名"], ["1", error]]), "表")
    assert [row.cells for row in table.rows] == [("1", error)]


def test_an_error_stands_where_it_stands_wherever_the_table_does() -> None:
    data = xlsx([HEAD[:2], ["1", "#REF!"], ["#N/A", "李芳"]], at=(6, 3))
    table = read_table(data, "表")
    assert [(row.number, row.cells) for row in table.rows] == [(8, ("1", "#REF!")), (9, ("#N/A", "李芳"))]
    assert [one.letter for one in table.columns] == ["D", "E"]


def test_an_error_alone_in_its_column_or_row_is_seen() -> None:
    table = read_table(xlsx([[*HEAD[:2], None], ["1", "王伟", "#NUM!"], [None, None, "#REF!"]]), "表")
    assert [row.cells for row in table.rows] == [("1", "王伟", "#NUM!"), (None, None, "#REF!")]
    assert table.columns[2].name == "C"


def test_the_asked_sheet_has_its_own_errors() -> None:
    data = repacked(
        workbook([["户号", "户名"], ["1", "王伟"]], name="客户 & 表", hidden=["旧"]),
        {"xl/worksheets/sheet1.xml": (b'<c r="A1" t="s"><v>0</v></c>', b'<c r="A1" t="e"><v>#REF!</v></c>')},
    )
    assert [row.cells for row in read_table(data, "表").rows] == [("1", "王伟")]
    old = read_table(data, "表", sheet="旧", header=[])
    assert [row.cells for row in old.rows] == [("#REF!",)]


@pytest.mark.parametrize(
    "sheet",
    [
        b'<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
        b'<row><c><v>1</v></c><c t="e"><v>#REF!</v></c></row>',
        b'<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
        b"<row r='2'><c r='A2'><v>1</v></c><c s='0' t='e' r='B2'><f>1/0</f><v>#REF!</v></c></row>",
    ],
)
def test_sheets_of_other_programs(sheet: bytes) -> None:
    """Cells may be without their places, attributes in any order and in either quotes."""
    data = workbook([["户号", "户名"]])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        whole = archive.read(SHEET)
    rows = whole[whole.index(b"<sheetData>") + 11 : whole.index(b"</sheetData>")]
    table = read_table(repacked(data, {SHEET: (rows, sheet)}), "表")
    assert [row.cells for row in table.rows] == [(1, "#REF!")]


def test_a_part_with_entities_is_refused() -> None:
    data = xlsx([HEAD, ["1", "#REF!", None, None]])
    bad = repacked(data, {SHEET: (b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet')})
    with zipfile.ZipFile(io.BytesIO(bad)) as archive, pytest.raises(Unreadable) as refused:
        errors_of(archive, "Sheet1")
    assert refused.value.why == "table_broken"


def test_a_part_that_is_not_there_has_no_errors_and_one_that_is_no_xml_is_broken() -> None:
    data = xlsx([HEAD, ["1", "#REF!", None, None]])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert errors_of(archive, "没有") == {}
        assert errors_of(archive, "Sheet1") == {1: {1: "#REF!"}}
    bad = repacked(data, {"xl/workbook.xml": (b"<sheets>", b"<sheets")})
    with zipfile.ZipFile(io.BytesIO(bad)) as archive, pytest.raises(Unreadable):
        errors_of(archive, "Sheet1")


def test_errors_of_repeated_cells_and_of_other_tables() -> None:
    other = (
        '<table:table table:name="旧"><table:table-row>'
        + ods_error("#REF!")
        + "</table:table-row></table:table>"
    )
    note = "<office:annotation><text:p>看这里</text:p></office:annotation>"
    annotated = ods_error("#VALUE!").replace("<text:p>", note + "<text:p>", 1)
    rows = [
        cell("户号") + cell("户名") + cell("备注"),
        cell("1") + ods_error("#REF!", 'table:number-columns-repeated="2"'),
        '<table:table-row table:number-rows-repeated="2">'
        + cell("2")
        + annotated
        + cell("x")
        + "</table:table-row>",
        cell("3") + cell("王伟") + ods_error("Err:502"),
    ]
    data = ods(rows, before=other)
    table = read_table(data, "表", sheet="Sheet1")
    assert [row.cells for row in table.rows] == [
        ("1", "#REF!", "#REF!"), ("2", "#VALUE!", "x"), ("2", "#VALUE!", "x"), ("3", "王伟", "Err:502")
    ]  # fmt: skip


def test_a_row_repeated_to_the_end_of_the_sheet_takes_no_memory() -> None:
    endless = (
        '<table:table-row table:number-rows-repeated="1048000">' + ods_error("#REF!") + "</table:table-row>"
    )
    with zipfile.ZipFile(io.BytesIO(ods([endless]))) as archive:
        assert len(errors_of(archive, "Sheet1")) == 10_000


def test_letters_of_columns() -> None:
    assert [column_of(one) for one in ("A", "Z", "AA", "ZZ", "AAA", "XFD")] == [0, 25, 26, 701, 702, 16383]


def test_records_with_long_kinds_and_sizes() -> None:
    data = b"\x00\x02ab" + b"\x9c\x01\x81\x01" + b"x" * 129 + b"\x05\x00"
    assert list(records(data)) == [(0, 2, 2), (156, 8, 129), (5, 139, 0)]
    with pytest.raises(IndexError):
        list(records(b"\x9c"))


def test_an_xls_in_small_sectors() -> None:
    """A stream below the cutoff lies in sectors of 64 bytes within the root's."""
    data = bytearray(xls([["户号", "户名"], ["1", "#N/A"], ["2", "#REF!"]]))
    assert errors_of_xls(bytes(data), 0) == {1: {1: "#N/A"}, 2: {1: "#REF!"}}
    struct.pack_into("<I", data, 56, 100_000)  # the cutoff
    struct.pack_into("<I", data, 60, 1 + 9)  # the table of small sectors, put into a sector of its own
    root, stream = 512 + 512, 512 + 512 + 128
    struct.pack_into("<I", data, root + 116, struct.unpack_from("<I", data, stream + 116)[0])
    struct.pack_into("<I", data, stream + 116, 0)
    data += struct.pack("<128I", *range(1, 64), 0xFFFFFFFE, *[0xFFFFFFFF] * 64)
    struct.pack_into("<I", data, 512 + 4 * 10, 0xFFFFFFFE)
    assert errors_of_xls(bytes(data), 0) == {1: {1: "#N/A"}, 2: {1: "#REF!"}}


def test_a_formulas_last_value_in_an_xls() -> None:
    """Texts and errors stand in the place of a number whose last two bytes are all ones."""
    values = [
        bytes((2, 0, 23, 0, 0, 0, 255, 255)),
        bytes((0, 0, 0, 0, 0, 0, 255, 255)),
        struct.pack("<d", 2.0),
    ]
    cells = b"".join(struct.pack("<HHHHH", 6, 20, 1, n, 0) + one + bytes(6) for n, one in enumerate(values))
    begin = struct.pack("<HHHHHHII", 0x809, 16, 0x600, 0x10, 0, 0, 0, 0)
    globals_ = struct.pack("<HHHHHHII", 0x809, 16, 0x600, 5, 0, 0, 0, 0)
    bound = struct.pack("<HHIHBB", 0x85, 9, len(globals_) + 17, 0, 1, 0) + b"A"
    chart = (
        struct.pack("<HHHHHHII", 0x809, 16, 0x600, 0x20, 0, 0, 0, 0)
        + b"\x05\x02\x08\x00"
        + bytes(7)
        + b"\x01"
    )
    stream = globals_ + bound + b"\x0a\0\0\0" + begin + cells + chart + b"\x0a\0\0\0" + b"\x0a\0\0\0"
    assert errors_of_xls(ole({"Workbook": stream}), 0) == {1: {0: "#REF!"}}
    assert errors_of_xls(ole({"Workbook": stream}), 1) == {}


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (30, b"\x07\x00"),
        (48, b"\x77\0\0\0"),
        (512, b"\x01\0\0\0" * 128),
        (1024, b"\0" * 512),
        (1024 + 128, b"\0" * 60),
    ],
)
def test_an_ole_file_with_a_broken_table_is_refused(at: int, value: bytes) -> None:
    data = bytearray(xls([["户号"]]))
    data[at : at + len(value)] = value
    with pytest.raises(Unreadable) as refused:
        errors_of_xls(bytes(data), 0)
    assert refused.value.why == "table_broken"


@pytest.mark.parametrize(
    "error",
    ["#REF!", "#ref!", "#BEZUG!", "#WERT!", "#¡VALOR!", "#¿NOMBRE?", "#SPILL!", "Err:502", "Err:511", "####"],
)
def test_errors_in_the_language_of_the_sheet(error: str) -> None:
    assert is_sheet_error(error)
    with pytest.raises(Wrong) as wrong:
        words.is_empty(Field("note", "备注", "Note"), error)
    assert wrong.value.code == "sheet_error"


@pytest.mark.parametrize(
    "value", ["#12", "#", "##", "#5 Elm St", "Err: see note", "Err:5", "N°#REF!", "#REF"]
)
def test_what_only_looks_like_an_error_is_a_value(value: str) -> None:
    assert not is_sheet_error(value)
    assert not words.is_empty(Field("note", "备注", "Note"), value)


@pytest.mark.parametrize("value", ["#N/A", "#NV", "#N/D", "#n/a"])
def test_not_available_is_nothing_in_every_language(value: str) -> None:
    assert words.is_empty(Field("note", "备注", "Note"), value)


def test_an_error_of_the_sheet_is_no_word_to_ask_about() -> None:
    table = read_table(text("户号,户名,类别", "1,王伟,#REF!", "2,李芳,丙类户"), "a.csv")
    mapping = Mapping("customers", {"number": "户号", "name": "户名", "category": "类别"})
    study = study_of(TARGETS["customers"], mapping, table.columns, table.rows, None)
    assert [one.name for one in study.questions] == ["word:category:丙类户"]
