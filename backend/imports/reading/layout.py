"""Tells rows of data from titles, totals, notes and repeated headers, and fills merged cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.imports.reading.grids import Grid, Merged
from backend.imports.reading.headers import Header, text_of

MOST_LISTED = 200
_MOST_SHOWN = 120
_TOTAL = re.compile(
    r"(?:本页|本月|累计|全部|共计)?(?:合计|小计|总计|共计|累计|总和|sub\s*-?\s*total|grand\s*total|totals?|sum)"
    r"(?:[（(].*[)）])?\s*[:：]?\s*(?:\d[\d,]*\s*(?:户|条|块|只|个|rows?)?)?",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"共\s*\d[\d,]*\s*(?:户|条|块|只|个|行)")
_NOTE = re.compile(
    r"(?:制表|审核|填表|复核|打印|导出|说明|注|备注|填报|单位负责人|prepared by|printed|note)[^:：]{0,8}[:：]",
    re.I,
)
# So many cells hold a line of notes, and a table of so many columns is wide enough to tell one.
_MOST_IN_NOTE, _WIDE = 3, 5


@dataclass(slots=True)
class Layout:
    """Goes through a grid below its header; what it has set aside, filled and seen is known at the end."""

    grid: Grid
    header: Header
    set_aside: list[tuple[int, str, str]] = field(default_factory=list)
    more_set_aside: int = 0
    merged: int = 0
    used: list[bool] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Number (from 1, as people see it) and cells of each row of data."""
        width = len(self.header.names)
        self.used = [False] * width
        first = max(self.header.rows, default=self.grid.skipped - 1) + 1
        wide, down = _by_row(self.grid.merged, first, width)
        kept: dict[int, tuple[int, Any]] = {}
        for row, line in enumerate(self.grid.lines()):
            if row < first:
                self._above(row, line)
                continue
            cells = [None if type(cell) is str and not cell.strip() else cell for cell in line[:width]]
            cells += [None] * (width - len(cells))
            self._fill(row, cells, down, kept)
            if all(cell is None for cell in cells):
                continue
            why = self._why_no_data(cells, is_title=row in wide)
            if why:
                self._put_aside(row, why, cells)
                continue
            for n, cell in enumerate(cells):
                if cell is not None:
                    self.used[n] = True
            yield row + 1, cells

    def _fill(
        self, row: int, cells: list[Any], down: dict[int, list[Merged]], kept: dict[int, tuple[int, Any]]
    ) -> None:
        """Cells merged downwards hold in each of their rows what stands in the first.

        Those merged to the right keep it in their first column: it was written over the others, not meant
        for them.
        """
        for _, first, bottom, _ in down.get(row, ()):
            kept[first] = (bottom, cells[first])
        for n, (bottom, value) in list(kept.items()):
            if row > bottom:
                del kept[n]
            elif cells[n] is None and value is not None:
                cells[n] = value
                self.merged += 1

    def _above(self, row: int, line: Sequence[Any]) -> None:
        if row not in self.header.rows and row >= self.grid.skipped and any(map(text_of, line)):
            self._put_aside(row, "title", line)

    def _why_no_data(self, cells: Sequence[Any], *, is_title: bool) -> str | None:
        filled = [text_of(cell) for cell in cells if cell is not None]
        if is_title and len(filled) == 1:
            return "title"
        if _TOTAL.fullmatch(filled[0]) or (
            len(filled) <= len(cells) * 0.6 and any(map(_TOTAL.fullmatch, filled))
        ):
            return "total"
        is_short = len(filled) <= _MOST_IN_NOTE and len(cells) >= _WIDE
        if is_short and (_NOTE.match(filled[0]) or _COUNTED.fullmatch(filled[0])):
            return "note"
        names = {name for name in self.header.names if name}
        is_header = len(filled) > 1 and self.header.rows and all(one in names for one in filled)
        return "header" if is_header else None

    def _put_aside(self, row: int, why: str, cells: Iterable[Any]) -> None:
        if len(self.set_aside) >= MOST_LISTED:
            self.more_set_aside += 1
            return
        shown = " ".join(text for text in map(text_of, cells) if text)
        self.set_aside.append((row + 1, why, shown[:_MOST_SHOWN]))


def _by_row(merged: Iterable[Merged], first: int, width: int) -> tuple[set[int], dict[int, list[Merged]]]:
    """Rows in which one cell covers most of the width, and the cells merged downwards by their first row."""
    wide: set[int] = set()
    down: dict[int, list[Merged]] = {}
    for one in merged:
        top, left, bottom, right = one
        if bottom < first or left >= width:
            continue
        if right - left + 1 >= max(3, width * 0.75):
            wide.add(top)
        elif bottom > top:
            down.setdefault(max(top, first), []).append(one)
    return wide, down
