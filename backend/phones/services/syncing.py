"""Serves pull, push and compare for a signed-in device: rights, one page, one outcome for each mutation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.kinds.account import Account
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries.masks import sees_all
from backend.core.queries.scopes import day_begins, held, today
from backend.core.sentences import sentence
from backend.core.services.auditing import NOTED_AS, SETTINGS, note_write
from backend.core.services.record_writer import RECORD_TABLES, announce_written, push_store
from backend.notices.services.notifying import tell
from backend.phones.queries.entrance import Entrance
from backend.phones.queries.exchanges import note_exchange
from backend.phones.queries.masked_pull import pull_store
from backend.phones.queries.rights import StaffRights
from sync.answer import glued, lines_json, push_answers
from sync.change import Key, Mutation, Op, Write, moment_text, parse_moment
from sync.compare import Claim, compare
from sync.cursor import Cursor, CursorSeal, Holder, need_continuable
from sync.errors import StartCompare
from sync.honest_time import Exchange
from sync.postgres.push import PostgresPush
from sync.pull import RANKS, Page, pull
from sync.push import Push
from sync.receipts import Clocks
from sync.unparsable import park_unreadable, read_one
from sync.wire import Batch, Unreadable, unreadable

MOST_MUTATIONS = 500
PAGE_LINES = 1000
# So many bodies named by a phone are looked at one by one on each page; who names more compares, which looks
# once.
MOST_HAVE = 5000
# A store that was away for longer compares instead of going on: removals are kept two days more.
CONTINUE_WITHIN = timedelta(days=30)
# A lost phone may hand its work in for so long.
HAND_IN = timedelta(days=30)
_GRANTING = frozenset({"cell_assignment", "crew", "unit"})


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What a store asks for: its id, where it stands, which bodies it got in a push reply, how many lines
    it wants."""

    store: str
    cursor: str | None
    have: Mapping[Key, int]
    limit: int


def open_cursor(seal: CursorSeal, token: str | None) -> tuple[Cursor, Holder | None]:
    """The cursor of a token and whom it was made for, not yet compared with who is asking; none begins
    anew."""
    if not token:
        return Cursor(0), None
    try:
        return seal.open(token)
    except StartCompare as error:
        raise Problem("start_compare", why=str(error)) from error


def nothing_new(
    entrance: Entrance, request: PullRequest, opened: tuple[Cursor, Holder | None]
) -> bytes | None:
    """The answer where one glance shows that a filled store has nothing to get; None where it must be
    looked into."""
    cursor, made_for = opened
    now = datetime.now(UTC)
    is_still = (
        made_for == _holder(entrance, request.store)
        and cursor.epoch == entrance.epoch
        and cursor.seen_on == _day(now)
        and not entrance.looked[1]
        and cursor.highest_xid < entrance.looked[0].xmax
        and {part.scope for part in cursor.parts.values()} == set(entrance.scopes)
        and all(part.is_complete for part in cursor.parts.values())
    )
    if not is_still or entrance.actor.device_revoked:
        return None
    return glued(_pulled(entrance, now, request.cursor, Page(cursor, entrance.looked[0])), lines="[]")


def _pulled(entrance: Entrance, now: datetime, token: str | None, page: Page) -> dict[str, Any]:
    return _head(entrance, now) | {
        "cursor": token,
        "more": page.more,
        "complete": {str(rank): page.complete.get(rank, True) for rank in RANKS},
        "drops": page.drops,
    }


def pull_page(
    connection: Connection,
    entrance: Entrance,
    seal: CursorSeal,
    request: PullRequest,
    opened: tuple[Cursor, Holder | None],
) -> bytes:
    """One page as JSON bytes; the connection must be in a read-only snapshot, which gave the entrance too."""
    if entrance.actor.device_revoked:
        raise Problem("device_revoked", wipe=True)
    if len(request.have) > MOST_HAVE:
        raise Problem("start_compare", epoch=entrance.epoch, why="have_too_long", most=MOST_HAVE)
    holder, now = _holder(entrance, request.store), datetime.now(UTC)
    cursor, made_for = opened
    if made_for is None:
        cursor = Cursor(entrance.epoch, seen_on=_day(now))
    try:
        need_continuable(
            cursor,
            made_for or holder,
            holder,
            entrance.epoch,
            entrance.looked[0],
            _day(now - CONTINUE_WITHIN),
        )
    except StartCompare as error:
        raise Problem("start_compare", epoch=entrance.epoch, why=str(error)) from error
    store = pull_store(connection, entrance.actor)
    page = pull(
        store, cursor, sorted(entrance.scopes), min(request.limit, PAGE_LINES), entrance.looked, request.have
    )
    is_same = page.cursor is cursor and cursor.seen_on == _day(now) and request.cursor
    token = request.cursor if is_same else seal.seal(replace(page.cursor, seen_on=_day(now)), holder)
    return glued(_pulled(entrance, now, token, page), lines=lines_json(page.lines, request.have))


def compare_page(
    connection: Connection, entrance: Entrance, seal: CursorSeal, store_id: str, claims: Sequence[Claim]
) -> bytes:
    """Where a store differs from the server within the user's scopes, and the cursor that holds once it
    does not."""
    if entrance.actor.device_revoked:
        raise Problem("device_revoked", wipe=True)
    now = datetime.now(UTC)
    found = compare(pull_store(connection, entrance.actor), entrance.epoch, sorted(entrance.scopes), claims)
    token = seal.seal(replace(found.cursor, seen_on=_day(now)), _holder(entrance, store_id))
    head = _head(entrance, now) | {"cursor": token, "ask": found.ask_json()}
    return glued(head, repairs=found.repairs_json())


def _head(entrance: Entrance, now: datetime) -> dict[str, Any]:
    through = entrance.backed_up_through
    return {
        "epoch": entrance.epoch,
        "server_time": moment_text(now),
        "backed_up_through": moment_text(through) if through else None,
        "epochs": [[number, moment_text(parse_moment(at)) if at else None] for number, at in entrance.epochs],
        "scopes": [{"scope": scope, "until": until} for scope, until in sorted(entrance.scopes.items())],
    }


def _holder(entrance: Entrance, store: str) -> Holder:
    return Holder(entrance.actor.id, entrance.actor.device_id or "", store)


def _day(now: datetime) -> int:
    return int(now.timestamp() // 86_400)


@dataclass(frozen=True, slots=True)
class Quota:
    """What one device may hand in within a day."""

    mutations: int
    size_bytes: int


def push_batch(session: Session, entrance: Entrance, batch: Batch, quota: Quota) -> list[dict[str, Any]]:
    """An outcome for every mutation, in the order sent; nothing is refused, what cannot apply is parked."""
    if len(batch.mutations) > MOST_MUTATIONS:
        raise Problem("too_large", most=MOST_MUTATIONS)
    actor, received_at = entrance.actor, datetime.now(UTC)
    if entrance.revoked_at is not None and received_at - entrance.revoked_at > HAND_IN:
        raise Problem("device_revoked", wipe=True)
    author = actor.as_author()
    store = PostgresPush(session.connection(), RECORD_TABLES, entrance.epoch)
    read = [read_one(bytes(raw), actor.device_id or actor.id, batch.boot) for raw in batch.mutations]
    clocks = Clocks(
        _moment(batch.sent_at, received_at),
        received_at,
        _exchanges(session, entrance, batch, received_at, quota),
    )
    rights = StaffRights(session, actor, frozenset(entrance.scopes))
    push = Push(store, SYNC_KINDS, author, rights, clocks, "device_revoked" if actor.device_revoked else None)
    judged = iter(push.run([one for one in read if isinstance(one, Mutation)]))
    kept = park_unreadable(store, author, [one for one in read if isinstance(one, Unreadable)])
    outcomes = [kept[one.mutation.sha256] if isinstance(one, Unreadable) else next(judged) for one in read]
    _announce(session, push.written.values())
    _tell_resolved(session, actor, push.resolved)
    _note_settings(session, actor, push.written.values())
    return push_answers(outcomes, push.written, _held_after(session, entrance, push.written.values()))


def push_unreadable(session: Session, entrance: Entrance, data: bytes) -> list[dict[str, Any]]:
    """A batch that is no JSON at all: one parked item, so that whatever it was is not lost."""
    store = PostgresPush(session.connection(), RECORD_TABLES, entrance.epoch)
    author = entrance.actor.as_author()
    one = unreadable(data, author.device_id or author.id, "not JSON")
    return [outcome.as_dict() for outcome in park_unreadable(store, author, [one]).values()]


def _held_after(session: Session, entrance: Entrance, written: Collection[Write]) -> Collection[str]:
    """The author's scopes once the push is in: it may itself have changed them.

    A masked body comes by pull alone.
    """
    if entrance.actor.device_revoked or not sees_all(entrance.actor):
        return ()
    if any(write.kind.name in _GRANTING for write in written):
        return held(session, entrance.actor)
    return entrance.scopes


def _announce(session: Session, written: Collection[Write]) -> None:
    """One fact for each record, with every field that any of its writes changed."""
    changed: dict[Key, dict[str, None]] = {}
    for write in written:
        changed.setdefault(write.key, {}).update(dict.fromkeys(write.changed))
    announce_written(session, [(*key, "push", list(names)) for key, names in changed.items()])


def _tell_resolved(session: Session, actor: Actor, resolved: Sequence[Mutation]) -> None:
    """What had parked only for what its author has corrected is done: the author was told that it waits."""
    if resolved:
        first, count = resolved[0], len(resolved)
        tell(
            session,
            None,
            actor.id,
            actor.unit_id,
            topic="decision",
            subject=first.key,
            **sentence("phones.went_through", count=count).as_dict(),
        )


def _note_settings(session: Session, actor: Actor, written: Collection[Write]) -> None:
    """Settings are the office's and come by its click; where a phone brings one, it is noted all the same."""
    for write in written:
        if write.kind.name in SETTINGS:
            before, after = (
                write.before.values if write.before else None,
                None if write.deleted else write.values,
            )
            note_write(session, actor, write.kind, write.id, NOTED_AS[Op(write.op)], before, after)


def retry_held(session: Session) -> int:
    """Judge held mutations whose record has come from somebody else meanwhile; returns how many were
    looked at."""
    store = push_store(session)
    found = 0
    for author_id, held_work in store.held_by_author():
        account = session.get(Account, UUID(author_id))
        if account is None:
            store.note_tried(held_work)
            continue
        roles = frozenset(Role(role) for role in account.roles)
        actor = Actor(author_id, str(account.unit_id), roles)
        now = datetime.now(UTC)
        push = Push(store, SYNC_KINDS, actor.as_author(), StaffRights(session, actor), Clocks(now, now, {}))
        push.resume(held_work)
        store.note_tried(held_work)
        _announce(session, push.written.values())
        _tell_resolved(session, actor, push.resolved)
        found += len(held_work)
    return found


def _moment(value: str, otherwise: datetime) -> datetime:
    """A clock that cannot be read proves nothing, but loses nothing: the receipt counts."""
    try:
        return parse_moment(value)
    except (ValueError, OverflowError):
        return otherwise


def _exchanges(
    session: Session, entrance: Entrance, batch: Batch, received_at: datetime, quota: Quota
) -> dict[str, Exchange]:
    """This device's known boots, this very exchange among them; counts the day's work against the quota."""
    device = entrance.actor.device_id
    if device is None:
        return {}
    boot, ms = (batch.boot or "")[:64], batch.monotonic_ms
    is_exchange = bool(boot) and ms is not None and 0 <= ms < 2**62
    row = note_exchange(
        session,
        device,
        (boot, ms) if is_exchange else None,
        received_at,
        len(batch.mutations),
        sum(len(bytes(raw)) for raw in batch.mutations),
    )
    if row.mutations > quota.mutations or row.bytes > quota.size_bytes:
        midnight = day_begins(today(received_at) + timedelta(days=1))
        raise Problem("quota_exceeded", retry_after_s=int((midnight - received_at).total_seconds()) + 1)
    found = {one[0]: Exchange(one[0], one[1], parse_moment(one[2])) for one in row.boots or ()}
    if is_exchange and ms is not None:
        found[boot] = Exchange(boot, ms, received_at)
    return found
