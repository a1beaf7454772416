"""Where a phone stands in the server's changes: signed, per scope and class, and never ahead of the disk.

A part's place is a PostgreSQL snapshot, not a number: sequences and timestamps lose rows that commit late.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from sync.change import Key
from sync.errors import StartCompare

BEGINNING: Key = ("", "")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A `pg_snapshot`: transactions below xmin ended, at or above xmax not begun, `xip` open in between."""

    xmin: int
    xmax: int
    xip: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Snapshot:
        """Read PostgreSQL's `xmin:xmax:xip,xip` form."""
        low, high, open_ = text.split(":")
        return cls(int(low), int(high), tuple(int(x) for x in open_.split(",") if x))

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, self.xip))}"

    def is_new(self, xid: int) -> bool:
        """Whether a row written by `xid` may not have been visible in this snapshot."""
        return xid >= self.xmax or xid in self.xip

    def clamped(self, highest_xid: int) -> Snapshot:
        """This snapshot, not ahead of what was handed out: after a crash unflushed transaction ids are used again."""
        high = min(self.xmax, highest_xid + 1)
        return Snapshot(min(self.xmin, high), high, tuple(x for x in self.xip if x < high))


NOTHING_SEEN = Snapshot(3, 3)


@dataclass(frozen=True, slots=True)
class Part:
    """One scope's one class: what is new is measured from `since`; a fill stands at `position` (None: filled).

    `target` and `walk` are set while a walk over changes was interrupted by the end of a page.
    """

    scope: str
    rank: int
    since: Snapshot = NOTHING_SEEN
    position: Key | None = BEGINNING
    target: Snapshot | None = None
    walk: tuple[int, str, str] | None = None

    @property
    def started(self) -> bool:
        """Whether anything of it may be on the phone."""
        return self.position != BEGINNING

    def as_list(self) -> list[Any]:
        """The form inside a token."""
        return [self.scope, self.rank, str(self.since), self.position, self.target and str(self.target), self.walk]

    @classmethod
    def from_list(cls, row: list[Any]) -> Part:
        """The inverse of `as_list`."""
        scope, rank, since, position, target, walk = row
        return cls(
            scope,
            rank,
            Snapshot.parse(since),
            tuple(position) if position else None,
            Snapshot.parse(target) if target else None,
            tuple(walk) if walk else None,
        )


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything a store has been given: the epoch, the highest transaction id handed out, and the parts."""

    epoch: int
    highest_xid: int = 2
    parts: dict[tuple[str, int], Part] = field(default_factory=dict)


class CursorSeal:
    """Signs cursors for one user, device and store, so that nobody else's and no forged one is accepted."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def _serializer(self, bound_to: tuple[str, str, str]) -> URLSafeSerializer:
        return URLSafeSerializer(self._secret, salt="wangge.cursor:" + ":".join(bound_to))

    def seal(self, cursor: Cursor, bound_to: tuple[str, str, str]) -> str:
        """The opaque token."""
        parts = [part.as_list() for part in cursor.parts.values()]
        return str(self._serializer(bound_to).dumps([cursor.epoch, cursor.highest_xid, parts]))

    def open(self, token: str | None, bound_to: tuple[str, str, str], epoch: int, xmax: int) -> Cursor:
        """The cursor behind a token; none at all begins anew.

        Raises StartCompare when forged, torn, foreign, of another epoch, or ahead of the server (`xmax`).
        """
        if not token:
            return Cursor(epoch)
        try:
            found_epoch, highest, rows = self._serializer(bound_to).loads(token)
            parts = [Part.from_list(row) for row in rows]
        except (BadSignature, ValueError, TypeError) as error:
            raise StartCompare from error
        if found_epoch != epoch or any(part.since.xmax > xmax for part in parts):
            raise StartCompare
        return Cursor(found_epoch, highest, {(part.scope, part.rank): part for part in parts})
