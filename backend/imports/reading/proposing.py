"""Proposes which column each field comes from, by the names that utilities give their columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from backend.core.comparing import plain
from backend.imports.reading.headers import bare
from backend.imports.reading.shapes import Column, Field, Target

_BRACKETED = re.compile(r"[(（\[【].*?[)）\]】]")
_AGAIN = re.compile(r" \(\d+\)$")
# Shorter names stand in others by chance: 号 in every number, "no" in "notes".
_LEAST_HAN, _LEAST_LATIN = 2, 4
_WHOLE, _LAST, _UNBRACKETED, _ENDS, _HOLDS = 1.0, 0.9, 0.85, 0.6, 0.5
# Half of a person's name, and names of what is no customer: nothing but a whole one is meant by `name`.
_PART_OF_A_NAME = re.compile(
    r"^(?:first|last|middle|given|family|user|file|street|city|birth)[ _-]?name$"
    r"|^(?:vor|nach|familien|geburts|benutzer|orts|straßen)name$",
    re.I,
)
# The same in a second column of the name is meant less.
_SECOND = 0.05


def propose(target: Target, columns: Iterable[Column]) -> dict[str, str]:
    """Field -> name of the column it is likely to come from; each column once, the surest first."""
    given = list(columns)
    scored = sorted(
        (
            (-score, n, column.index, field.name, column.name)
            for n, field in enumerate(target.fields)
            for column in given
            if (score := likeness(field, column.name)) > 0
        ),
    )
    found: dict[str, str] = {}
    taken: set[str] = set()
    for *_, field_name, column_name in scored:
        if field_name not in found and column_name not in taken:
            found[field_name] = column_name
            taken.add(column_name)
    return _one_way_to_a_place(found)


def missing(target: Target, chosen: Iterable[str]) -> tuple[Field, ...]:
    """Fields that must come from somewhere and have no column."""
    there = set(chosen)
    return tuple(one for one in target.fields if one.required and one.name not in there)


def likeness(field: Field, column: str) -> float:
    """How surely a column of this name holds a field, 0 to 1."""
    name = _AGAIN.sub("", column)
    second = _SECOND if name != column else 0.0
    called = _called(field)
    if _PART_OF_A_NAME.search(name) and bare(name) not in called:
        return 0.0
    parts = name.split(" ")
    for form, score in (
        (bare(name), _WHOLE),
        (bare(parts[-1]), _LAST),
        (bare(_BRACKETED.sub("", name)), _UNBRACKETED),
        (bare(_BRACKETED.sub("", parts[-1])), _UNBRACKETED - second),
    ):
        if form in called:
            return score - second
    return max(0.0, _partly(bare(_BRACKETED.sub("", name)), called) - second)


def _partly(name: str, called: Sequence[str] | frozenset[str]) -> float:
    telling = [one for one in called if len(one) >= (_LEAST_LATIN if one.isascii() else _LEAST_HAN)]
    # The longer of what stands in a name says more of it.
    ends = max((len(one) for one in telling if name.endswith(one)), default=0)
    if ends:
        return _ENDS + 0.1 * ends / len(name)
    holds = max((len(one) for one in telling if one in name and not one.isascii()), default=0)
    return _HOLDS + 0.05 * holds / len(name) if holds * 2 >= len(name) else 0.0


def _one_way_to_a_place(found: dict[str, str]) -> dict[str, str]:
    """Two columns or one with both, and never half of a place."""
    both = {"longitude", "latitude"} <= found.keys()
    dropped = {"coordinates"} if both else {"longitude", "latitude"}
    return {name: column for name, column in found.items() if name not in dropped}


@cache
def _names(zh: str, en: str, called: tuple[str, ...]) -> frozenset[str]:
    return frozenset(plain(one) for one in (zh, _BRACKETED.sub("", zh), en, *called))


def _called(field: Field) -> frozenset[str]:
    return _names(field.zh, field.en, field.called)
