"""One page of what a phone lacks: changes first for what it already has, then the filling of new scopes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.change import Key
from sync.cursor import BEGINNING, Cursor, ScopeClass, ScopeProgress, Snapshot
from sync.store import Line, PullStore

RANKS = (0, 1, 2)


@dataclass(slots=True)
class Page:
    """What one pull answers.

    A line for each record, scopes to drop, progress by class, and the next cursor.
    """

    cursor: Cursor
    target: Snapshot
    lines: list[Line] = field(default_factory=list)
    drops: list[str] = field(default_factory=list)
    complete: dict[int, bool] = field(default_factory=dict)

    @property
    def more(self) -> bool:
        """Whether another page must follow."""
        return not all(self.complete.values())


def probed(cursor: Cursor) -> list[ScopeProgress]:
    """The parts of a cursor that must be asked whether they have news."""
    return [part for part in cursor.parts.values() if part.started and not part.walk]


def pull(
    store: PullStore,
    cursor: Cursor,
    scopes: Collection[str],
    limit: int,
    looked: tuple[Snapshot, Collection[ScopeClass]] | None = None,
    have: Mapping[Key, int] | None = None,
) -> Page:
    """The next page for a store that stands at `cursor` and whose user holds `scopes` now.

    `have` are the records whose bodies came with push answers or ahead of their fills: a fill that has not
    reached them yet does not see them leave, so each is looked at by itself.

    `looked` is what `store.look(probed(cursor))` gave in this very snapshot, where it was asked already.
    """
    target, fresh = looked or store.look(probed(cursor))
    known = [part for part in cursor.parts.values() if part.scope in scopes]
    fresh = {key for key in fresh if key[0] in scopes}
    held: dict[ScopeClass, ScopeProgress] = {part.key: part for part in known}
    for rank in RANKS:
        for scope in scopes:
            held.setdefault((scope, rank), ScopeProgress(scope, rank, since=target))
    walk = _Walk(store, target, limit, cursor.highest_xid, scopes)
    parts = dict(held)
    for key in _order(held, fresh):
        parts[key] = walk.advance(held[key], key in fresh)
    drops = sorted({part.scope for part in cursor.parts.values()} - set(scopes))
    is_changed = bool(drops) or any(part != cursor.parts.get(key) for key, part in parts.items())
    if is_changed:
        parts = {key: _moved_up(part, key in fresh, target, walk.highest_xid) for key, part in parts.items()}
    unfinished = {part.rank for part in parts.values() if not part.is_complete}
    lines = [line for rank, found in walk.lines.items() for line in _vouched(found, rank, parts.values())]
    return Page(
        Cursor(cursor.epoch, walk.highest_xid, parts, cursor.seen_on) if is_changed else cursor,
        target,
        lines + _gone(store, have, scopes) if have else lines,
        drops,
        {rank: rank not in unfinished for rank in RANKS},
    )


def _vouched(lines: Sequence[Line], rank: int, parts: Collection[ScopeProgress]) -> list[Line]:
    """Each record once, in those scopes alone whose parts have reached it.

    The others would not tell when it leaves.

    One that comes before every part that could tell is marked `ahead`: the phone names it
    in `have` until it is filled.
    """
    positions = {
        part.scope: part.position for part in parts if part.rank == rank and part.position is not None
    }
    once = {line.key: line for line in lines}
    if not positions:
        return list(once.values())
    # Most lines lie behind every position: one look is enough for them.
    passed = min(positions.values())
    return [line if key <= passed else _known_in(line, key, positions) for key, line in once.items()]


def _known_in(line: Line, key: Key, positions: Mapping[str, Key]) -> Line:
    reached = [scope for scope in line.scopes if scope not in positions or key <= positions[scope]]
    if len(reached) == len(line.scopes):
        return line
    return line._replace(scopes=reached) if reached else line._replace(is_ahead=True)


def _gone(store: PullStore, have: Mapping[Key, int], scopes: Collection[str]) -> list[Line]:
    """Removals of what is not the user's (any more); what is not there looks the same."""
    there = {line.key for line in store.named(list(have), scopes)}
    return [Line(2, *key, version, (), None) for key, version in have.items() if key not in there]


def _moved_up(part: ScopeProgress, has_news: bool, target: Snapshot, highest_xid: int) -> ScopeProgress:
    """A filled part without news stands at this snapshot too.

    Else every later probe of it would walk past what changed in its scope's other classes since.
    """
    return replace(part, since=target.clamped(highest_xid)) if part.is_complete and not has_news else part


def _order(parts: Mapping[ScopeClass, ScopeProgress], fresh: Collection[ScopeClass]) -> list[ScopeClass]:
    """Class by class; inside a class first what has news, then what is half filled, then new fills."""
    return sorted(
        (key for key, part in parts.items() if key in fresh or not part.is_complete),
        key=lambda key: (key[1], key not in fresh, not parts[key].started, key[0]),
    )


class _Walk:
    """The lines gathered for one page, and the room left on it."""

    def __init__(
        self, store: PullStore, target: Snapshot, limit: int, highest_xid: int, scopes: Collection[str]
    ) -> None:
        self._store, self._target, self._room, self._scopes = store, target, limit, scopes
        self.highest_xid = highest_xid
        self.lines: dict[int, list[Line]] = {rank: [] for rank in RANKS}

    def advance(self, part: ScopeProgress, has_news: bool) -> ScopeProgress:
        """Take one part as far as the page's room allows."""
        if part.started and (has_news or part.walk or part.position is not None):
            part, finished = self._catch_up(part)
            if not finished:
                return part
        if part.position is None or self._room <= 0:
            return part
        lines = self._take(part, self._store.live(part, self._room, self._scopes))
        filled = self._room > 0
        return replace(
            part,
            since=self._target.clamped(self.highest_xid),
            position=None if filled else lines[-1].key if lines else part.position or BEGINNING,
        )

    def _catch_up(self, part: ScopeProgress) -> tuple[ScopeProgress, bool]:
        """Send what changed at keys the phone may have; True when it has reached this page's snapshot."""
        for target in filter(None, (part.target, self._target)):
            if self._room <= 0:
                return part, False
            lines = self._take(part, self._store.changes(part, target, self._room, self._scopes))
            if self._room <= 0:
                return replace(part, target=target, walk=(lines[-1].xid, *lines[-1].key)), False
            part = replace(part, since=target.clamped(self.highest_xid), target=None, walk=None)
        return part, True

    def _take(self, part: ScopeProgress, lines: list[Line]) -> list[Line]:
        self._room -= len(lines)
        self.highest_xid = max([self.highest_xid, *(line.xid for line in lines)])
        self.lines[part.rank] += lines
        return lines
