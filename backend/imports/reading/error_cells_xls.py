"""Finds the cells of an XLS that hold an error: python-calamine gives them as empty ones.

The file is an OLE one (MS-CFB) whose stream `Workbook` (MS-XLS: BIFF8) or `Book` (BIFF5) holds a stretch of
records for each sheet; `BOOLERR` and the last value of `FORMULA` say what error stands in a cell.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from backend.imports.reading.error_cells import CODES, Errors
from backend.imports.reading.grids import Unreadable
from backend.imports.reading.ole import BROKEN, Ole

WORKBOOKS = ("workbook", "book")
_FORMULA, _BOUND_SHEET, _BOOL_OR_ERROR, _BEGIN, _END = 0x06, 0x85, 0x205, 0x809, 0x0A


def errors_of_xls(data: bytes, sheet: int) -> Errors:
    """The error cells of the sheet in that place (from 0). Raises Unreadable (`table_broken`)."""
    try:
        stream = Ole(data).first_of(WORKBOOKS)
        begins = [struct.unpack_from("<I", stream, at)[0] for kind, at, _ in records_of(stream, 0)
                  if kind == _BOUND_SHEET and stream[at + 5] == 0]  # fmt: skip
        return _in_sheet(stream, begins[sheet]) if sheet < len(begins) else {}
    except BROKEN as error:
        raise Unreadable("table_broken") from error


def _in_sheet(stream: bytes, begin: int) -> Errors:
    found: Errors = {}
    for kind, at, size in records_of(stream, begin):
        if kind == _BOOL_OR_ERROR and size >= 8 and stream[at + 7] == 1:
            code = stream[at + 6]
        elif (
            kind == _FORMULA
            and size >= 14
            and stream[at + 6] == 2
            and stream[at + 12 : at + 14] == b"\xff\xff"
        ):
            code = stream[at + 8]
        else:
            continue
        row, column = struct.unpack_from("<HH", stream, at)
        found.setdefault(row, {})[column] = CODES.get(code, "#VALUE!")
    return found


def records_of(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Kind, beginning and length of the records from one `BOF` to its `EOF`, without charts within it."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        depth += (kind == _BEGIN) - (kind == _END)
        if depth <= 0:
            return
        if depth == 1:
            yield kind, at + 4, size
        at += 4 + size
