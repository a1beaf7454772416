"""Refuses a sheet (XLSX, XLSB, ODS) whose outermost cells enclose more than the memory holds, unread.

python-calamine keeps every cell between the first and the last that hold something, the empty ones too; what
does not fit ends the process without a word. Of an ODS it drops without a word what stands beyond the rows
and columns that any program has.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from xml.parsers import expat

from backend.imports.reading.error_cells import BROKEN, column_of, parse, pieces_of, records
from backend.imports.reading.grids import Unreadable

# Each takes some thirty bytes.
MOST_CELLS = 100_000_000
# From the first column of three letters on nothing is meant.
_FAR_OUT = 702
_MOST_ROWS = 1 << 20
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

    def cells(self) -> int:
        """How many are between the outermost; more than any where one lies beyond all rows or columns."""
        if self.right < 0:
            return 0
        if self.right >= _FAR_OUT or self.last >= _MOST_ROWS:
            return MOST_CELLS + 1
        return (self.last - self.first + 1) * (self.right - self.left + 1)

    @property
    def is_too_much(self) -> bool:
        return self.cells() > MOST_CELLS


def check_extent(archive: zipfile.ZipFile, part: str) -> None:
    """Raises Unreadable: `table_too_much`, `table_broken`."""
    try:
        if part.startswith("xl/") and part.endswith(".xml"):
            extent = _of_xml(archive, part)
        elif part == "content.xml":
            extent = _of_ods(archive)
        elif part.endswith(".bin"):
            extent = _of_binary(archive.read(part))
        else:
            return
    except (IndexError, ValueError, expat.ExpatError, *BROKEN) as error:
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


def _of_ods(archive: zipfile.ZipFile) -> _Extent:
    """Of the widest sheet: each is read. Cells and rows stand once for many that are alike."""
    extent, sheet = _Extent(), _Extent()
    row, column, rows = 0, 0, 1

    def begin(tag: str, given: dict[str, str]) -> None:
        nonlocal extent, sheet, row, column, rows
        if tag == "table:table":
            extent, sheet = max(extent, sheet, key=_Extent.cells), _Extent()
            row, rows = 0, 0
        elif tag == "table:table-row":
            row, column, rows = row + rows, 0, _times(given, "table:number-rows-repeated")
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            wide = _times(given, "table:number-columns-repeated")
            if "office:value-type" in given or "table:formula" in given:
                sheet.add((row, row + rows - 1), (column, column + wide - 1))
            column += wide

    parse(archive, "content.xml", begin)
    return max(extent, sheet, key=_Extent.cells)


def _times(given: dict[str, str], name: str) -> int:
    """How often a row or cell stands there. Raises ValueError for no such number."""
    found = int(given.get(name, 1))
    if found < 1:
        raise ValueError(name)
    return found


def _of_binary(data: bytes) -> _Extent:
    extent, row = _Extent(), 0
    for kind, at, _ in records(data):
        if kind == _ROW:
            row = int.from_bytes(data[at : at + 4], "little")
        elif _FIRST_FILLED <= kind <= _LAST_FILLED:
            column = int.from_bytes(data[at : at + 4], "little")
            extent.add((row, row), (column, column))
    return extent
