"""The write door: records, documents, entries and history of a batch in one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import orjson
from sqlalchemy import Connection, Table, TextClause, text
from sqlalchemy.exc import DataError, IntegrityError, InternalError

from sync.change import Key, Stored, Write, moment_text
from sync.errors import DatabaseRefused, VersionMoved

EPOCH_STRIDE = 32
_OWN = frozenset({"id", "version", "created_at", "updated_at", "deleted_at"})


class Tables:
    """The kinds' tables, and the write statements made from their columns; made once for the process."""

    def __init__(self, by_name: Mapping[str, Table]) -> None:
        self._by_name = by_name
        self._statements: dict[frozenset[tuple[str, str, bool]], TextClause] = {}

    @cached_property
    def empty(self) -> dict[str, dict[str, None]]:
        """Table name -> its fields without values: a stored body leaves out what is empty."""
        return {name: dict.fromkeys(_fields(table)) for name, table in self._by_name.items()}

    def statement(self, targets: frozenset[tuple[str, str, bool]]) -> TextClause:
        """The statement that writes a batch into these (kind, table, is_new)."""
        found = self._statements.get(targets)
        if found is None:
            steps = [self._rows(n, *target) for n, target in enumerate(sorted(targets))]
            moved = " + ".join(f"(SELECT count(*) FROM rows_{n})" for n in range(len(steps)))
            found = text(f"WITH {_WRITES}, {', '.join(steps)}, {_DOCUMENTS}, {_ENTRIES}, {_HISTORY} SELECT {moved}")
            self._statements[targets] = found
        return found

    def _rows(self, n: int, kind: str, table: str, is_new: bool) -> str:
        fields = _fields(self._by_name[table])
        source = f"writes w, json_populate_record(NULL::{table}, w.body) p WHERE w.kind = '{kind}' AND w.before"
        if is_new:
            columns = ", ".join(fields)
            values = ", ".join(f"p.{name}" for name in fields)
            return (
                f"rows_{n} AS (INSERT INTO {table} (id, version, {columns}) SELECT w.id, w.version, {values} "
                f"FROM {source} = 0 RETURNING 1)"
            )
        sets = ", ".join(f"{name} = p.{name}" for name in fields)
        return (
            f"rows_{n} AS (UPDATE {table} t SET {sets}, version = w.version, updated_at = now(), "
            f"deleted_at = CASE WHEN w.deleted THEN now() END FROM {source} > 0 AND t.id = w.id "
            "AND t.version = w.before RETURNING 1)"
        )


def _fields(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.name not in _OWN]


class Door:
    """Writes records inside the caller's transaction; commits nothing itself."""

    def __init__(self, connection: Connection, tables: Tables, epoch: int) -> None:
        self._connection, self._tables, self.epoch = connection, tables, epoch

    def next_version(self, version: int) -> int:
        """One higher; a new epoch begins above everything the old one can have reached."""
        return max(version, (self.epoch - 1) << EPOCH_STRIDE) + 1

    def write_many(self, writes: Sequence[Write]) -> None:
        """Records, documents, entries and history of a whole batch, each record at most once.

        Raises VersionMoved if a record is no longer at the version it was read at, DatabaseRefused if a constraint
        or a type says no.
        """
        if not writes:
            return
        statement = self._tables.statement(frozenset((w.kind.name, w.kind.table, w.before is None) for w in writes))
        try:
            moved = self._connection.execute(statement, {"rows": json_text([_row(write) for write in writes])}).scalar()
        except (IntegrityError, DataError, InternalError) as error:
            if getattr(getattr(error.orig, "diag", None), "constraint_name", None) == "sync_history_pkey":
                raise VersionMoved from error
            raise DatabaseRefused(str(error.orig)) from error
        if moved != len(writes):
            raise VersionMoved

    def load(self, keys: Collection[Key], *, lock: bool = True) -> dict[Key, Stored]:
        """The records at these keys, locked in key order."""
        if not keys:
            return {}
        rows = self._connection.execute(_LOAD_LOCKED if lock else _LOAD, {"keys": keys_json(keys)})
        return {(row[0], row[1]): self._stored(*row) for row in rows}

    def _stored(self, kind: str, record_id: str, version: int, body: str, heads: Any, deleted: bool) -> Stored:
        values = self._tables.empty.get(kind, {}) | orjson.loads(body)
        del values["id"], values["kind"]
        return Stored(kind, record_id, version, values, heads, deleted)

    def present(self, keys: Collection[Key]) -> set[Key]:
        """Which of these records are there and not deleted."""
        rows = self._connection.execute(_PRESENT, {"keys": keys_json(keys)}) if keys else ()
        return {(row[0], row[1]) for row in rows}

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that can fail alone."""
        with self._connection.begin_nested():
            yield


def json_text(value: Any) -> str:
    """JSON text for a statement's parameter."""
    return orjson.dumps(value).decode()


def keys_json(keys: Collection[Key]) -> str:
    """Record keys as a JSON array of objects."""
    return json_text([{"kind": kind, "id": record_id} for kind, record_id in keys])


def _row(write: Write) -> dict[str, Any]:
    return {
        "kind": write.kind.name, "id": write.id, "unit_id": write.values["unit_id"], "version": write.version,
        "before": write.before.version if write.before else 0, "deleted": write.deleted, "heads": write.heads,
        "body": orjson.Fragment(write.body), "scopes": sorted(write.scopes),
        "gone": sorted(write.scopes_before - write.scopes), "op": write.op, "changed": write.changed,
        "actor_id": write.author.id, "device_id": write.author.device_id, "mutation_id": write.mutation_id,
        "happened_at": moment_text(write.happened_at), "grade": write.grade,
    }  # fmt: skip


# `json` keeps a text as it is, so that the stored body and its hash are those of the bytes that were sent.
_WRITES = (
    "writes AS MATERIALIZED (SELECT * FROM json_to_recordset(:rows) AS r(kind text, id uuid, unit_id uuid, version bigint, "
    "before bigint, deleted boolean, heads jsonb, body json, scopes text[], gone text[], op text, changed jsonb, "
    "actor_id uuid, device_id uuid, mutation_id uuid, happened_at timestamptz, grade text))"
)
_DOCUMENTS = (
    "documents AS (INSERT INTO sync_document (kind, id, unit_id, version, body, body_sha256, heads, deleted, scopes) "
    "SELECT kind, id, unit_id, version, body::text, sha256(convert_to(body::text, 'UTF8')), heads, deleted, scopes FROM writes "
    "ON CONFLICT (kind, id) DO UPDATE SET unit_id = excluded.unit_id, version = excluded.version, body = excluded.body, "
    "body_sha256 = excluded.body_sha256, heads = excluded.heads, deleted = excluded.deleted, scopes = excluded.scopes)"
)
_ENTRIES = (
    "entries AS (INSERT INTO sync_entry (scope, kind, id, unit_id, xid, version, removed) "
    "SELECT s.scope, w.kind, w.id, w.unit_id, pg_current_xact_id(), w.version, s.removed FROM writes w, LATERAL "
    "(SELECT unnest(w.scopes) AS scope, false AS removed UNION ALL SELECT unnest(w.gone), true) s "
    "ON CONFLICT (scope, kind, id) DO UPDATE SET unit_id = excluded.unit_id, xid = excluded.xid, "
    "version = excluded.version, removed = excluded.removed)"
)
_HISTORY = (
    "history AS (INSERT INTO sync_history (kind, id, version, op, changed, actor_id, device_id, mutation_id, happened_at, grade) "
    "SELECT kind, id, version, op, changed, actor_id, device_id, mutation_id, happened_at, grade FROM writes)"
)
_KEYS = "SELECT kind, id FROM json_to_recordset(:keys) AS k(kind text, id uuid)"
_LOAD = text(
    f"SELECT kind, id::text, version, body, heads, deleted FROM sync_document WHERE (kind, id) IN ({_KEYS}) ORDER BY kind, id"
)
_LOAD_LOCKED = text(f"{_LOAD.text} FOR UPDATE")
_PRESENT = text(f"SELECT kind, id::text FROM sync_document WHERE (kind, id) IN ({_KEYS}) AND NOT deleted")
