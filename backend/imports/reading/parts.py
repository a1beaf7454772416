"""Divides a clean row into the records that it holds, each with what it is known by and whom it names."""

from __future__ import annotations

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from typing import Any

from backend.imports.reading.shapes import Field, Target


@dataclass(frozen=True, slots=True)
class Part:
    """One record of a row: its kind, its own number (compared), its values by wire names.

    `refers` says for each wire field that gets ids of which kind and by what number (or name) as it was
    written; of a list, several. A point of a customer names that customer too.
    """

    kind: str
    own: str | None
    values: dict[str, Any]
    refers: dict[str, tuple[str, str | list[str]]]


def parts_of(target: Target, values: ReadOnly[str, Any]) -> tuple[Part, ...]:
    """The records of a clean row, the target's own first; another one only where the row has any of it."""
    kinds = dict.fromkeys([target.kind, *(one.kind for one in target.fields if one.kind)])
    found = [_part(target, kind, values) for kind in kinds]
    return tuple(one for one in found if one.kind == target.kind or one.values)


def _part(target: Target, kind: str, values: ReadOnly[str, Any]) -> Part:
    part = Part(kind, _own(target, kind, values), {}, {})
    for one in target.fields:
        if one.name in values and (one.kind or kind) == kind:
            _put(part, one, values[one.name])
    if target.place and target.place[0] == kind and "place" in values:
        part.values[target.place[1]] = values["place"]
    if kind != target.kind and target.kind == "customer" and part.values:
        part.refers["customer_id"] = ("customer", values["number"])
    return part


def _put(part: Part, one: Field, value: Any) -> None:
    if one.refers:
        part.refers[one.wire] = (one.refers, value)
        return
    outer, _, inner = one.wire.partition(".")
    if inner:
        part.values.setdefault(outer, {})[inner] = value
    else:
        part.values[outer] = value


def _own(target: Target, kind: str, values: ReadOnly[str, Any]) -> str | None:
    if kind == target.kind or kind in target.also:
        return target.own_number(values, kind)
    return target.own_number(values)
