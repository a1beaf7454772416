"""What the sandboxed reader makes of a file: a grid of rows with its merged cells, before any meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

# First row, first column, last row, last column; from 0, all included.
Merged = tuple[int, int, int, int]
Line = Sequence[Any]


class Unreadable(Exception):
    """A file that is no table: `why` is its entry in `errors.toml`, `detail` what that takes."""

    def __init__(self, why: str, **detail: Any) -> None:
        super().__init__(why)
        self.why, self.detail = why, detail


@dataclass(frozen=True, slots=True)
class Grid:
    """All rows of a sheet from its first, each from the same column; `lines` may be called again.

    `left` is the sheet's column (from 0) in which each line begins.
    """

    lines: Callable[[], Iterator[Line]]
    left: int = 0
    merged: tuple[Merged, ...] = ()
    sheet: str = ""
    sheets: tuple[tuple[str, bool], ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    # Lines at the top that are for programs (`sep=;`).
    skipped: int = field(default=0)


def letter(index: int) -> str:
    """The name of a column of a sheet, from 0: A, B, … Z, AA."""
    found, rest = "", index + 1
    while rest:
        rest, digit = divmod(rest - 1, 26)
        found = chr(65 + digit) + found
    return found
