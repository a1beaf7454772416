"""One page of what a phone lacks: changes first for what it already has, then the filling of new scopes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from sync.change import Key
from sync.cursor import BEGINNING, Cursor, Part, Snapshot
from sync.store import Document, PullStore, Row

RANKS = (0, 1, 2)


@dataclass(slots=True)
class Page:
    """What one pull answers: lines by key (document and the user's scopes), scopes to drop, progress, next cursor."""

    cursor: Cursor
    memberships: dict[Key, list[str]] = field(default_factory=dict)
    documents: dict[Key, Document] = field(default_factory=dict)
    drops: list[str] = field(default_factory=list)
    complete: dict[int, bool] = field(default_factory=dict)
    more: bool = False

    def lines(self, have: Mapping[str, int]) -> list[tuple[Key, int, list[str], str | None]]:
        """(key, version, in, body or None) for every record, leaving out bodies the phone said it has."""
        result = []
        for key, document in self.documents.items():
            scopes = self.memberships.get(key, [])
            if scopes and have.get(f"{key[0]}/{key[1]}") == document.version:
                continue
            result.append((key, document.version, scopes, document.body if scopes else None))
        return result


def pull(store: PullStore, cursor: Cursor, scopes: Collection[str], limit: int) -> Page:
    """The next page for a store that stands at `cursor` and whose user holds `scopes` now."""
    target = store.snapshot()
    held = {key: part for key, part in cursor.parts.items() if part.scope in scopes}
    drops = sorted({part.scope for part in cursor.parts.values()} - set(scopes))
    for rank in RANKS:
        for scope in scopes:
            held.setdefault((scope, rank), Part(scope, rank, since=target))
    fresh = store.news([part for part in held.values() if part.started and not part.walk])
    walk = _Walk(store, target, limit, cursor.highest_xid)
    parts = dict(held)
    for key in _order(held, fresh):
        parts[key] = walk.advance(held[key], key in fresh)
    touched = [key for key in parts if parts[key] != cursor.parts.get(key)]
    changed = bool(touched or drops)
    next_cursor = Cursor(cursor.epoch, walk.highest_xid, parts) if changed else cursor
    keys = list(dict.fromkeys(walk.keys))
    return Page(
        next_cursor,
        store.memberships(keys, scopes) if keys else {},
        store.documents(keys) if keys else {},
        drops,
        {rank: all(_is_complete(p) for p in parts.values() if p.rank == rank) for rank in RANKS},
        more=any(not _is_complete(p) for p in parts.values()),
    )


def _is_complete(part: Part) -> bool:
    return part.position is None and part.walk is None


def _order(parts: Mapping[tuple[str, int], Part], fresh: Collection[tuple[str, int]]) -> list[tuple[str, int]]:
    """Class by class; inside a class first what has something new, then what is half filled, then new fills."""
    return sorted(
        (key for key, part in parts.items() if key in fresh or not _is_complete(part)),
        key=lambda key: (key[1], key not in fresh, not parts[key].started, key[0]),
    )


class _Walk:
    """The rows gathered for one page, and the room left on it."""

    def __init__(self, store: PullStore, target: Snapshot, limit: int, highest_xid: int) -> None:
        self._store, self._target, self._room = store, target, limit
        self.highest_xid = highest_xid
        self.keys: list[Key] = []

    def advance(self, part: Part, has_news: bool) -> Part:
        """Take one part as far as the page's room allows."""
        if part.started and (has_news or part.walk or part.position is not None):
            part, finished = self._catch_up(part)
            if not finished:
                return part
        if part.position is None or self._room <= 0:
            return part
        rows = self._take(self._store.live(part, self._room))
        filled = self._room > 0
        return replace(
            part,
            since=self._target.clamped(self.highest_xid),
            position=None if filled else (rows[-1][1], rows[-1][2]) if rows else part.position or BEGINNING,
        )

    def _catch_up(self, part: Part) -> tuple[Part, bool]:
        """Send what changed at keys the phone may have; True when it has reached this page's snapshot."""
        for target in filter(None, (part.target, self._target)):
            if self._room <= 0:
                return part, False
            rows = self._take(self._store.changes(part, target, self._room))
            if self._room <= 0:
                return replace(part, target=target, walk=rows[-1]), False
            part = replace(part, since=target.clamped(self.highest_xid), target=None, walk=None)
        return part, True

    def _take(self, rows: list[Row]) -> list[Row]:
        self._room -= len(rows)
        self.highest_xid = max([self.highest_xid, *(row[0] for row in rows)])
        self.keys += [(kind, id_) for _, kind, id_ in rows]
        return rows
