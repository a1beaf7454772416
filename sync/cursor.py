"""Where a phone stands in the server's changes: signed, per scope and class, and never ahead of the disk.

A part's place is a PostgreSQL snapshot, not a number: sequences and timestamps lose rows that commit late.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from itsdangerous import BadSignature, URLSafeSerializer

from sync.change import Key
from sync.errors import StartCompare

BEGINNING: Key = ("", "")
ScopeClass = tuple[str, int]


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
        """This snapshot, not ahead of what was handed out.

        After a crash unflushed transaction ids are used again.
        """
        high = min(self.xmax, highest_xid + 1)
        return Snapshot(min(self.xmin, high), high, tuple(x for x in self.xip if x < high))


NOTHING_SEEN = Snapshot(3, 3)


@dataclass(frozen=True, slots=True)
class ScopeProgress:
    """One scope's one class: what is new is measured from `since`.

    A fill stands at `position` (None: filled).

    `target` and `walk` are set while a walk over changes was interrupted by the end of a page.
    """

    scope: str
    rank: int
    since: Snapshot = NOTHING_SEEN
    position: Key | None = BEGINNING
    target: Snapshot | None = None
    walk: tuple[int, str, str] | None = None

    @property
    def key(self) -> ScopeClass:
        """Its place among a cursor's parts."""
        return (self.scope, self.rank)

    @property
    def is_complete(self) -> bool:
        """Whether it is filled and no walk over changes is half done."""
        return self.position is None and self.walk is None

    @property
    def started(self) -> bool:
        """Whether anything of it may be on the phone."""
        return self.position != BEGINNING

    def as_list(self) -> list[Any]:
        """The form inside a token."""
        return [
            self.scope,
            self.rank,
            str(self.since),
            self.position,
            self.target and str(self.target),
            self.walk,
        ]

    @classmethod
    def from_list(cls, row: list[Any]) -> ScopeProgress:
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
    """Everything a store has been given: the epoch, the highest transaction id handed out, and the parts.

    `seen_on` is the day (since 1970) of the last pull but for those of the same day:
    removals are kept for so long only.
    """

    epoch: int
    highest_xid: int = 2
    parts: dict[ScopeClass, ScopeProgress] = field(default_factory=dict)
    seen_on: int = 0


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a cursor was made for; nobody else may go on with it."""

    staff_id: str
    device_id: str
    store: str


class CursorSeal:
    """Signs cursors for one user, device and store, so that nobody else's and no forged one is accepted."""

    def __init__(self, secrets: str | Callable[[], Sequence[str]]) -> None:
        """`secrets` gives the keys of this moment, the one that signs last; those before it only open."""
        self._secrets = (lambda: (secrets,)) if isinstance(secrets, str) else secrets

    def _signer(self) -> URLSafeSerializer:
        return URLSafeSerializer(self._secrets(), salt="wangge.cursor.2", serializer=_Json)

    def seal(self, cursor: Cursor, holder: Holder) -> str:
        """The opaque token."""
        parts = [part.as_list() for part in cursor.parts.values()]
        bound = [holder.staff_id, holder.device_id, holder.store]
        return str(self._signer().dumps([bound, cursor.epoch, cursor.highest_xid, cursor.seen_on, parts]))

    def open(self, token: str) -> tuple[Cursor, Holder]:
        """The cursor behind a token and whom it was made for.

        Raises StartCompare when it is forged or torn.
        """
        try:
            bound, epoch, highest, seen_on, rows = self._signer().loads(token)
            parts = [ScopeProgress.from_list(row) for row in rows]
            return Cursor(epoch, highest, {part.key: part for part in parts}, seen_on), Holder(*bound)
        except (BadSignature, ValueError, TypeError) as error:
            raise StartCompare("unreadable") from error


def need_continuable(
    cursor: Cursor, made_for: Holder, asking: Holder, epoch: int, target: Snapshot, oldest_day: int
) -> None:
    """Raises StartCompare for another person's or epoch's cursor, one ahead of the server, or one too old."""
    if made_for != asking:
        raise StartCompare("foreign")
    if cursor.epoch != epoch:
        raise StartCompare("other_epoch")
    if cursor.highest_xid >= target.xmax or any(
        part.since.xmax > target.xmax for part in cursor.parts.values()
    ):
        raise StartCompare("ahead_of_server")
    if cursor.seen_on < oldest_day:
        raise StartCompare("too_old")


class _Json:
    """orjson for the token's payload."""

    @staticmethod
    def dumps(value: Any) -> str:
        """JSON text."""
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(payload: str | bytes) -> Any:
        """Values of JSON text."""
        return orjson.loads(payload)
