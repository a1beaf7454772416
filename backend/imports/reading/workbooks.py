"""Reads workbooks (XLSX, XLSB, XLS, ODS) with python-calamine: one sheet's cells, and which are merged."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine as calamine

from backend.imports.reading.error_cells import Errors, errors_of
from backend.imports.reading.error_cells_xls import errors_of_xls
from backend.imports.reading.extents import check_extent
from backend.imports.reading.grids import Grid, Line, Merged, Unreadable
from backend.imports.reading.passwords import archive_has_password, ole_has_password

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Unpacked, of all parts of a workbook; what says less than it is runs into the limits of the process.
MOST_UNPACKED = 2_000_000_000
# No part of a true table is so much smaller packed.
MOST_RATIO = 150
_SMALL = 20_000_000
# Beyond so many digits a sheet keeps zeros in their place.
_EXACT = 10**15
_DAY = timedelta(days=1)


def is_workbook(data: bytes) -> bool:
    """Whether a file is one by its first bytes; its name says nothing."""
    return data.startswith((ZIP, OLE))


def read(data: bytes, sheet: str | None = None) -> Grid:
    """The cells of a sheet: the asked one, else the first that is seen and has any. Raises Unreadable."""
    archive = _checked(data) if data.startswith(ZIP) else None
    try:
        workbook = calamine.load_workbook(io.BytesIO(data))
    except calamine.PasswordError as error:
        raise Unreadable("table_password") from error
    except (calamine.CalamineError, OSError, ValueError) as error:
        is_secret = archive is None and ole_has_password(data)
        raise Unreadable("table_password" if is_secret else "table_broken") from error
    sheets = tuple(
        (one.name, one.visible is not calamine.SheetVisibleEnum.Visible)
        for one in workbook.sheets_metadata
        if one.typ is calamine.SheetTypeEnum.WorkSheet
    )
    chosen = _chosen(workbook, sheets, sheet)
    if archive is not None:
        return _grid(chosen, sheets, errors_of(archive, chosen.name))
    place = [name for name, _ in sheets].index(chosen.name)
    return _grid(chosen, sheets, errors_of_xls(data, place))


def _chosen(
    workbook: calamine.CalamineWorkbook, sheets: tuple[tuple[str, bool], ...], asked: str | None
) -> calamine.CalamineSheet:
    names = [name for name, _ in sheets]
    if asked is not None and asked not in names:
        raise Unreadable("table_sheet_missing", sheet=asked, sheets=names[:20])
    seen = [asked] if asked is not None else [name for name, is_hidden in sheets if not is_hidden]
    try:
        for name in seen:
            found = workbook.get_sheet_by_name(name)
            if found.start is not None:
                return found
    except (calamine.CalamineError, ValueError) as error:
        raise Unreadable("table_broken") from error
    raise Unreadable("table_empty")


def _grid(sheet: calamine.CalamineSheet, sheets: tuple[tuple[str, bool], ...], errors: Errors) -> Grid:
    left = sheet.start[1] if sheet.start else 0

    def lines() -> Iterator[Line]:
        for row, cells in enumerate(sheet.iter_rows()):
            line = [_value(cell) for cell in cells]
            for column, text in errors[row].items() if row in errors else ():
                if left <= column < left + len(line):
                    line[column - left] = text
            yield line

    merged: tuple[Merged, ...] = tuple(
        (top, first - left, bottom, last - left)
        for (top, first), (bottom, last) in sheet.merged_cell_ranges or ()
        if first >= left
    )
    return Grid(lines, left, merged, sheet.name, sheets)


def _value(cell: Any) -> Any:
    """A cell as it goes on: whole numbers without a fraction, days without midnight."""
    kind = type(cell)
    if kind is str:
        return cell
    if kind is float:
        return int(cell) if cell.is_integer() and abs(cell) < _EXACT else cell
    if kind is timedelta:
        return (
            (datetime.combine(date.min, time()) + cell).time() if timedelta(0) <= cell < _DAY else str(cell)
        )
    if kind is datetime and cell.time() == time.min:
        return date(cell.year, cell.month, cell.day)
    return cell


def _checked(data: bytes) -> zipfile.ZipFile:
    """The archive, which is no bomb, and in which no cell stands so far out that all before it would fill the
    memory."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Unreadable("table_broken") from error
    if archive_has_password(archive):
        raise Unreadable("table_password")
    parts = archive.infolist()
    if not {"xl/workbook.xml", "xl/workbook.bin", "content.xml"} & {part.filename for part in parts}:
        raise Unreadable("table_kind")
    if sum(part.file_size for part in parts) > MOST_UNPACKED or any(map(_is_bomb, parts)):
        raise Unreadable("table_too_much")
    for part in parts:
        if part.filename.startswith("xl/worksheets/") or part.filename == "content.xml":
            check_extent(archive, part.filename)
    return archive


def _is_bomb(part: zipfile.ZipInfo) -> bool:
    return part.file_size > _SMALL and part.file_size > MOST_RATIO * max(1, part.compress_size)
