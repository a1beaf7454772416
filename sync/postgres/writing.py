"""Writes a batch's records, documents, entries and history in one statement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property

import orjson
import psycopg
from sqlalchemy import Connection, Table

from sync.change import Key, Stored, Write, moment_text
from sync.errors import DatabaseRefused, VersionMoved
from sync.postgres.epoch import current
from sync.postgres.rows import KEYS, json_text, keys_of, rows_of

EPOCH_STRIDE = 32
_OWN = frozenset({"id", "version", "created_at", "updated_at", "deleted_at"})


# What else is written of a batch in its transaction, after its records.
Beside = Callable[[Connection, Sequence[Write]], None]


class Tables:
    """The kinds' tables, and the write statements made from their columns; made once for the process.

    `beside` is called with each batch that was written, to keep what is made of it.
    """

    def __init__(self, by_name: Mapping[str, Table], beside: Beside | None = None) -> None:
        self._by_name, self.beside = by_name, beside
        self._statements: dict[frozenset[tuple[str, str, bool]], str] = {}

    @cached_property
    def empty(self) -> dict[str, dict[str, None]]:
        """Table name -> its fields without values: a stored body leaves out what is empty."""
        return {name: dict.fromkeys(_fields(table)) for name, table in self._by_name.items()}

    def statement(self, targets: frozenset[tuple[str, str, bool]]) -> str:
        """The statement that writes a batch into these (kind, table, is_new)."""
        found = self._statements.get(targets)
        if found is None:
            steps = [self._rows(n, *target) for n, target in enumerate(sorted(targets))]
            counts = [f"(SELECT count(*) FROM rows_{n})" for n in range(len(steps))]  # noqa: S608 - numbers
            moved = " + ".join(counts)
            # What is new is at no key yet: looking there first would cost a fifth of the statement.
            all_new = all(is_new for _, _, is_new in targets)
            documents = _DOCUMENTS + ("" if all_new else _DOCUMENTS_AGAIN)
            entries = _ENTRIES + ("" if all_new else _ENTRIES_AGAIN)
            found = f"WITH {_WRITES}, {', '.join(steps)}, {documents}), {entries}), {_HISTORY} SELECT {moved}"
            self._statements[targets] = found
        return found

    def _rows(self, n: int, kind: str, table: str, is_new: bool) -> str:
        fields = _fields(self._by_name[table])
        source = f"""
            writes w, json_populate_record(NULL::{table}, w.body::json) p
            WHERE w.kind = '{kind}'
            AND w.before
        """
        if is_new:
            columns = ", ".join(fields)
            values = ", ".join(f"p.{name}" for name in fields)
            return f"""
                rows_{n} AS (
                    INSERT INTO {table} (id, version, {columns})
                    SELECT w.id, w.version, {values}
                    FROM {source} = 0
                    RETURNING 1
                )
            """  # noqa: S608 - names of declared tables and fields
        sets = ", ".join(f"{name} = p.{name}" for name in fields)
        return f"""
            rows_{n} AS (
                UPDATE {table} t
                SET {sets}, version = w.version, updated_at = now(),
                    deleted_at = CASE WHEN w.deleted THEN now() END
                FROM {source} > 0
                AND t.id = w.id
                AND t.version = w.before
                RETURNING 1
            )
        """  # noqa: S608 - names of declared tables and fields


def _fields(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.name not in _OWN]


class PostgresRecordWriter:
    """Writes records inside the caller's transaction; commits nothing itself."""

    def __init__(self, connection: Connection, tables: Tables, epoch: int | None = None) -> None:
        self._connection, self._tables, self._epoch = connection, tables, epoch

    @cached_property
    def epoch(self) -> int:
        """The epoch that writes belong to; looked up when it is needed, for whoever only reads does not."""
        return current(self._connection) if self._epoch is None else self._epoch

    def next_version(self, version: int) -> int:
        """One higher; a new epoch begins above everything the old one can have reached."""
        return max(version, (self.epoch - 1) << EPOCH_STRIDE) + 1

    def write_many(self, writes: Sequence[Write]) -> None:
        """Records, documents, entries and history of a whole batch, each record at most once.

        Raises VersionMoved if a record is no longer at the version it was read at, DatabaseRefused if a
        constraint or a type says no.
        """
        if not writes:
            return
        statement = self._tables.statement(
            frozenset((w.kind.name, w.kind.table, w.before is None) for w in writes)
        )
        try:
            moved = rows_of(self._connection, statement, _columns(writes))[0][0]
        except (psycopg.IntegrityError, psycopg.DataError, psycopg.InternalError) as error:
            if error.diag.constraint_name in _VERSION_KEYS:
                raise VersionMoved from error
            raise DatabaseRefused(str(error)) from error
        if moved != len(writes):
            raise VersionMoved
        if self._tables.beside is not None:
            self._tables.beside(self._connection, writes)

    def load(self, keys: Collection[Key], *, lock: bool = True) -> dict[Key, Stored]:
        """The records at these keys, locked in key order."""
        if not keys:
            return {}
        rows = rows_of(self._connection, _LOAD_LOCKED if lock else _LOAD, keys_of(keys))
        return {(row[0], row[1]): self._stored(*row) for row in rows}

    def _stored(
        self, kind: str, record_id: str, version: int, body: str, heads: str, deleted: bool
    ) -> Stored:
        values = self._tables.empty.get(kind, {}) | orjson.loads(body)
        del values["id"], values["kind"]
        return Stored(kind, record_id, version, values, orjson.loads(heads), deleted)

    def present(self, keys: Collection[Key]) -> set[Key]:
        """Which of these records are there and not deleted."""
        rows = rows_of(self._connection, _PRESENT, keys_of(keys)) if keys else ()
        return {(row[0], row[1]) for row in rows}

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that can fail alone."""
        with self._connection.begin_nested():
            yield


def _columns(writes: Sequence[Write]) -> dict[str, list[str | None]]:
    """The batch as one list of texts for each column of `writes`."""
    return {
        name: list(column)
        for name, column in zip(_COLUMNS, zip(*map(_row, writes), strict=True), strict=True)
    }


def _row(write: Write) -> tuple[str | None, ...]:
    return (
        write.kind.name, write.id, write.values["unit_id"], str(write.version),
        str(write.before.version if write.before else 0), "t" if write.deleted else "f",
        json_text(write.heads) if write.heads else "{}", write.body.decode(), _array(write.scopes),
        _array(write.scopes_before - write.scopes), write.op, json_text(write.changed), write.author.id,
        write.author.device_id, write.mutation_id, moment_text(write.happened_at), write.grade,
    )  # fmt: skip


def _array(scopes: Collection[str]) -> str:
    """PostgreSQL's text form of an array; scopes hold ids and the names of scopes, nothing to escape."""
    return f"{{{','.join(sorted(scopes))}}}"


_COLUMNS = {
    "kind": "text",
    "id": "uuid",
    "unit_id": "uuid",
    "version": "bigint",
    "before": "bigint",
    "deleted": "boolean",
    "heads": "jsonb",
    "body": "text",
    "scopes": "text[]",
    "gone": "text[]",
    "op": "text",
    "changed": "jsonb",
    "actor_id": "uuid",
    "device_id": "uuid",
    "mutation_id": "uuid",
    "happened_at": "timestamptz",
    "grade": "text",
}
# A record that somebody else has made, or moved on, meanwhile.
_VERSION_KEYS = frozenset({"sync_history_pkey"})
# The body stays the text it came as, so that what is stored and hashed are the bytes that were sent.
_WRITES = f"""
    writes AS MATERIALIZED (
        SELECT {", ".join(f"r.{name}::{type_} AS {name}" for name, type_ in _COLUMNS.items())}
        FROM unnest({", ".join(f"%({name})b::text[]" for name in _COLUMNS)}) AS r({", ".join(_COLUMNS)})
    )
"""  # noqa: S608 - names of declared tables and fields
_DOCUMENTS = """
    documents AS (
        INSERT INTO sync_document (kind, id, unit_id, version, body, body_sha256, heads, deleted, scopes)
        SELECT kind, id, unit_id, version, body, sha256(convert_to(body, 'UTF8')), heads, deleted, scopes
        FROM writes
"""
_DOCUMENTS_AGAIN = """
    ON CONFLICT (kind, id) DO UPDATE SET unit_id = excluded.unit_id, version = excluded.version,
        body = excluded.body, body_sha256 = excluded.body_sha256, heads = excluded.heads,
        deleted = excluded.deleted, scopes = excluded.scopes
"""
_ENTRIES = """
    entries AS (
        INSERT INTO sync_entry (scope, kind, id, unit_id, xid, version, removed)
        SELECT s.scope, w.kind, w.id, w.unit_id, pg_current_xact_id(), w.version, s.removed
        FROM writes w,
            LATERAL (
                SELECT unnest(w.scopes) AS scope, false AS removed
                UNION ALL
                SELECT unnest(w.gone), true
            ) s
"""
_ENTRIES_AGAIN = """
    ON CONFLICT (scope, kind, id) DO UPDATE SET unit_id = excluded.unit_id, xid = excluded.xid,
        version = excluded.version, removed = excluded.removed
"""
_HISTORY = """
    history AS (
        INSERT INTO sync_history (
            kind, id, version, op, changed, actor_id, device_id, mutation_id, happened_at, grade
        )
        SELECT kind, id, version, op, changed, actor_id, device_id, mutation_id, happened_at, grade
        FROM writes
    )
"""
_MINE = f"""
    (kind, id) IN (
        SELECT k.kind, k.id::uuid
        FROM {KEYS}
    )
"""  # noqa: S608 - names of declared tables and fields
_LOAD = f"""
    SELECT kind, id::text, version, body, heads::text, deleted
    FROM sync_document
    WHERE {_MINE}
    ORDER BY kind, id
"""  # noqa: S608 - names of declared tables and fields
_LOAD_LOCKED = f"{_LOAD} FOR UPDATE"
_PRESENT = f"""
    SELECT kind, id::text
    FROM sync_document
    WHERE {_MINE}
    AND NOT deleted
"""  # noqa: S608 - names of declared tables and fields
