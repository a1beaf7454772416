"""Refuses a sheet (XLSX, XLSB) whose outermost cells enclose more than the memory holds, before it is read.

python-calamine keeps every cell between the first and the last that hold something, the empty ones too; what
does not fit ends the process without a word.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass

from backend.imports.reading.error_cells import BROKEN, column_of, pieces_of, records
from backend.imports.reading.grids import Unreadable

# Each takes some thirty bytes.
MOST_CELLS = 100_000_000
# From the first column of three letters on nothing is meant.
_FAR_OUT = 702
_FILLED = re.compile(rb'<(?:[a-z0-9]{1,9}:)?c r="([A-Z]{1,3})([0-9]{1,7})"[^>]*(?<!/)>')
_LONGEST_CELL = 200
_ROW, _FIRST_FILLED, _LAST_FILLED = 0, 2, 11


@dataclass(slots=True)
class _Extent:
    """Rows and columns of the outermost cells with something in them."""

    first: int = 1 << 20
    last: int = -1
    left: int = 1 << 20
    right: int = -1

    def add(self, rows: tuple[int, int], columns: tuple[int, int]) -> None:
        self.first, self.last = min(self.first, rows[0]), max(self.last, rows[1])
        self.left, self.right = min(self.left, columns[0]), max(self.right, columns[1])

    @property
    def is_too_much(self) -> bool:
        if self.right < 0:
            return False
        cells = (self.last - self.first + 1) * (self.right - self.left + 1)
        return self.right >= _FAR_OUT or cells > MOST_CELLS


def check_extent(archive: zipfile.ZipFile, part: str) -> None:
    """Raises Unreadable: `table_too_much`, `table_broken`."""
    try:
        if part.endswith(".xml"):
            extent = _of_xml(archive, part)
        elif part.endswith(".bin"):
            extent = _of_binary(archive.read(part))
        else:
            return
    except (IndexError, *BROKEN) as error:
        raise Unreadable("table_broken") from error
    if extent.is_too_much:
        raise Unreadable("table_too_much")


def _of_xml(archive: zipfile.ZipFile, part: str) -> _Extent:
    extent = _Extent()
    with archive.open(part) as stream:
        for piece in pieces_of(stream, _LONGEST_CELL):
            filled = _FILLED.findall(piece)
            if filled:
                columns = [column_of(one.decode()) for one in {letters for letters, _ in filled}]
                extent.add((int(filled[0][1]), int(filled[-1][1])), (min(columns), max(columns)))
    return extent


def _of_binary(data: bytes) -> _Extent:
    extent, row = _Extent(), 0
    for kind, at, _ in records(data):
        if kind == _ROW:
            row = int.from_bytes(data[at : at + 4], "little")
        elif _FIRST_FILLED <= kind <= _LAST_FILLED:
            column = int.from_bytes(data[at : at + 4], "little")
            extent.add((row, row), (column, column))
    return extent
