"""What sync must know of a kind of record: its fields' merge rules, its scopes, its checks, its actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from sync.errors import Fault

Values = dict[str, Any]


class Policy(StrEnum):
    """What happens when two writes that have not seen each other touch one field.

    `server` is the server's alone; `fixed` is set at creation, or by an action that needs it, and stays.
    """

    LAST = "last"
    REVIEW = "review"
    SET = "set"
    GREATEST = "greatest"
    LEAST = "least"
    APPEND = "append"
    SERVER = "server"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its merge policy, the group it merges with, what it points at, and whether it is personal."""

    name: str
    policy: Policy = Policy.LAST
    group: str = ""
    references: str | None = None
    personal: str | None = None

    @property
    def merges_as(self) -> str:
        """The name its heads are kept under: the group's, or its own."""
        return self.group or self.name


@dataclass(frozen=True, slots=True)
class Action:
    """One step in a record's life: from which states, to which, by whom, and what it must carry."""

    name: str
    zh: str
    en: str
    sources: frozenset[str]
    target: str
    roles: frozenset[str]
    needs: tuple[str, ...] = ()
    stamps: str | None = None


def _no_faults(_values: Values) -> Sequence[Fault]:
    return ()


@dataclass(frozen=True)
class Kind:
    """A kind of record, as sync sees it.

    `load(values, partial)` returns the canonical wire values or raises Refused; `scopes(values)` gives the plain
    keys the record is filed under; `check(values)` judges the whole record after a merge.
    """

    name: str
    table: str
    fields: Mapping[str, Field]
    scopes: Callable[[Values], frozenset[str]]
    load: Callable[[Values, bool], Values]
    check: Callable[[Values], Sequence[Fault]] = _no_faults
    actions: Mapping[str, Action] = field(default_factory=dict)
    state_field: str = "state"
    initial_state: str | None = None
    rank: int = 2
    create_by: frozenset[str] = frozenset()
    change_by: frozenset[str] = frozenset()
    delete_by: frozenset[str] = frozenset()

    def references(self, values: Values) -> dict[str, tuple[str, str]]:
        """The records these values point at: field -> (kind, id)."""
        return {name: (kind, str(values[name])) for name, kind in self._pointers if values.get(name)}

    @cached_property
    def _pointers(self) -> list[tuple[str, str]]:
        return [(name, one.references) for name, one in self.fields.items() if one.references]
