"""Translates rows of a table into clean values as they go over the wire, or says why a row is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from backend.core.errors import Problem
from backend.core.geometry import point
from backend.core.installation import in_own_language
from backend.core.sentences import sentence
from backend.imports.reading import coordinates, days, numbers, words
from backend.imports.reading.cleaning import shown
from backend.imports.reading.places import Placed, placed
from backend.imports.reading.shapes import (
    Cell,
    Clean,
    Column,
    Context,
    Field,
    Mapping,
    Reason,
    Refused,
    Result,
    Row,
    Target,
)
from backend.imports.reading.wrong import Asking, Wrong, reason, refused

READERS: dict[str, Callable[[Field, Cell, Asking], Any]] = {
    "text": words.text,
    "number": numbers.number,
    "phone": numbers.phone,
    "date": days.day,
    "moment": days.moment,
    "clock": days.clock,
    "choice": words.choice,
    "choices": words.choices,
    "names": words.names,
    "flag": words.flag,
    "whole": numbers.whole,
    "diameter": numbers.diameter,
    "amount_fen": numbers.amount_fen,
}
# So many rows have their coordinates turned into places at once.
_AT_ONCE = 2000
PLACE_FIELDS = ("longitude", "latitude", "coordinates")


@dataclass(slots=True)
class _Read:
    """A row on its way."""

    row: Row
    values: dict[str, Any]
    notes: list[Reason]
    reasons: list[Reason]
    pair: tuple[float, float] | None = None
    places: list[str] = field(default_factory=list)


class Translator:
    """Translates the rows of one table by one mapping.

    Raises Problem (`table_column_missing`) where the table lacks a column of the mapping.
    """

    def __init__(self, target: Target, mapping: Mapping, columns: Iterable[Column], context: Context) -> None:
        by_name = {column.name: column for column in columns}
        lacking = [name for name in mapping.columns.values() if name not in by_name]
        if lacking:
            raise Problem("table_column_missing", columns=lacking)
        self._target, self._context, self._answers = target, context, mapping.answers
        used = [
            (one, by_name[mapping.columns[one.name]]) for one in target.fields if one.name in mapping.columns
        ]
        self._read = [(one, READERS[one.reads], column) for one, column in used if one.reads != "degrees"]
        self._places = {one.name: column for one, column in used if one.reads == "degrees"}
        self._absent = [one for one in target.fields if one.required and one.name not in mapping.columns]
        self._defaults = [one for one in target.fields if one.default is not None]

    def all(self, rows: Iterable[Row]) -> Iterator[Result]:
        """Each row's result, in order."""
        left = iter(rows)
        while some := list(islice(left, _AT_ONCE)):
            read = [self._row(row) for row in some]
            self._place(read)
            yield from map(self._result, read)

    def sites(self, rows: Iterable[Row]) -> Iterator[tuple[str, tuple[float, float]]]:
        """Addresses with the places that stand beside them: what a file itself tells of where streets are."""
        for result in self.all(rows):
            if isinstance(result, Clean) and "place" in result.values and result.values.get("address"):
                lng, lat = result.values["place"]["coordinates"]
                yield result.values["address"], (lng, lat)

    def _row(self, row: Row) -> _Read:
        asking = Asking(self._answers, self._context.zone)
        read = _Read(row, {}, [], [])
        for one, reader, column in self._read:
            cell = row.cells[column.index] if column.index < len(row.cells) else None
            try:
                if words.is_empty(one, cell):
                    if one.required:
                        raise Wrong("required", name=(one.zh, one.en))
                    continue
                value = reader(one, cell, asking)
            except Wrong as wrong:
                read.reasons.append(refused(one.name, wrong, shown(cell), column.name))
                continue
            if value is not None and value != "" and value != []:
                read.values[one.name] = value
        read.reasons += [reason(one.name, "required", name=(one.zh, one.en)) for one in self._absent]
        read.notes += asking.notes
        self._remark(read, asking.spare)
        self._complete(read)
        if self._places:
            self._figures(read)
        return read

    def _remark(self, read: _Read, spare: Sequence[str]) -> None:
        """Telephone numbers that did not fit stand in the remark, where the target has one with room."""
        if not spare:
            return
        others = sentence("imports.other_phones", numbers=list(spare))
        remark = "；".join(one for one in (read.values.get("note"), in_own_language(others)) if one)
        has_note = any(one.name == "note" for one in self._target.fields)
        if not has_note or len(remark) > self._target.named("note").most:
            read.reasons.append(reason("phone", "too_many_phones", "、".join(spare)))
            return
        read.values["note"] = remark
        read.notes.append(reason("phone", "spare_phones", numbers=list(spare)))

    def _complete(self, read: _Read) -> None:
        """What is taken where nothing stands: of another kind than the target's only where there is one."""
        there = {self._target.named(name).kind for name in read.values}
        for one in self._defaults:
            if one.kind == self._target.kind or one.kind in there:
                read.values.setdefault(one.name, one.default)
        if not read.reasons and self._target.own_number(read.values) is None:
            needed = [
                (
                    "＋".join(self._target.named(n).zh for n in names),
                    " and ".join(self._target.named(n).en for n in names),
                )
                for names in self._target.own
            ]
            read.reasons.append(reason(self._target.own[0][0], "own_missing", needed=needed))

    def _figures(self, read: _Read) -> None:
        """The two figures of a row's place as they stand in the file."""
        if self._answers.get("datum") == coordinates.NO_PLACES:
            return
        cells = {name: read.row.cells[column.index] for name, column in self._places.items()}
        quoted = ", ".join(shown(cell) for cell in cells.values())
        name, column = next(iter(self._places.items()))
        try:
            filled = {name: cell for name, cell in cells.items() if not _is_empty(cell)}
            if not filled:
                return
            if len(filled) < len(cells):
                raise Wrong("half_place")
            read.pair = (
                coordinates.pair(cells["coordinates"])
                if "coordinates" in cells
                else (coordinates.degrees(cells["longitude"]), coordinates.degrees(cells["latitude"]))
            )
            if "datum" not in self._answers:
                raise Wrong("datum_unknown")
        except Wrong as wrong:
            read.pair = None
            read.reasons.append(refused(name, wrong, quoted, column.name))

    def _place(self, read: Sequence[_Read]) -> None:
        with_pair = [one for one in read if one.pair is not None]
        pairs = [one.pair for one in with_pair if one.pair is not None]
        if not pairs:
            return
        found = placed(pairs, str(self._answers["datum"]), self._context.ground)
        name, column = next(iter(self._places.items()))
        for one, at in zip(with_pair, found, strict=True):
            self._take(one, at, name, column)

    def _take(self, read: _Read, at: Placed, name: str, column: Column) -> None:
        quoted = "{}, {}".format(*read.pair) if read.pair else ""
        if at.wrong:
            read.reasons.append(refused(name, at.wrong, quoted, column.name))
        if at.note:
            read.notes.append(refused(name, at.note, quoted, column.name))
        if at.place:
            read.values["place"] = point(*at.place)

    def _result(self, read: _Read) -> Result:
        if read.reasons:
            return Refused(read.row.number, tuple(read.reasons))
        address, places = read.values.get("address"), self._context.places
        is_wanted = (
            places is not None and address and "place" not in read.values and "cell" not in read.values
        )
        located = places.locate(address) if places is not None and is_wanted and address else None
        return Clean(read.row.number, read.values, tuple(read.notes), located)


def translate(
    target: Target, mapping: Mapping, columns: Iterable[Column], row: Row, context: Context
) -> Result:
    """One row; for many, `Translator.all` is far quicker."""
    return next(Translator(target, mapping, columns, context).all([row]))


def _is_empty(cell: Cell) -> bool:
    return words.is_empty(_FIGURE, cell)


_FIGURE = Field("place", "坐标", "Coordinates", "degrees")
