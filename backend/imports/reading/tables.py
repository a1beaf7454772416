"""Reads a table from a file's bytes (XLSX, XLS, XLSB, ODS, CSV) in a confined process, and keeps its rows
packed."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Any

import orjson

from backend.core.confined.limits import MEGABYTE, Limits
from backend.core.confined.reader import Reader, Stopped
from backend.core.errors import Problem
from backend.imports.reading.headers import known_names
from backend.imports.reading.shapes import Cell, Column, Row, SetAside, Sheet, Table
from backend.imports.reading.targets import TARGETS

MOST_BYTES = 300_000_000
LIMITS = Limits(
    memory=4_096 * MEGABYTE, answer=512 * MEGABYTE, file=1_024 * MEGABYTE, cpu_seconds=240, wall_seconds=300
)
# Unpacked at once, and of one row: the reader is not believed either.
_PIECE, _MOST_ROW = 1 << 18, 64 * MEGABYTE
_STOPPED = {"time": "table_too_long", "memory": "table_too_much", "answer": "table_too_much",
            "busy": "table_readers_busy"}  # fmt: skip
_MOST_TEXT = 200


@dataclass(frozen=True, slots=True)
class PackedRows:
    """Rows as they came from the reader: packed lines of JSON, unpacked piece by piece each time."""

    packed: bytes
    count: int
    # Of the reader's cells, those that are columns of the table.
    kept: tuple[int, ...]

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Row]:
        begun: list[bytes] = []
        for piece in self._pieces():
            first, *others = piece.split(b"\n")
            begun.append(first)
            if others:
                yield self._row(b"".join(begun))
                yield from map(self._row, others[:-1])
                begun = [others[-1]]
            elif sum(map(len, begun)) > _MOST_ROW:
                raise Problem("table_broken")

    def _row(self, line: bytes) -> Row:
        number, *cells = orjson.loads(line)
        return Row(number, tuple(_cell(cells[n]) if n < len(cells) else None for n in self.kept))

    def _pieces(self) -> Iterator[bytes]:
        unpacker, rest = zlib.decompressobj(), memoryview(self.packed)
        for start in range(0, len(rest), _PIECE):
            piece = bytes(rest[start : start + _PIECE])
            while piece:
                yield unpacker.decompress(piece, _PIECE)
                piece = unpacker.unconsumed_tail
        yield unpacker.flush()


def read_table(
    data: bytes,
    name: str,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    header: Sequence[int] | None = None,
) -> Table:
    """The table in a file: of a workbook the asked sheet, else the first that is seen and holds anything.

    `encoding` is for text whose own cannot be found, `header` says which rows (numbers from 1) name the
    columns, none for no header. Raises Problem: `table_too_large`, `table_kind`, `table_empty`,
    `table_broken`, `table_password`, `table_web_page`, `table_encoding`, `table_sheet_missing`,
    `table_too_much`, `table_too_long`, `table_too_many_rows`, `table_too_many_columns`, `table_readers_busy`.
    """
    if len(data) > MOST_BYTES:
        raise Problem("table_too_large", megabytes=len(data) // 1_000_000, most=MOST_BYTES // 1_000_000)
    question = {
        "name": name[-100:], "sheet": sheet, "encoding": encoding, "known": _known(),
        "header": None if header is None else list(header),
    }  # fmt: skip
    try:
        with Reader("backend.imports.reading.sheet_reader", LIMITS) as reader:
            head, body = reader.ask(question, data)
    except Stopped as stopped:
        raise Problem(_STOPPED.get(stopped.why, "table_broken")) from stopped
    if "problem" in head:
        raise Problem(str(head["problem"]), **head["detail"])
    return _table(head, body)


def _table(head: dict[str, Any], body: bytes) -> Table:
    columns = tuple(
        Column(n, str(letter), str(name)[:_MOST_TEXT]) for n, (_, letter, name) in enumerate(head["columns"])
    )
    kept = tuple(int(index) for index, _, _ in head["columns"])
    return Table(
        sheet=str(head["sheet"]),
        columns=columns,
        rows=PackedRows(body, int(head["count"]), kept),
        header_rows=tuple(map(int, head["header"])),
        sheets=tuple(Sheet(str(name), bool(is_hidden)) for name, is_hidden in head["sheets"]),
        encoding=head["encoding"],
        delimiter=head["delimiter"],
        set_aside=tuple(SetAside(int(row), str(why), str(text)) for row, why, text in head["set_aside"]),
        more_set_aside=int(head["more_set_aside"]),
        merged=int(head["merged"]),
    )


def _cell(value: Any) -> Cell:
    if type(value) is not dict:
        return value  # type: ignore[no-any-return]
    (kind, text), *_ = value.items()
    if kind == "t":
        return datetime.fromisoformat(text)
    return date.fromisoformat(text) if kind == "d" else time.fromisoformat(text)


@cache
def _known() -> list[str]:
    """Every name that any target's column may have."""
    return known_names(
        called
        for target in TARGETS.values()
        for field in target.fields
        for called in (field.zh, field.en, *field.called)
    )
