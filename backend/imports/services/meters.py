"""Tells a replaced meter from a further one: the point keeps its id and history, and the old meter's number.

A meter that the ledger does not know stands where a customer has a point whose own meter the file names no
more (or as the former one): it was replaced. What is not beyond doubt is said, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from backend.core.comparing import comparable
from backend.core.queries.scopes import today
from backend.imports.reading.numbers import number
from backend.imports.reading.shapes import Column, Field, Row, Target
from backend.imports.reading.shapes import Mapping as Columns
from backend.imports.reading.words import is_empty
from backend.imports.reading.wrong import Asking, Wrong
from backend.imports.services.rows import NamedMeters
from sync.change import Stored
from sync.kind import Values

METER, FORMER = "meter_number", "former_meters"


class Unclear(Exception):
    """Several points of a customer may be the one whose meter was replaced."""


def named_meters(
    target: Target, mapping: Columns, columns: Sequence[Column], rows: Iterable[Row], zone: str
) -> NamedMeters | None:
    """All meters of a file, by customer; None where it names none."""
    places = {column.name: column.index for column in columns}
    asked = [places.get(mapping.columns.get(name, "")) for name in ("number", METER)]
    if None in asked or not any(one.name == METER for one in target.fields):
        return None
    customer, meter = (
        (target.named(name), int(at or 0)) for name, at in zip(("number", METER), asked, strict=True)
    )
    found, asking = NamedMeters(), Asking(mapping.answers, zone)
    for row in rows:
        whose = _read(customer, row, asking)
        which = _read(meter, row, asking)
        if whose and which is None:
            found.unread.add(comparable(whose))
        elif whose and which:
            found.pairs.add((comparable(whose), comparable(which)))
        asking.notes.clear()
    return found


def _read(of: tuple[Field, int], row: Row, asking: Asking) -> str | None:
    """The number in a cell; empty where there is none, None where it cannot be read."""
    one, at = of
    cell = row.cells[at] if at < len(row.cells) else None
    try:
        return "" if is_empty(one, cell) else number(one, cell, asking)
    except Wrong:
        return None


def replaced_point(
    customer: str,
    values: Values,
    points: Sequence[Stored],
    named: NamedMeters,
    taken: Mapping[str, int],
    row: int,
) -> Stored | None:
    """The point of a customer whose meter was replaced by the one of a row; None for a further meter.

    `customer` is their number as it is compared, `taken` says which points other rows have. Raises Unclear.
    """
    old = comparable(str((values.get(FORMER) or {}).get("number") or ""))
    free = [one for one in points if taken.get(one.id, row) == row and not one.deleted]
    said = [one for one in free if old and old == _meter(one)]
    if said:
        return said[0]
    address = comparable(str(values.get("address") or ""))
    there = [
        one
        for one in free
        if not named.holds(customer, _meter(one))
        and (not address or comparable(str(one.values.get("address") or "")) == address)
    ]
    if len(there) > 1:
        raise Unclear
    return there[0] if there else None


def with_former(values: Values, before: Stored | None) -> None:
    """Puts the former meters of a point in the place of what a row said of one."""
    said = {name: value for name, value in (values.pop(FORMER, None) or {}).items() if value is not None}
    was = before.values if before else {}
    current = comparable(str(values.get(METER) or was.get(METER) or ""))
    old = str(said.pop("number", "") or "")
    if not old and was.get(METER) and current != comparable(str(was[METER])):
        old = str(was[METER])
    if not old or comparable(old) == current:
        return
    kept: list[dict[str, Any]] = [dict(one) for one in was.get(FORMER) or ()]
    found = next((one for one in kept if comparable(str(one["number"])) == comparable(old)), None)
    if found is None:
        found = {"number": old, "last_reading": None, "removed_on": None, "noticed_on": today().isoformat()}
        kept.append(found)
    found.update(said)
    if kept != (was.get(FORMER) or []):
        values[FORMER] = kept


def _meter(point: Stored) -> str:
    return comparable(str(point.values.get(METER) or ""))
