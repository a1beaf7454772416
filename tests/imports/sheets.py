"""Writes small workbooks and texts for tests."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import xlsxwriter

Merge = tuple[int, int, int, int]


def workbook(
    rows: Sequence[Sequence[Any]],
    merges: Sequence[Merge] = (),
    *,
    name: str = "表1",
    hidden: Sequence[str] = (),
    at: tuple[int, int] = (0, 0),
) -> bytes:
    """A workbook with one sheet of these rows, from a corner on, behind hidden sheets that hold something."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    days, moments, clocks = (
        book.add_format({"num_format": one}) for one in ("yyyy-mm-dd", "yyyy-mm-dd hh:mm", "hh:mm")
    )
    for one in hidden:
        sheet = book.add_worksheet(one)
        sheet.write(0, 0, "旧")
        sheet.hide()
    sheet = book.add_worksheet(name)
    sheet.activate()
    sheet.set_first_sheet()
    for row, cells in enumerate(rows, at[0]):
        for n, cell in enumerate(cells, at[1]):
            if isinstance(cell, date | datetime | time):
                format_ = (
                    moments if isinstance(cell, datetime) else clocks if isinstance(cell, time) else days
                )
                sheet.write_datetime(row, n, cell, format_)
            elif cell is not None:
                sheet.write(row, n, cell)
    for top, left, bottom, right in merges:
        sheet.merge_range(top, left, bottom, right, rows[top - at[0]][left - at[1]])
    book.close()
    return out.getvalue()


def text(*lines: str, encoding: str = "utf-8") -> bytes:
    """Lines of text."""
    return "".join(f"{one}\r\n" for one in lines).encode(encoding)
