"""Marks refused rows with whom they are about, so that their reasons go when somebody is erased.

Only hashes are kept: of numbers, names, telephones and addresses as they are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from backend.core.comparing import comparable
from backend.core.comparing.phones import phones_in
from backend.core.kinds.registry import KINDS
from backend.core.services.own_numbers import own_field
from backend.imports.reading.cleaning import text_in
from backend.imports.reading.shapes import Column, Field, Row, Target
from backend.imports.reading.shapes import Mapping as Columns


def about_rows(target: Target, mapping: Columns, columns: Sequence[Column]) -> Callable[[Row], list[str]]:
    """Gives the hashes of a row as it stands in the file."""
    places = {column.name: column.index for column in columns}
    asked = [(one, places.get(mapping.columns.get(one.name, ""))) for one in _telling(target)]
    known = [(one, at) for one, at in asked if at is not None]

    def about(row: Row) -> list[str]:
        cells = ((one, row.cells[at]) for one, at in known if at < len(row.cells))
        return _hashes(
            form for one, cell in cells if cell is not None for form in _forms(one.reads, text_in(cell))
        )

    return about


def about_values(target: Target, values: Mapping[str, Any]) -> list[str]:
    """The same of a row that was read."""
    there = ((one, values[one.name]) for one in _telling(target) if isinstance(values.get(one.name), str))
    return _hashes(form for one, value in there for form in _forms(one.reads, value))


def about_record(kind: str, values: Mapping[str, Any]) -> list[str]:
    """What rows about a record may be marked with: by its number, its name, its telephone, its address."""
    personal = KINDS[kind].personal if kind in KINDS else {}
    named = {own_field(kind): "number"} | dict(personal)
    there = ((how, values.get(name)) for name, how in named.items() if name)
    return _hashes(form for how, value in there if isinstance(value, str) for form in _forms(how, value))


def _telling(target: Target) -> list[Field]:
    """Fields that say whom a row is about: own numbers, those of people that it names, and personal ones."""
    return [one for one in target.fields if one.refers in ("customer", "staff") or _tells(target, one)]


def _tells(target: Target, one: Field) -> bool:
    kind = one.kind or target.kind
    return kind in KINDS and (
        one.wire in KINDS[kind].personal or (bool(one.wire) and one.wire == own_field(kind))
    )


def _forms(how: str, text: str) -> list[str]:
    return [comparable(text), *(phones_in(text) if how == "phone" else ())]


def _hashes(forms: Iterable[str]) -> list[str]:
    return sorted({blake2b(one.encode(), digest_size=8).hexdigest() for one in forms if one})
