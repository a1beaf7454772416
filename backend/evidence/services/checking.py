"""What stands now against what was sealed: records, documents, the rows beside them, and the bytes in the
store.

A record is built anew from its history, step by step, and must then be what its table and its document say.
What was erased by law stands there as erased. Everything is read in batches, each in a snapshot of its own,
so that a server that goes on working is neither held up nor mistaken for a forger.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.orm import Session

from backend.core.blobs.store import BlobStore, key_of
from backend.core.db import Database
from backend.core.kinds.registry import SYNC_KINDS, TABLES
from backend.core.queries.noted_rows import NOTED
from backend.evidence.queries import checking as asked
from backend.evidence.queries.sealing import count_unsealed, sealed_steps
from backend.evidence.services.sealing import ERASED, LOOKS_BACK, is_leaf_of
from sync.change import body_of
from sync.kind import Kind, Values

BATCH = 1000
_NO_ID = "00000000-0000-0000-0000-000000000000"
Progress = Callable[[str, int], object]


@dataclass(frozen=True, slots=True)
class Differs:
    """Something that is not what was sealed: where it stands, which record, what of it, and why it cannot
    be so."""

    table: str
    id: str
    fields: tuple[str, ...] = ()
    why: str = "differs"

    def __str__(self) -> str:
        return " ".join((self.table, self.id, *self.fields)) + (
            "" if self.why == "differs" else f": {self.why}"
        )


@dataclass(slots=True)
class _Told:
    """A record as its history tells it."""

    kind: Kind
    id: str
    version: int = 0
    is_deleted: bool = False
    created_at: datetime | None = None
    updated_at: datetime | None = None
    values: Values = field(default_factory=dict)

    def take(self, version: int, op: str, changed: Values, recorded_at: datetime) -> None:
        """One more step of its history."""
        self.created_at = self.created_at or recorded_at
        self.version, self.updated_at = version, recorded_at
        self.is_deleted = op == "delete" or (self.is_deleted and op != "restore")
        for name, pair in changed.items() if isinstance(changed, dict) else ():
            self.values[name] = pair[1] if isinstance(pair, list) else self._erased(name)

    def _erased(self, name: str) -> str | None:
        """What `erase_values` leaves in the place of a value whose hash alone is kept."""
        wired = SYNC_KINDS[self.kind.name].fields.get(name)
        is_required = wired is not None and not TABLES[self.kind.table].columns[name].nullable
        return ERASED if is_required else None

    @property
    def said(self) -> Values:
        """Its values that are not empty."""
        return {name: value for name, value in self.values.items() if value is not None}


def check_records(database: Database, kind_name: str, progress: Progress) -> Iterator[Differs]:
    """Every record of a kind: its table and its document against its history."""
    after = _NO_ID
    while True:
        with database.snapshot() as session:
            ids = asked.next_ids(session, kind_name, after, BATCH)
            found = differing(session, kind_name, ids) if ids else []
        if not ids:
            break
        yield from found
        after = ids[-1]
        progress(kind_name, len(ids))
    with database.snapshot() as session:
        yield from _without_history(session, kind_name)


def _without_history(session: Session, kind_name: str) -> Iterator[Differs]:
    for table in (SYNC_KINDS[kind_name].table, "sync_document"):
        for one in asked.without_history(session, kind_name, table):
            yield Differs(table, one, (), "no history tells of it")


def differing(session: Session, kind_name: str, ids: Sequence[str]) -> list[Differs]:
    """What of these records of a kind is not as their history tells it."""
    told = _told(session, SYNC_KINDS[kind_name], ids)
    found = _documents(session, kind_name, told)
    return [*found, *_rows(session, SYNC_KINDS[kind_name].table, told)]


def _told(session: Session, kind: Kind, ids: Sequence[str]) -> dict[str, _Told]:
    found: dict[str, _Told] = {}
    for record_id, *step in asked.steps_of(session, kind.name, ids):
        found.setdefault(record_id, _Told(kind, record_id)).take(*step)
    return found


def _documents(session: Session, kind_name: str, told: dict[str, _Told]) -> Iterator[Differs]:
    rows = asked.documents_of(session, kind_name, told)
    for record_id, one in told.items():
        if record_id not in rows:
            yield Differs("sync_document", record_id, (), "the row is gone")
            continue
        unit_id, version, deleted, body, digest = rows[record_id]
        wrong = [] if body.encode() == body_of(kind_name, record_id, one.values) else _wrong_in(body, one)
        wrong += ["body_sha256"] if hashlib.sha256(body.encode()).digest() != bytes(digest) else []
        stands = {
            "unit_id": (unit_id, one.values.get("unit_id")),
            "version": (version, one.version),
            "deleted": (deleted, one.is_deleted),
        }
        wrong += [name for name, (ours, sealed) in stands.items() if ours != sealed]
        if wrong:
            yield Differs("sync_document", record_id, tuple(dict.fromkeys(wrong)))


def _wrong_in(body: str, told: _Told) -> list[str]:
    """The fields in which a document is not what history says."""
    try:
        ours = dict(orjson.loads(body))
    except (ValueError, TypeError):
        return ["body"]
    sealed = {**told.said, "id": told.id, "kind": told.kind.name}
    ours = {name: value for name, value in ours.items() if value is not None}
    return sorted(
        name for name in ours.keys() | sealed.keys() if not _is_same(ours.get(name), sealed.get(name))
    )


def _is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are one; history keeps a large number of a float with other digits than its
    document."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(itertools.starmap(_is_same, zip(one, other, strict=True)))
    if isinstance(one, float) and isinstance(other, int) and not isinstance(other, bool):
        return one == float(other)
    return bool(one == other)


def _rows(session: Session, table: str, told: dict[str, _Told]) -> Iterator[Differs]:
    bodies = [body_of(one.kind.name, one.id, one.values).decode() for one in told.values()]
    for row in asked.compared(session, table, list(told), bodies):
        record_id, is_there, version, created_at, updated_at, deleted_at, wrong = row
        one = told[record_id]
        if not is_there:
            yield Differs(table, record_id, (), "the row is gone")
            continue
        stands = {
            "version": (version, one.version),
            "created_at": (created_at, one.created_at),
            "updated_at": (updated_at, one.updated_at),
            "deleted_at": (deleted_at, one.updated_at if one.is_deleted else None),
        }
        wrong = [*wrong, *(name for name, (ours, sealed) in stands.items() if ours != sealed)]
        if wrong:
            yield Differs(table, record_id, tuple(wrong))


def history_is_sealed(session: Session, kind_name: str, record_id: str) -> bool:
    """Whether each step of a record's history that has a seal is the one that was sealed."""
    rows = sealed_steps(session, kind_name, record_id)
    return all(is_leaf_of(row, row.salt, row.leaf) for row in rows)


def check_noted(database: Database, table: str, progress: Progress) -> Iterator[Differs]:
    """Rows of a table beside the records against what history last said of them."""
    with database.snapshot() as session:
        progress(table, asked.count_rows(session, table))
        for row_id, sealed, ours in asked.noted_otherwise(session, table):
            if ours is None or sealed is None:
                yield Differs(
                    table, row_id, (), "the row is gone" if ours is None else "no history tells of it"
                )
            else:
                wrong = sorted(
                    name for name in ours.keys() | sealed.keys() if ours.get(name) != sealed.get(name)
                )
                yield Differs(table, row_id, tuple(wrong))


def check_bytes(database: Database, blobs: BlobStore, progress: Progress) -> Iterator[Differs]:
    """The store's bytes by their hashes and lengths, and photos said to be here whose bytes are not."""
    with database.snapshot() as session:
        wanted: dict[str, int | None] = dict.fromkeys(asked.copies_kept(session))
        wanted |= asked.objects_kept(session)
        lost = asked.photos_without_bytes(session)
    yield from (Differs("photo", one, ("arrived_at",), "its bytes never arrived") for one in lost)
    for sha256, size in wanted.items():
        yield from _bytes(blobs, sha256, size)
        progress("bytes", 1)


def _bytes(blobs: BlobStore, sha256: str, size: int | None) -> Iterator[Differs]:
    digest, length = hashlib.sha256(), 0
    try:
        for chunk in blobs.read(key_of(sha256), 0, blobs.size(key_of(sha256))):
            digest.update(chunk)
            length += len(chunk)
    except (FileNotFoundError, ValueError):
        yield Differs("object", sha256, (), "its bytes are not in the store")
        return
    if digest.hexdigest() != sha256:
        yield Differs("object", sha256, ("sha256",), "the bytes in the store are others")
    elif size is not None and length != size:
        yield Differs("object", sha256, ("size_bytes",))


def check_all(database: Database, blobs: BlobStore | None, progress: Progress) -> Iterator[Differs]:
    """Everything that is evidence, against sealed history; without `blobs` the store's bytes are left out."""
    for kind_name in SYNC_KINDS:
        yield from check_records(database, kind_name, progress)
    with database.snapshot() as session:
        for kind_name, record_id in asked.documents_of_no_kind(session, list(SYNC_KINDS)):
            yield Differs("sync_document", record_id, ("kind",), f"there is no kind {kind_name}")
    for table in NOTED:
        yield from check_noted(database, table, progress)
    if blobs is not None:
        yield from check_bytes(database, blobs, progress)


def how_many(session: Session, *, with_bytes: bool) -> int:
    """How many steps `check_all` takes, for a progress bar."""
    tables = (*NOTED, "object") if with_bytes else tuple(NOTED)
    return asked.count_told(session, list(SYNC_KINDS)) + sum(asked.count_rows(session, one) for one in tables)


@dataclass(frozen=True, slots=True)
class Unsealed:
    """Rows of history under no seal: the newest wait for the next one, the `late` ones should long have
    one."""

    waiting: int
    late: int


def unsealed(session: Session) -> Unsealed:
    """How much of history no seal covers."""
    whole, late = count_unsealed(session, LOOKS_BACK)
    return Unsealed(whole - late, late)
