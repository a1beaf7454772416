"""Rows of a GeoPackage's table as SQLite keeps them.

Whole numbers stay whole, whatever stands in other rows.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from geo.errors import FileUnreadable
from geo.formats.rows import Rows
from geo.formats.spelling import Speller


def rows_of(path: Path, layer: str) -> Rows:
    """A table's rows by their number, without its shapes. Raises FileUnreadable."""
    speller = Speller(None)
    try:
        database = sqlite3.connect(f"file:{path.as_posix()}?mode=ro&immutable=1", uri=True)
        try:
            database.text_factory = lambda data: speller.text(data, layer)
            names, key, rows = _rows(database, layer)
        finally:
            database.close()
    except sqlite3.Error as error:
        raise FileUnreadable(path.name) from error
    return Rows(names, rows, speller.findings, key)


def _rows(
    database: sqlite3.Connection, layer: str
) -> tuple[list[str], str | None, dict[int, dict[str, Any]]]:
    columns = database.execute(f"PRAGMA table_info({_quoted(layer)})").fetchall()
    known = "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?"
    shapes = {row[0] for row in database.execute(known, (layer,))}
    key = next((row[1] for row in columns if row[5] and "INT" in str(row[2]).upper()), None)
    names = [
        row[1]
        for row in columns
        if row[1] not in shapes and row[1] != key and "BLOB" not in str(row[2]).upper()
    ]
    asked = ", ".join([_quoted(key) if key else "rowid", *map(_quoted, names)])
    found = {}
    rows = database.execute(f"SELECT {asked} FROM {_quoted(layer)}")  # noqa: S608 - _quoted names
    for number, *values in rows:
        kept = {name: _shown(value) for name, value in zip(names, values, strict=True)}
        found[int(number)] = {name: value for name, value in kept.items() if value is not None}
        if key:
            found[int(number)][key] = number
    return names, key, found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _shown(value: Any) -> Any:
    """A real number that is whole is shown with all its digits and without a point."""
    if isinstance(value, float) and value.is_integer():
        return int(value) if abs(value) < 1 << 63 else str(int(value))
    return None if isinstance(value, bytes) else value
