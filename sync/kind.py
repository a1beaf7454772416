"""What sync must know of a kind of record: merge rules of its fields, scopes, checks, actions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

from sync.errors import Fault

Values = dict[str, Any]
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


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
    """One field: merge policy, the group it merges with, what it points at, whether it is personal."""

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
    """One step in a record's life: from which states, to which, by whom, and what it must carry.

    `not_by` names steps whose authors may not take this one: who has done the work does not confirm it.
    """

    name: str
    zh: str
    en: str
    sources: frozenset[str]
    target: str
    roles: frozenset[str]
    needs: tuple[str, ...] = ()
    stamps: str | None = None
    not_by: tuple[str, ...] = ()


def _id_of(value: Any) -> str | None:
    """An id in its one form; None for what cannot be one, which `load` refuses in words."""
    if not isinstance(value, str) or _ID.fullmatch(value):
        return value if isinstance(value, str) else None
    try:
        return str(UUID(value))
    except ValueError:
        return None


def _no_faults(_values: Values) -> Sequence[Fault]:
    return ()


@dataclass(frozen=True)
class Kind:
    """A kind of record, as sync sees it.

    `load(values, partial)` returns the canonical wire values or raises Refused; `scopes(values)` gives the
    plain keys the record is filed under; `check(values)` judges the whole record after a merge. `stands_on`
    names the two fields that say which record (its kind, its id) this one belongs to; `attaches` the fields
    that list records of another kind which must stand on this one, or on what this one stands on.
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
    stands_on: tuple[str, str] | None = None
    attaches: Mapping[str, str] = field(default_factory=dict)

    def references(self, values: Values) -> dict[str, tuple[str, str]]:
        """The records these values point at: field -> (kind, id)."""
        return {
            name: (kind, id_)
            for name, kind in self._pointers
            if (given := values.get(name)) is not None and (id_ := _id_of(given))
        }

    def named(self, values: Values) -> dict[str, tuple[str, str]]:
        """The same, and the record it stands on: what an author must see to write these values."""
        found, owner = self.references(values), self.owner_of(values)
        if self.stands_on and owner:
            found[self.stands_on[1]] = owner
        return found

    def owner_of(self, values: Values) -> tuple[str, str] | None:
        """The record that a record with these values stands on."""
        if self.stands_on is None:
            return None
        kind, record_id = values.get(self.stands_on[0]), _id_of(values.get(self.stands_on[1]))
        return (kind, record_id) if isinstance(kind, str) and record_id else None

    def attached(self, values: Values) -> set[tuple[str, str]]:
        """The records that these values hang on this one."""
        found = set()
        for name, kind in self.attaches.items():
            given = values.get(name)
            ids = map(_id_of, given if isinstance(given, list) else [given])
            found |= {(kind, one) for one in ids if one}
        return found

    @cached_property
    def servers_fields(self) -> frozenset[str]:
        """The fields that the server alone writes."""
        return frozenset(name for name, one in self.fields.items() if one.policy is Policy.SERVER)

    @cached_property
    def fixed_fields(self) -> frozenset[str]:
        """The fields that are written once, where the record is made or an action names them."""
        return frozenset(name for name, one in self.fields.items() if one.policy is Policy.FIXED)

    @cached_property
    def _pointers(self) -> list[tuple[str, str]]:
        return [(name, one.references) for name, one in self.fields.items() if one.references]
