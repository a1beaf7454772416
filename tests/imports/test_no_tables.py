"""What is no table, or a hostile one: refused in words, behind the sandbox's walls where it could do harm."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from backend.core.errors import Problem
from backend.imports.reading import tables
from backend.imports.reading.tables import PackedRows, read_table
from tests.imports.old_workbooks import xls
from tests.imports.sheets import text, workbook

HEAD = ["户号", "户名", "用水地址", "电话"]
ROWS = [["001", "王伟", "试验路1号", "13812345678"], ["002", "李芳", "试验路2号", None]]


def refused(data: bytes, **options: Any) -> Problem:
    with pytest.raises(Problem) as problem:
        read_table(data, "表.xlsx", **options)
    return problem.value


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
@pytest.mark.usefixtures("in_process")
def test_what_is_no_table_is_refused_in_words(kind: str) -> None:
    made, code = NO_TABLES[kind]
    assert refused(made()).code == code


def test_the_walls_stand_around_what_is_read() -> None:
    table = read_table(workbook([HEAD, *ROWS]), "表.xlsx")
    assert [row.cells for row in table.rows] == [tuple(one) for one in ROWS]
    assert refused(text("<html>")).code == "table_web_page"


def test_an_old_workbook_cut_short_ends_no_other_process_than_its_own() -> None:
    """The library falls over it; that is told as a damaged file, and the next one is read."""
    data = xls([HEAD, *ROWS])
    assert [refused(data[: len(data) * part // 4]).code for part in (2, 3)] == ["table_broken"] * 2
    assert len(read_table(data, "表.xls").rows) == 2


def test_an_answer_beyond_its_limit_is_told_as_a_file_that_is_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "LIMITS", replace(tables.LIMITS, answer=100))
    assert refused(text(",".join(HEAD), *(f"{n},王伟,a,b" for n in range(500)))).code == "table_too_much"


def test_a_file_too_large_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_BYTES", 10)
    assert refused(b"x" * 11).detail == {"megabytes": 0, "most": 0}


def test_what_a_reader_sends_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_MOST_ROW", 1_000_000)
    endless = zlib.compress(b"1" * 20_000_000)
    with pytest.raises(Problem) as problem:
        list(PackedRows(endless, 1, (0,)))
    assert problem.value.code == "table_broken"
