"""The table of a run without its rows, as it is kept and shown: columns with examples, what was set aside."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from itertools import islice
from typing import Any

from backend.imports.reading.shapes import Cell, Column, Table
from backend.imports.reading.tables import PackedRows

_EXAMPLES, _LOOKED_AT, _LONGEST = 3, 200, 60


def head_of(table: Table) -> dict[str, Any]:
    """A table's columns with examples of what stands in them, and how it was read."""
    assert isinstance(table.rows, PackedRows)
    examples = _examples(table)
    return {
        "sheet": table.sheet,
        "sheets": [{"name": one.name, "is_hidden": one.is_hidden} for one in table.sheets],
        "encoding": table.encoding,
        "delimiter": table.delimiter,
        "header_rows": list(table.header_rows),
        "columns": [
            {"index": one.index, "letter": one.letter, "name": one.name, "examples": examples[one.index]}
            for one in table.columns
        ],
        "kept": list(table.rows.kept),
        "set_aside": [one.as_dict() for one in table.set_aside],
        "more_set_aside": table.more_set_aside,
        "merged": table.merged,
    }


def without_examples(head: Mapping[str, Any]) -> dict[str, Any]:
    """A kept table without anything that stood in its rows."""
    columns = [one | {"examples": []} for one in head["columns"]]
    return {**head, "columns": columns, "set_aside": []}


def columns_of(head: Mapping[str, Any]) -> tuple[Column, ...]:
    """The columns of a kept table."""
    return tuple(Column(one["index"], one["letter"], one["name"]) for one in head["columns"])


def rows_of(head: Mapping[str, Any], packed: bytes, count: int) -> PackedRows:
    """The rows of a kept table."""
    return PackedRows(packed, count, tuple(head["kept"]))


def form_of(columns: Sequence[Column]) -> str:
    """What files of one form have in common: a hash of their columns' names."""
    return hashlib.sha256("\n".join(sorted(one.name for one in columns)).encode()).hexdigest()


def _examples(table: Table) -> list[list[str]]:
    found: list[list[str]] = [[] for _ in table.columns]
    for row in islice(table.rows, _LOOKED_AT):
        for n, cell in enumerate(row.cells):
            shown = _shown(cell)
            if shown and len(found[n]) < _EXAMPLES and shown not in found[n]:
                found[n].append(shown)
    return found


def _shown(cell: Cell) -> str:
    if cell is None:
        return ""
    text = cell.isoformat(" ") if isinstance(cell, datetime) else (
        cell.isoformat() if isinstance(cell, date | time) else str(cell)
    )  # fmt: skip
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
