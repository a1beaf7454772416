"""A row on its way: what it says, how it is judged, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.imports.reading.shapes import Located, Reason, Target
from sync.kind import Values


@dataclass(slots=True)
class NamedMeters:
    """The meters that a file names, by customer (both as compared); of some it cannot be read which."""

    pairs: set[tuple[str, str]] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)

    def holds(self, customer: str, meter: str) -> bool:
        """Whether the file has this meter, or may have."""
        return customer in self.unread or (customer, meter) in self.pairs


@dataclass(frozen=True, slots=True)
class Rules:
    """How a run's rows are judged: the target, whose they are by default, and what an empty cell means.

    `mapped` are the target's fields that come from a column. `gives_accounts` says whether a person stands
    behind the accounts that rows ask for: a feed gives none. `named` are the meters of the whole file: what
    it names still has not been replaced.
    """

    target: Target
    unit_id: str
    units: frozenset[str]
    mapped: frozenset[str]
    clears_empty: bool = False
    gives_accounts: bool = True
    named: NamedMeters | None = None


@dataclass(slots=True)
class Write:
    """A record to be written: its id and values, whole for a new one."""

    kind: str
    id: str
    is_new: bool
    now: Values


@dataclass(slots=True)
class Judged:
    """What becomes of a row."""

    number: int
    verdict: str
    writes: list[Write] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    notes: list[Reason] = field(default_factory=list)
    record_id: str | None = None


@dataclass(slots=True)
class RowIn:
    """A row to be judged.

    `defaulted` are fields that were filled in without anything standing in the file, `skip` the kinds that an
    earlier row has said, `settled` what a person said of where it is, `replaces` the point whose meter was
    found to be another one now.
    """

    number: int
    values: Mapping[str, Any]
    defaulted: Sequence[str] = ()
    skip: Sequence[str] = ()
    located: Located | None = None
    settled: Mapping[str, Any] | None = None
    replaces: str | None = None
