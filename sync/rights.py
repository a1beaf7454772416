"""Authorisation of a push, as a protocol: the server answers by duties and roles."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sync.change import Key, Write
from sync.kind import Kind, Values


class Rights(Protocol):
    """What the author may see, and what they may write: now, and at a proven moment in the past."""

    def now(self) -> Collection[str]:
        """The scopes the author may read at present."""

    def writing(self) -> Collection[str]:
        """Those of them in which the author may also write.

        To see what others keep gives no right to change it.
        """

    def naming(self, kind: str) -> Collection[str]:
        """The scopes through which the author may point at a record of this kind."""

    def at(self, moment: datetime) -> Collection[str]: ...

    def ever(self) -> Collection[str]:
        """Scopes the author once held: of what lies there they may know that it is no longer theirs."""

    def record_scopes_at(self, key: Key, moment: datetime) -> Collection[str]: ...

    def completed(self, records: Sequence[tuple[Kind, Values]]) -> list[Values]:
        """New records' values as read, each with what the server can tell from it.

        What the author gave stays as it is.

        Asked once for all records of a round, so that a batch costs a fixed number of looks.
        """

    def successors(self, keys: Collection[Key]) -> Mapping[Key, Key]:
        """Of these deleted records those that were merged into others -> the one that stays.

        Asked for records alone of which the author may know.
        """

    def objection(self, write: Write) -> str | None:
        """Why the author may not write this although it lies in their scopes.

        None where nothing speaks against it.
        """
