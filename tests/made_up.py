"""Valid records of a kind nobody wrote a sample for, from its declaration: a new kind is tried everywhere at
once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from marshmallow.fields import Field, List

from backend.core.kinds import wire
from backend.core.kinds.declaration import RecordKind, Wired
from sync.kind import Policy

# Record it points at -> its id.
Known = Callable[[str], str]
CELL = "cell_id"


def creation(kind: RecordKind, known: Known, place: dict[str, Any]) -> dict[str, Any]:
    """What must be given, and the cell, by which people in the field see it."""
    given = {name: wired for name, wired in writable(kind).items() if wired.field.required or name == CELL}
    return {name: _value(wired, known, place) for name, wired in given.items() if name != "unit_id"}


def change(kind: RecordKind, place: dict[str, Any]) -> dict[str, Any]:
    """One field set that points nowhere and may be set later."""
    free = {
        name: wired
        for name, wired in writable(kind).items()
        if wired.policy is not Policy.FIXED and not _points(wired)
    }
    name = min(free)
    return {name: _value(free[name], str, place, second=True)}


def writable(kind: RecordKind) -> dict[str, Wired]:
    """The fields that are not the server's alone."""
    return {name: one for name, one in kind.wired.items() if one.policy is not Policy.SERVER}


def _points(wired: Wired) -> bool:
    inner = wired.field.inner if isinstance(wired.field, List) else wired.field
    return isinstance(inner, wire.Id)


def _value(wired: Wired, known: Known, place: dict[str, Any], *, second: bool = False) -> Any:
    if wired.references:
        return known(wired.references)
    if isinstance(wired.field, List):
        return []
    return _plain(wired.field, place, second)


def _plain(field: Field[Any], place: dict[str, Any], second: bool) -> Any:
    """A value of the field's sort; a second one differs where it can."""
    if isinstance(field, wire.Choice):
        return list(field.labels)[-1 if second else 0]
    if isinstance(field, wire.Coordinates):
        return place
    for sort, first, other in _VALUES:
        if isinstance(field, sort):
            value = other if second else first
            # A number has its own least.
            return max(value, getattr(field, "_least", value)) if isinstance(value, int) else value
    raise AssertionError(f"{field} wants a sample by hand")


_VALUES: tuple[tuple[type, Any, Any], ...] = (
    (wire.Text, "样", "另"), (wire.Moment, "2026-09-01T00:00:00Z", "2026-09-02T00:00:00Z"),
    (wire.Day, "2026-09-01", "2026-09-02"), (wire.Clock, "08:00", "09:00"), (wire.Flag, True, False),
    (wire.Whole, 1, 2), (wire.Number, 1.5, 2.5), (wire.Json, {}, {"x": 1}),
)  # fmt: skip
