"""Pull and push for a signed-in phone or console: rights, one page, one outcome for each mutation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.actor import Actor, Role
from backend.errors import Problem
from backend.queries.scopes import StaffRights, held
from backend.records.account import Account
from backend.records.registry import KINDS_BY_RANK, SYNC_KINDS
from backend.services.door import announce_written, push_store
from sync.change import Key, Mutation, Outcome, Status, moment_text
from sync.cursor import CursorSeal
from sync.errors import StartCompare
from sync.honest_time import Exchange
from sync.postgres import epoch
from sync.postgres.pull import PostgresPull
from sync.postgres.push import PostgresPush
from sync.pull import pull
from sync.push import Clocks, Push
from sync.store import Document, Waiting
from sync.wire import Unreadable, mutation_bytes, mutation_from

MOST_MUTATIONS = 500
PAGE_LINES = 1000


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What a store asks for: its id, where it stands, which bodies it got in a push reply, how many lines it wants."""

    store: str
    cursor: str | None
    have: Mapping[str, int]
    limit: int


def pull_page(session: Session, actor: Actor, seal: CursorSeal, request: PullRequest) -> bytes:
    """One page as JSON bytes; the session must be a read-only snapshot."""
    if actor.device_revoked:
        raise Problem("device_revoked", wipe=True)
    connection = session.connection()
    store = PostgresPull(connection, KINDS_BY_RANK)
    number = epoch.current(connection)
    bound_to = (actor.id, actor.device_id or "", request.store)
    scopes = held(session, actor)
    try:
        cursor = seal.open(request.cursor, bound_to, number, store.snapshot().xmax)
    except StartCompare as error:
        raise Problem("start_compare", epoch=number) from error
    page = pull(store, cursor, sorted(scopes), min(request.limit, PAGE_LINES))
    token = request.cursor if page.cursor is cursor and request.cursor else seal.seal(page.cursor, bound_to)
    head = {
        "epoch": number,
        "cursor": token,
        "more": page.more,
        "complete": {str(rank): done for rank, done in page.complete.items()},
        "drops": page.drops,
        "scopes": [
            {"scope": scope, "until": until.isoformat() if until else None} for scope, until in sorted(scopes.items())
        ],
        "server_time": moment_text(datetime.now(UTC)),
    }
    return _glued(head, [_line(*line) for line in page.lines(request.have)])


def _line(key: tuple[str, str], version: int, scopes: list[str], body: str | None) -> str:
    """A record's line: its stored body is text already and is glued in as it is."""
    head = orjson.dumps({"kind": key[0], "id": key[1], "version": version, "in": scopes}).decode()
    return f'{head[:-1]},"body":{body or "null"}}}'


def _glued(head: dict[str, Any], lines: Sequence[str]) -> bytes:
    return f'{orjson.dumps(head).decode()[:-1]},"lines":[{",".join(lines)}]}}'.encode()


@dataclass(frozen=True, slots=True)
class PushRequest:
    """A batch as it came: the phone's clocks and the mutations, unread."""

    boot: str | None
    monotonic_ms: int | None
    sent_at: datetime
    mutations: Sequence[Any]


def push_batch(session: Session, actor: Actor, request: PushRequest) -> list[dict[str, Any]]:
    """An outcome for every mutation, in the order sent; nothing is refused, what cannot apply is parked."""
    if len(request.mutations) > MOST_MUTATIONS:
        raise Problem("too_large", most=MOST_MUTATIONS)
    received_at = datetime.now(UTC)
    store = push_store(session)
    read = [_read(item, actor, request.boot) for item in request.mutations]
    clocks = Clocks(request.sent_at, received_at, _exchanges(session, actor, request, received_at))
    park_all = "device_revoked" if actor.device_revoked else None
    push = Push(store, SYNC_KINDS, actor.as_author(), StaffRights(session, actor), clocks, store.next_version, park_all)
    judged = iter(push.run([one for one in read if isinstance(one, Mutation)]))
    kept = _park_unreadable(store, actor, [one for one in read if isinstance(one, Unreadable)])
    outcomes = [kept[one.mutation.id] if isinstance(one, Unreadable) else next(judged) for one in read]
    announce_written(session, [(kind, id_, "push", []) for kind, id_ in dict.fromkeys(push.written.values())])
    return _with_bodies(session, actor, outcomes, push.written)


def retry_held(session: Session) -> int:
    """Judge held mutations whose record has come from somebody else meanwhile; returns how many were looked at."""
    store = push_store(session)
    found = 0
    for actor, mutations in store.held_by_author():
        account = session.get(Account, UUID(actor.id))
        if account is None:
            continue
        roles = frozenset(Role(role) for role in account.roles)
        author = Actor(actor.id, str(account.unit_id), roles, actor.device_id)
        now = datetime.now(UTC)
        push = Push(
            store,
            SYNC_KINDS,
            author.as_author(),
            StaffRights(session, author),
            Clocks(now, now, {}),
            store.next_version,
        )
        push.resume(mutations)
        announce_written(session, [(kind, id_, "push", []) for kind, id_ in dict.fromkeys(push.written.values())])
        found += len(mutations)
    return found


def _read(item: Any, actor: Actor, boot: str | None) -> Mutation | Unreadable:
    try:
        return mutation_from(mutation_bytes(item), actor.device_id or actor.id, boot)
    except Unreadable as error:
        return error


def _park_unreadable(store: PostgresPush, actor: Actor, unreadable: Sequence[Unreadable]) -> dict[str, Outcome]:
    """Kept byte for byte; sent again it gets the same answer."""
    if not unreadable:
        return {}
    author = actor.as_author()
    mutations = {one.mutation.id: one for one in unreadable}
    outcomes = {id_: found[2] for id_, found in store.answered(list(mutations)).items()}
    fresh = [one for id_, one in mutations.items() if id_ not in outcomes]
    claimed = store.claim([one.mutation for one in fresh], author)
    waiting = []
    for one in fresh:
        outcomes[one.mutation.id] = Outcome(one.mutation.id, Status.PARKED, code="unreadable", detail={"why": one.why})
        if one.mutation.id in claimed:
            waiting.append(Waiting(one.mutation, outcomes[one.mutation.id], one.mutation.id))
    store.settle(author, [(w.mutation, w.outcome) for w in waiting], waiting)
    return outcomes


def _exchanges(session: Session, actor: Actor, request: PushRequest, received_at: datetime) -> dict[str, Exchange]:
    """This device's known boots; this very exchange is one of them and is remembered."""
    if actor.device_id is None:
        return {}
    rows = session.execute(
        text("SELECT boot, monotonic_ms, server_at FROM sync_exchange WHERE device_id = CAST(:device AS uuid)"),
        {"device": actor.device_id},
    )
    found = {row[0]: Exchange(row[0], row[1], row[2]) for row in rows}
    if request.boot and request.monotonic_ms is not None:
        found[request.boot] = Exchange(request.boot, request.monotonic_ms, received_at)
        session.execute(
            text(
                "INSERT INTO sync_exchange (device_id, boot, monotonic_ms, server_at) VALUES (:device, :boot, :ms, :at) "
                "ON CONFLICT (device_id, boot) DO UPDATE SET monotonic_ms = excluded.monotonic_ms, server_at = excluded.server_at"
            ),
            {"device": actor.device_id, "boot": request.boot, "ms": request.monotonic_ms, "at": received_at},
        )
    return found


def _with_bodies(
    session: Session, actor: Actor, outcomes: Sequence[Outcome], written: Mapping[str, Key]
) -> list[dict[str, Any]]:
    """The answers, each with the record's scopes, and its body where the author may see it."""
    if not written or actor.device_revoked:
        return [outcome.as_dict() for outcome in outcomes]
    store = PostgresPull(session.connection(), KINDS_BY_RANK)
    keys = set(written.values())
    scopes = store.memberships(keys, list(held(session, actor)))
    documents = store.documents(keys)
    return [
        outcome.as_dict()
        | ({"record": _record(key, documents[key], scopes.get(key, []))} if (key := written.get(outcome.id)) else {})
        for outcome in outcomes
    ]


def _record(key: Key, document: Document, scopes: list[str]) -> dict[str, Any]:
    body = orjson.Fragment(document.body) if scopes else None
    return {"kind": key[0], "id": key[1], "version": document.version, "in": scopes, "body": body}
