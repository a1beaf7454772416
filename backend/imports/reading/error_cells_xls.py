"""Finds the cells of an XLS that hold an error: python-calamine gives them as empty ones.

The file is an OLE one (MS-CFB) whose stream `Workbook` (MS-XLS: BIFF8) or `Book` (BIFF5) holds a stretch of
records for each sheet; `BOOLERR` and the last value of `FORMULA` say what error stands in a cell.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from backend.imports.reading.error_cells import CODES, Errors
from backend.imports.reading.grids import Unreadable

_LAST_SECTOR = 0xFFFFFFFA
_STREAM, _ROOT = 2, 5
_ENTRY, _NAMES = 128, ("workbook", "book")
_FORMULA, _BOUND_SHEET, _BOOL_OR_ERROR, _BEGIN, _END = 0x06, 0x85, 0x205, 0x809, 0x0A
_BIFF8 = 0x600


def errors_of_xls(data: bytes, sheet: int) -> Errors:
    """The error cells of the sheet in that place (from 0). Raises Unreadable (`table_broken`)."""
    try:
        stream = _workbook(data)
        begins = [struct.unpack_from("<I", stream, at)[0] for kind, at, _ in _records(stream, 0)
                  if kind == _BOUND_SHEET and stream[at + 5] == 0]  # fmt: skip
        return _in_sheet(stream, begins[sheet]) if sheet < len(begins) else {}
    except (struct.error, IndexError, ValueError) as error:
        raise Unreadable("table_broken") from error


def _in_sheet(stream: bytes, begin: int) -> Errors:
    found: Errors = {}
    for kind, at, size in _records(stream, begin):
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


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
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


def _workbook(data: bytes) -> bytes:
    """The stream of the workbook. Raises ValueError where there is none."""
    shift, small_shift = struct.unpack_from("<HH", data, 30)
    first_folder, cutoff, first_small = (struct.unpack_from("<I", data, at)[0] for at in (48, 56, 60))
    if shift not in (9, 12) or small_shift != 6:
        raise ValueError("sectors")
    sectors = _Sectors(data, 1 << shift, (1 << shift) if shift == 12 else 512)
    sectors.following = _table(sectors, data)
    folder = sectors.chain(first_folder)
    entries = [folder[at : at + _ENTRY] for at in range(0, len(folder) - _ENTRY + 1, _ENTRY)]
    streams = {_name(one): one for one in entries if one[66] == _STREAM}
    root = next((one for one in entries if one[66] == _ROOT), b"")
    found = next((streams[name] for name in _NAMES if name in streams), None)
    if found is None:
        raise ValueError("no workbook")
    start, size = struct.unpack_from("<II", found, 116)
    if size >= cutoff:
        return sectors.chain(start)[:size]
    small = _Sectors(sectors.chain(struct.unpack_from("<I", root, 116)[0]), 1 << small_shift, 0)
    table = sectors.chain(first_small)
    small.following = list(struct.unpack_from(f"<{len(table) // 4}I", table))
    return small.chain(start)[:size]


class _Sectors:
    """Sectors of one size, each followed by the one that `following` names."""

    def __init__(self, data: bytes, size: int, head: int) -> None:
        self._data, self.size, self._head = data, size, head
        self.following: list[int] = []

    def at(self, sector: int) -> bytes:
        """One of them. Raises ValueError beyond the end."""
        begin = self._head + sector * self.size
        if begin >= len(self._data):
            raise ValueError("beyond the end")
        return self._data[begin : begin + self.size]

    def chain(self, sector: int) -> bytes:
        """All from one on. Raises ValueError where they go round."""
        found = []
        while sector < _LAST_SECTOR:
            found.append(self.at(sector))
            if len(found) > len(self.following):
                raise ValueError("round")
            sector = self.following[sector]
        return b"".join(found)


def _table(sectors: _Sectors, data: bytes) -> list[int]:
    """Which sector follows each, from all parts of the table."""
    parts = [one for one in struct.unpack_from("<109I", data, 76) if one < _LAST_SECTOR]
    more, count = struct.unpack_from("<II", data, 68)
    for _ in range(count):
        if more >= _LAST_SECTOR:
            break
        *listed, more = struct.unpack(f"<{sectors.size // 4}I", sectors.at(more))
        parts += [one for one in listed if one < _LAST_SECTOR]
    return [one for part in parts for one in struct.unpack(f"<{sectors.size // 4}I", sectors.at(part))]


def _name(entry: bytes) -> str:
    length = struct.unpack_from("<H", entry, 64)[0]
    return entry[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace").casefold()
