"""Reads a table in the sandbox: rows of data as packed lines of JSON, and what was set aside to find them.

Started by `backend.core.confined.child`; knows neither database nor catalogue.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from datetime import date, datetime, time
from itertools import islice
from typing import Any

import orjson

from backend.imports.reading import delimited, workbooks
from backend.imports.reading.grids import Grid, Unreadable, letter
from backend.imports.reading.headers import LOOK_AT, header_of
from backend.imports.reading.layout import Layout

FOLDERS: tuple[str, ...] = ()
MOST_ROWS, MOST_COLUMNS = 3_000_000, 500
_PACKING, _CHUNK = 1, 1 << 18
# Old systems write one and call it .xls; some a whole letter (MHTML).
_WEB_PAGE = re.compile(
    rb"(?:<!--.*?-->\s*)*"
    rb"<(?:!doctype|\?xml|html|head|meta|title|style|script|body|table|div|center|font|span|p|br)"
    rb"[\s>/]|mime-version\s*:|content-type\s*:\s*(?:multipart|text/html)",
    re.S,
)


def answer(question: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """The table of a file, or `problem` with what it takes to say."""
    try:
        grid = _grid(data, question.get("sheet"), question.get("encoding"))
        return _table(grid, question.get("known") or (), question.get("header"))
    except Unreadable as unreadable:
        return {"problem": unreadable.why, "detail": unreadable.detail}, b""


def _grid(data: bytes, sheet: str | None, encoding: str | None) -> Grid:
    if workbooks.is_workbook(data):
        return workbooks.read(data, sheet)
    # In UTF-16 every second byte is a zero.
    head = data[:2048].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if _WEB_PAGE.match(head):
        raise Unreadable("table_web_page")
    if head.startswith(
        (b"%pdf", b"\x89png", b"\xff\xd8\xff", b"rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"{", b"[")
    ):
        raise Unreadable("table_kind")
    return delimited.read(data, encoding)


def _table(grid: Grid, known: Iterable[str], asked: list[int] | None) -> tuple[dict[str, Any], bytes]:
    top = list(islice(grid.lines(), LOOK_AT + grid.skipped))
    rows = None if asked is None else [number - 1 for number in asked]
    shown = [[] if n < grid.skipped else line for n, line in enumerate(top)]
    header = header_of(shown, grid.merged, frozenset(known), rows, grid.left)
    if not header.names:
        raise Unreadable("table_empty")
    if len(header.names) > MOST_COLUMNS:
        raise Unreadable("table_too_many_columns", columns=len(header.names), most=MOST_COLUMNS)
    layout = Layout(grid, header)
    count, body = _packed(layout)
    columns = [
        (n, letter(grid.left + n), name)
        for n, name in enumerate(header.names)
        if layout.used[n] or (header.rows and name != letter(grid.left + n))
    ]
    if not count and not header.rows:
        raise Unreadable("table_empty")
    head = {
        "columns": columns, "count": count, "header": [row + 1 for row in header.rows], "sheet": grid.sheet,
        "sheets": grid.sheets, "encoding": grid.encoding, "delimiter": grid.delimiter,
        "set_aside": layout.set_aside, "more_set_aside": layout.more_set_aside, "merged": layout.merged,
    }  # fmt: skip
    return head, body


def _packed(layout: Layout) -> tuple[int, bytes]:
    packer, count, packed, lines = zlib.compressobj(_PACKING), 0, bytearray(), bytearray()
    for number, cells in layout.rows():
        count += 1
        if count > MOST_ROWS:
            raise Unreadable("table_too_many_rows", most=MOST_ROWS)
        lines += orjson.dumps([number, *cells], _plain, orjson.OPT_PASSTHROUGH_DATETIME)
        lines += b"\n"
        if len(lines) > _CHUNK:
            packed += packer.compress(lines)
            lines.clear()
    packed += packer.compress(lines)
    packed += packer.flush()
    return count, bytes(packed)


def _plain(cell: Any) -> Any:
    """What JSON does not know, under a letter that says what it is."""
    if isinstance(cell, datetime):
        return {"t": cell.isoformat()}
    if isinstance(cell, date):
        return {"d": cell.isoformat()}
    if isinstance(cell, time):
        return {"c": cell.isoformat()}
    return str(cell)
