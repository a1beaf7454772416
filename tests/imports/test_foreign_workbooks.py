"""Workbooks of every kind (XLS, XLSB, ODS, XLSX) with what people and programs put into their cells."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import xlsxwriter

from backend.core.errors import CATALOGUE, Problem
from backend.core.sentences import FAULTS
from backend.imports.reading import sheet_reader, workbooks
from backend.imports.reading.cleaning import text_in
from backend.imports.reading.shapes import Cell, Clean, Context, Mapping, Refused, Result, Table
from backend.imports.reading.tables import read_table
from backend.imports.reading.targets import TARGETS
from backend.imports.reading.translating import Translator
from tests.imports.old_workbooks import cell, ods, ole, repacked, xls, xlsb
from tests.imports.sheets import workbook

pytestmark = pytest.mark.usefixtures("in_process")
HEAD = ["户号", "户名", "备注"]
MAPPING = Mapping("customers", {"number": "户号", "name": "户名", "note": "备注"})
Rows = Sequence[Sequence[object]]


def as_ods(rows: Rows) -> bytes:
    kinds: dict[type, Callable[[Any], str]] = {
        bool: lambda one: cell(str(one), "boolean", str(one).lower()),
        int: lambda one: cell(str(one), "float", str(one)),
        float: lambda one: cell(str(one), "float", repr(one)),
        type(None): lambda _: "<table:table-cell/>",
        str: cell,
    }
    return ods("".join(kinds[type(one)](one) for one in row) for row in rows)


KINDS: dict[str, Callable[[Rows], bytes]] = {"xlsx": workbook, "xls": xls, "xlsb": xlsb, "ods": as_ods}
EVERY = pytest.mark.parametrize("kind", KINDS)


def cells(table: Table) -> list[tuple[Cell, ...]]:
    return [row.cells for row in table.rows]


def translated(table: Table) -> list[Result]:
    return list(Translator(TARGETS["customers"], MAPPING, table.columns, Context()).all(table.rows))


def code(data: bytes) -> str:
    with pytest.raises(Problem) as problem:
        read_table(data, "客户.xls")
    return problem.value.code


@EVERY
def test_texts_figures_and_truths_of_every_kind(kind: str) -> None:
    rows = [HEAD, ["0012", 10023, True], [None, 1.5, False], ["x", -7, None]]
    table = read_table(KINDS[kind](rows), "客户")
    assert cells(table) == [("0012", 10023, True), (None, 1.5, False), ("x", -7, None)]
    assert [type(one) for one in cells(table)[0]] == [str, int, bool]
    assert [one.name for one in table.sheets] == ["表1" if kind == "xlsx" else "Sheet1"]


@EVERY
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("𠮷野家🚰", "𠮷野家🚰"),
        ("שלום עולם", "שלום עולם"),
        ("شركة المياه", "شركة المياه"),
        ("\u202bמים\u202c", "מים"),
        ("Ωμέγα Ünïcode", "Ωμέγα Ünïcode"),
        ("両国　一丁目", "両国 一丁目"),
        ("A\u00a0B\u2009C", "A B C"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_signs_of_every_script_come_through(kind: str, written: str, read: str) -> None:
    table = read_table(KINDS[kind]([HEAD, ["1", written, "x"]]), "客户")
    (found,) = translated(table)
    assert isinstance(found, Clean)
    assert found.values["name"] == read


@EVERY
def test_a_very_long_cell_is_read_whole_and_refused_in_words_without_being_shown_whole(kind: str) -> None:
    long = "水" * 4000 if kind in ("xls", "xlsb") else "水" * 32_767
    table = read_table(KINDS[kind]([HEAD, ["1", "王伟", long], ["2", "李芳", "短"]]), "客户")
    assert cells(table)[0][2] == long
    first, second = translated(table)
    assert isinstance(first, Refused) and isinstance(second, Clean)
    (reason,) = first.reasons
    assert (reason.field, reason.code, len(reason.about)) == ("note", "too_long", 100)
    assert str(len(long)) in reason.zh.replace(",", "") and str(len(long)) in reason.en.replace(",", "")


@EVERY
def test_an_empty_sheet_of_every_kind_is_said_to_be_empty(kind: str) -> None:
    assert code(KINDS[kind]([[None]])) == "table_empty"


@pytest.mark.parametrize("kind", ["xlsx", "xlsb", "ods"])
def test_a_file_cut_anywhere_is_told_and_never_a_traceback(kind: str) -> None:
    data = KINDS[kind]([HEAD, *([str(n), "王伟", "x" * 30] for n in range(60))])
    for part in (9, 40, 512, len(data) // 3, len(data) // 2, len(data) - 700, len(data) - 30):
        assert code(data[:part]) in ("table_broken", "table_kind", "table_empty")


@pytest.mark.parametrize("name", ["EncryptedPackage", "encryptedPACKAGE"])
def test_a_workbook_with_a_password(name: str) -> None:
    """Excel keeps an encrypted XLSX as a stream of an OLE file: it was told as a damaged one."""
    assert code(ole({name: b"\0" * 100, "EncryptionInfo": b"\4\0\4\0"})) == "table_password"
    assert code(ole({"WordDocument": b"\0" * 100})) == "table_broken"


def record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


@pytest.mark.parametrize("name", ["Workbook", "Book"])
@pytest.mark.parametrize("secret", [b"\0\0\1\0\1\0", b"\1\0\1\0\1\0" + bytes(48)])
def test_an_old_workbook_with_a_password(name: str, secret: bytes) -> None:
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0x0DBB, 0x07CC, 0, 6))
    assert code(
        ole({name: begin + record(0x2F, secret) + record(0x85, b"unreadable") + record(0x0A, b"")})
    ) == ("table_password")


@pytest.mark.parametrize("parts", [{"encrypted-package": b"x"}, {"content.xml": b"\1\2"}])
def test_an_opendocument_with_a_password(parts: dict[str, bytes]) -> None:
    manifest = b'<file-entry full-path="content.xml"><manifest:encryption-data/></file-entry>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part, content in {**parts, "META-INF/manifest.xml": manifest}.items():
            archive.writestr(part, content)
    assert code(out.getvalue()) == "table_password"


def test_an_archive_that_was_packed_with_a_password() -> None:
    data = bytearray(workbook([HEAD]))
    at = -1
    while (at := data.find(b"PK\1\2", at + 1)) >= 0:
        data[at + 8] |= 1
    assert code(bytes(data)) == "table_password"


def test_a_password_is_said_in_words_that_say_what_to_do() -> None:
    entry = CATALOGUE["table_password"]
    assert (entry.status, "密码" in entry.zh, "password" in entry.en) == (422, True, True)
    assert "取消密码" in entry.remedy_zh and "Take the password away" in entry.remedy_en


SERIALS = [
    (45047.0, date(2023, 5, 1)),
    (45047.5, datetime(2023, 5, 1, 12)),  # noqa: DTZ001 - a sheet's own
    (36526.25, datetime(2000, 1, 1, 6)),  # noqa: DTZ001
]


@pytest.mark.parametrize(("serial", "meant"), SERIALS)
def test_days_of_an_old_workbook(serial: float, meant: date) -> None:
    assert cells(read_table(xls([HEAD, ["1", (serial,), "x"]]), "客户"))[0][1] == meant


@pytest.mark.parametrize(("serial", "meant"), SERIALS)
def test_days_of_a_workbook_that_counts_from_1904(serial: float, meant: date) -> None:
    """As Excel for Macintosh did: four years and a day later by the same number."""
    data = xls([HEAD, ["1", (serial - 1462,), "x"]], is_1904=True)
    assert cells(read_table(data, "客户"))[0][1] == meant


@pytest.mark.parametrize("is_1904", [False, True])
def test_a_new_workbook_that_counts_from_1904(is_1904: bool) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"date_1904": is_1904})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEAD)
    sheet.write(1, 0, "1")
    shown = book.add_format({"num_format": "d.m.yyyy"})
    sheet.write_datetime(1, 1, datetime(2023, 5, 1), shown)  # noqa: DTZ001 - a sheet's own
    sheet.write(1, 2, "x")
    book.close()
    assert cells(read_table(out.getvalue(), "客户"))[0][1] == date(2023, 5, 1)


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        ("date", "2023-05-01", date(2023, 5, 1)),
        ("date", "2023-05-01T08:30:00", datetime(2023, 5, 1, 8, 30)),  # noqa: DTZ001 - a sheet's own
        ("time", "PT08H30M00S", time(8, 30)),
        ("time", "PT00H00M00S", time(0)),
        ("boolean", "false", False),
        ("float", "10023", 10023),
        ("percentage", "0.5", 0.5),
        ("currency", "1234.5", 1234.5),
    ],
)
def test_values_of_opendocument(kind: str, value: str, read: Cell) -> None:
    data = ods([cell("户号") + cell("户名"), cell("1") + cell("shown otherwise", kind, value)])
    found = cells(read_table(data, "客户"))[0][1]
    assert (found, type(found)) == (read, type(read))


def test_opendocument_says_repeated_cells_and_paragraphs_once() -> None:
    twice = (
        '<table:table-row table:number-rows-repeated="2">' + cell("1") + cell("王伟") + "</table:table-row>"
    )
    wide = cell("2") + '<table:table-cell table:number-columns-repeated="1"/>' + cell("末")
    lines = cell("3") + cell("一").replace("</text:p>", "</text:p><text:p>二</text:p>") + cell("<&>\"'")
    table = read_table(ods([cell("户号") + cell("户名") + cell("备注"), twice, wide, lines]), "客户")
    found = cells(table)
    assert found[:3] == [("1", "王伟", None), ("1", "王伟", None), ("2", None, "末")]
    assert text_in(found[3][1]) == "一 二"
    assert found[3][2] == "<&>\"'"
    assert [row.number for row in table.rows] == [2, 3, 4, 5]


def test_empty_cells_repeated_to_the_end_of_an_opendocument_sheet_are_nothing() -> None:
    rest = '<table:table-cell table:number-columns-repeated="16381"/>'
    below = f'<table:table-row table:number-rows-repeated="1048500">{rest}</table:table-row>'
    table = read_table(
        ods([cell("户号") + cell("户名") + rest, cell("1") + cell("王伟") + rest, below]), "客户"
    )
    assert cells(table) == [("1", "王伟")]


@pytest.mark.parametrize(
    ("days", "shown"),
    [
        (timedelta(hours=8, minutes=30), time(8, 30)),
        (timedelta(0), time(0)),
        (timedelta(hours=26), "1 day, 2:00:00"),
        (timedelta(seconds=-1), "-1 day, 23:59:59"),
    ],
)  # fmt: skip
def test_times_of_a_sheet_are_times_of_day_within_a_day(days: timedelta, shown: object) -> None:
    assert workbooks._value(days) == shown


def test_midnight_is_a_day_and_long_figures_stay_as_they_are() -> None:
    assert workbooks._value(datetime(2023, 5, 1)) == date(2023, 5, 1)  # noqa: DTZ001 - a sheet's own
    assert [workbooks._value(one) for one in (1e15, 999999999999999.0, -3.0, 0.1)] == [
        1e15,
        999999999999999,
        -3,
        0.1,
    ]
    assert type(workbooks._value(1e15)) is float
    assert workbooks._value(True) is True


def test_rich_text_and_line_breaks_in_a_cell() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True, "font_color": "red"})
    sheet.write_row(0, 0, HEAD)
    sheet.write(1, 0, "1")
    sheet.write_rich_string(1, 1, "王", bold, "伟", "（先生）")
    sheet.write(1, 2, "第一行\n第二行\t末", book.add_format({"text_wrap": True}))
    sheet.write_string(2, 0, "002")
    sheet.write_url(2, 1, "https://example.com", string="李芳")
    sheet.write_comment(2, 2, "批注不是内容")
    book.close()
    table = read_table(out.getvalue(), "客户")
    assert cells(table) == [("1", "王伟（先生）", "第一行\n第二行\t末"), ("002", "李芳", None)]
    first, _ = translated(table)
    assert isinstance(first, Clean)
    assert first.values["note"] == "第一行 第二行 末"


def test_phonetic_guides_are_no_part_of_a_name() -> None:
    """Excel keeps the reading of Japanese and Chinese names within the text."""
    data = repacked(
        workbook([HEAD, ["1", "東京", "x"]]),
        {
            "xl/sharedStrings.xml": (
                "<t>東京</t>".encode(),
                '<t>東京</t><rPh sb="0" eb="2"><t>とうきょう</t></rPh>'.encode(),
            )
        },
    )
    assert cells(read_table(data, "客户"))[0][1] == "東京"


def test_numbers_kept_as_text_and_escaped_signs() -> None:
    data = workbook([HEAD, ["0012345678", "a_x0041_b", "x"]])
    assert cells(read_table(data, "客户"))[0][0] == "0012345678"


def test_the_first_sheet_with_anything_is_read_and_charts_are_no_sheets() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    book.add_worksheet("空")
    chart = book.add_chartsheet("图")
    line = book.add_chart({"type": "line"})
    full = book.add_worksheet("客户 & <2>")
    full.write_row(0, 0, HEAD)
    full.write_row(1, 0, ["1", "王伟", "x"])
    line.add_series({"values": "='客户 & <2>'!$A$1:$A$2"})
    chart.set_chart(line)
    book.close()
    table = read_table(out.getvalue(), "客户")
    assert table.sheet == "客户 & <2>"
    assert [one.name for one in table.sheets] == ["空", "客户 & <2>"]
    with pytest.raises(Problem) as problem:
        read_table(out.getvalue(), "客户", sheet="图")
    assert problem.value.code == "table_sheet_missing"
    with pytest.raises(Problem) as problem:
        read_table(out.getvalue(), "客户", sheet="空")
    assert problem.value.code == "table_empty"


@pytest.mark.parametrize(
    "page",
    [
        "<html><table><tr><td>户号</td></tr></table></html>",
        '\ufeff<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table>',
        "\r\n\r\n  <TABLE border=1><tr><td>1</td></tr></TABLE>",
        "<!-- made by ERP --> <!-- 2 -->\n<html>",
        "<style>td{mso-number-format:'@'}</style><table>",
        "<div><table><tr><td>1</td></tr></table></div>",
        '<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><table>',
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook/>',
        "MIME-Version: 1.0\r\nContent-Type: multipart/related",
        "Content-Type: text/html; charset=utf-8\r\n\r\n<html>",
        "<p>没有数据</p>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "gb18030"])
def test_a_web_page_called_xls_is_refused_whatever_it_begins_with(page: str, encoding: str) -> None:
    # Only UTF marks can stand in front: in another alphabet U+FEFF is a sign.
    written = page if encoding.startswith("utf") else page.lstrip("\ufeff")
    with pytest.raises(Problem) as problem:
        read_table(written.encode(encoding), "客户.xls")
    assert problem.value.code == "table_web_page"
    entry = CATALOGUE["table_web_page"]
    assert ".xlsx" in entry.remedy_zh and "另存为" in entry.remedy_zh
    assert ".xlsx" in entry.remedy_en and "save it" in entry.remedy_en


@pytest.mark.parametrize(
    "line", ["<大客户>,户名", "<tabletop>,b", "mime,version", "Content-Type,b", "<,户名", "<5,5-10", "p>a,b"]
)
def test_a_table_whose_first_cell_begins_so_is_none(line: str) -> None:
    data = f"{line}\n1,王伟\n2,李芳\n".encode()
    assert not sheet_reader._WEB_PAGE.match(data.lower())
    assert len(read_table(data, "a.csv", header=[1]).rows) == 2


def test_every_reason_of_a_cell_has_a_sentence_in_both_languages() -> None:
    for name in ("sheet_error", "which_figure", "too_long"):
        assert FAULTS[f"imports.{name}"].zh and FAULTS[f"imports.{name}"].en
