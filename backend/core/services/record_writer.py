"""Writes records: office requests, periodic tasks and demo data all go through here; phones' work
comes by push.

Both use the same rules (`sync.apply`) and the same store, so a record cannot tell how it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import uuid_utils
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.events import announce_many
from backend.core.kinds.registry import SYNC_KINDS, TABLES
from backend.core.queries.own_numbers import NumberTaken
from backend.core.queries.policy import need_unused
from backend.core.sentences import fault
from backend.core.services.own_numbers import keep_own, own_field
from backend.core.services.search_index import keep_found
from sync import apply
from sync.apply import Applied, CannotApply, Change
from sync.change import Stored, Write
from sync.errors import DatabaseRefused, VersionMoved
from sync.kind import Values
from sync.postgres.push import PostgresPush
from sync.postgres.writing import Tables
from sync.questions import questions_of


def _keep_beside(connection: Connection, writes: Sequence[Write]) -> None:
    keep_own(connection, writes)
    keep_found(connection, writes)


RECORD_TABLES = Tables(TABLES, beside=_keep_beside)
# What an author says to have read: the versions of which the record must have one.
Versions = Collection[int]


def new_id() -> str:
    """A UUIDv7: ids made later sort later, and nobody ever reads the time from them."""
    return str(uuid_utils.uuid7())


def push_store(session: Session) -> PostgresPush:
    """The sync store in this session's transaction."""
    return PostgresPush(session.connection(), RECORD_TABLES)


def read(session: Session, kind: str, record_id: str, *, lock: bool = False) -> Stored:
    """A record as it stands; raises not_found when it is not there or was deleted."""
    stored = push_store(session).load([(kind, record_id)], lock=lock).get((kind, record_id))
    if stored is None or stored.deleted:
        raise Problem("not_found", kind=kind, id=record_id)
    return stored


def create(
    session: Session,
    actor: Actor,
    kind: str,
    values: Values,
    *,
    record_id: str | None = None,
    trusted: bool | None = None,
) -> Stored:
    """A new record; `actor` needs the right unless it is the system or the server's own rules ask for it
    (`trusted`)."""
    return create_many(session, actor, kind, [(record_id or new_id(), values)], trusted=trusted)[0]


def create_many(
    session: Session,
    actor: Actor,
    kind: str,
    rows: Sequence[tuple[str, Values]],
    *,
    quiet: bool = False,
    trusted: bool | None = None,
) -> list[Stored]:
    """Many new records of one kind in four statements; `quiet` announces nothing (bulk loads)."""
    change = _changer(actor, trusted)
    found = SYNC_KINDS[kind]
    version = push_store(session).next_version(0)
    applied = [
        _refusing(apply.create, found, record_id, change({"unit_id": actor.unit_id} | values), version)
        for record_id, values in rows
    ]
    return _write(session, applied, quiet)


def change(
    session: Session,
    actor: Actor,
    kind: str,
    record_id: str,
    now: Values,
    *,
    version: Versions | None = None,
    trusted: bool | None = None,
) -> Stored:
    """Some fields of a record set; `version` is what the author has read (one of them, None for any),
    another raises changed_meanwhile."""
    stored = _at_version(session, kind, record_id, version)
    edit = _changer(actor, trusted)(now, base_version=stored.version)
    return _write(session, [_refusing(apply.change, SYNC_KINDS[kind], stored, edit, _next(session, stored))])[
        0
    ]


def change_many(
    session: Session,
    actor: Actor,
    kind: str,
    rows: Sequence[tuple[str, Values]],
    *,
    trusted: bool | None = None,
) -> None:
    """Some fields of many records set, as they stand now, five hundred at a time."""
    make, found = _changer(actor, trusted), SYNC_KINDS[kind]
    for begin in range(0, len(rows), 500):
        batch = rows[begin : begin + 500]
        stored = push_store(session).load([(kind, record_id) for record_id, _ in batch])
        applied = [
            _refusing(apply.change, found, one, make(now, base_version=one.version), _next(session, one))
            for record_id, now in batch
            if (one := stored.get((kind, record_id))) is not None and not one.deleted
        ]
        _write(session, applied)


def act(
    session: Session,
    actor: Actor,
    kind: str,
    record_id: str,
    action: str,
    now: Values,
    *,
    version: Versions | None = None,
    trusted: bool | None = None,
) -> Stored:
    """A step in a record's life, by the kind's table of actions."""
    stored = _at_version(session, kind, record_id, version)
    step = _changer(actor, trusted)(now, base_version=stored.version, action=action)
    return _write(session, [_refusing(apply.act, SYNC_KINDS[kind], stored, step, _next(session, stored))])[0]


def delete(
    session: Session,
    actor: Actor,
    kind: str,
    record_id: str,
    *,
    version: Versions | None,
    trusted: bool | None = None,
) -> None:
    """Take a record away; its history stays. Raises in_use while live records point at it."""
    stored = _at_version(session, kind, record_id, version)
    need_unused(session, kind, record_id)
    step = _changer(actor, trusted)({}, base_version=stored.version)
    _write(session, [_refusing(apply.delete, SYNC_KINDS[kind], stored, step, _next(session, stored))])


def write_applied(session: Session, applied: Applied) -> Stored:
    """Write a change that was judged elsewhere, such as a person's decision on parked work."""
    return _write(session, [applied])[0]


def announce_written(session: Session, written: Iterable[tuple[str, str, str, Sequence[str]]]) -> None:
    """Say what was written: (kind, id, op, changed fields); subscribers decide what follows."""
    announce_many(
        session,
        [
            (f"{kind}.written", {"kind": kind, "id": id_, "op": op, "changed": list(fields)})
            for kind, id_, op, fields in written
        ],
    )


def _at_version(session: Session, kind: str, record_id: str, version: Versions | None) -> Stored:
    stored = read(session, kind, record_id, lock=True)
    if version is not None and stored.version not in version:
        raise Problem("changed_meanwhile", version=stored.version)
    return stored


def _next(session: Session, stored: Stored) -> int:
    return push_store(session).next_version(stored.version)


def _changer(actor: Actor, trusted: bool | None) -> Callable[..., Change]:
    at = datetime.now(UTC)
    is_trusted = actor.is_system if trusted is None else trusted

    def make(now: Values, **more: Any) -> Change:
        return Change(id=new_id(), author=actor.as_author(), at=at, now=now, trusted=is_trusted, **more)

    return make


def _refusing(verb: Callable[..., Applied], *arguments: Any) -> Applied:
    try:
        applied = verb(*arguments)
    except CannotApply as reason:
        raise Problem(reason.code, **reason.detail) from reason
    if applied.unknown:
        raise Problem("invalid", faults=[fault(name, "core.unknown") for name in applied.unknown])
    return applied


def _write(session: Session, applied: Sequence[Applied], quiet: bool = False) -> list[Stored]:
    store = push_store(session)
    writes = [one.write for one in applied]
    _need_references(store, writes)
    try:
        store.write_many(writes)
    except VersionMoved as error:
        raise Problem("changed_meanwhile") from error
    except NumberTaken as error:
        names = sorted({own_field(one.kind.name) for one in writes} - {""})
        raise Problem("number_taken", faults=[fault(name, "core.number_taken") for name in names]) from error
    except DatabaseRefused as error:
        raise Problem(
            "id_taken" if "unique" in str(error) else "check_failed", cause=type(error.__cause__).__name__
        ) from error
    store.ask([question for write in writes for question in questions_of(write)])
    if not quiet:
        announce_written(session, [(w.kind.name, w.id, w.op, list(w.changed)) for w in writes])
    return [write.after() for write in writes]


def _need_references(store: PostgresPush, writes: Sequence[Write]) -> None:
    """Every record that is newly pointed at must be there."""
    wanted: dict[tuple[str, str], str] = {}
    for write in writes:
        before = write.kind.references(write.before.values) if write.before else {}
        after = {} if write.deleted else write.kind.references(write.values)
        wanted |= {key: name for name, key in after.items() if before.get(name) != key}
    for write in writes:
        wanted.pop((write.kind.name, write.id), None)
    missing = set(wanted) - store.present(wanted)
    if missing:
        faults = [
            fault(wanted[key], "core.missing_record", kind=key[0], id=key[1]) for key in sorted(missing)
        ]
        raise Problem("reference_missing", faults=faults)
