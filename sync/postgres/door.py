"""The write door: records, documents, entries and history of a batch, each step one statement."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import DataError, IntegrityError, InternalError

from sync.change import Key, Stored, Write, canonical, moment_text
from sync.errors import VersionMoved
from sync.kind import Values
from sync.push import DatabaseRefused

EPOCH_STRIDE = 32


def body_of(kind_name: str, record_id: str, values: Values) -> str:
    """A record's wire form: canonical JSON of its values with its id and kind."""
    return canonical({**values, "id": record_id, "kind": kind_name}).decode()


class Door:
    """Writes records inside the caller's transaction; commits nothing itself."""

    def __init__(self, connection: Connection, tables: Mapping[str, Table], epoch: int) -> None:
        self._connection, self._tables, self.epoch = connection, tables, epoch

    def next_version(self, version: int) -> int:
        """One higher; a new epoch begins above everything the old one can have reached."""
        return max(version, (self.epoch - 1) << EPOCH_STRIDE) + 1

    def write_many(self, writes: Sequence[Write]) -> None:
        """Records, documents, entries and history of a whole batch, each record at most once.

        Raises VersionMoved if a record is no longer at the version it was read at, DatabaseRefused if a constraint
        or a type says no.
        """
        try:
            for (table, is_new), group in groupby(sorted(writes, key=_by_table), key=_by_table):
                self._write_rows(self._tables[table], is_new, list(group))
            if writes:
                self._write_documents(writes)
                self._write_entries(writes)
                self._write_history(writes)
        except (IntegrityError, DataError, InternalError) as error:
            raise DatabaseRefused(str(error.orig)) from error

    def _write_rows(self, table: Table, is_new: bool, writes: list[Write]) -> None:
        rows = [self._row(write) for write in writes]
        columns = [c.name for c in table.columns if c.name not in ("created_at", "updated_at", "deleted_at")]
        names = ", ".join(columns)
        if is_new:
            self._connection.execute(
                text(
                    f"INSERT INTO {table.name} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table.name}, :rows)"
                ),
                {"rows": json_text(rows)},
            )
            return
        sets = ", ".join(f"{c} = r.{c}" for c in columns if c != "id")
        moved = self._connection.execute(
            text(
                f"UPDATE {table.name} t SET {sets}, updated_at = now(), deleted_at = CASE WHEN r.deleted THEN now() END "
                f"FROM (SELECT p.*, x.before, x.deleted FROM json_to_recordset(:rows) AS x(id uuid, before bigint, deleted boolean) "
                f"JOIN json_populate_recordset(NULL::{table.name}, :rows) p USING (id)) r "
                "WHERE t.id = r.id AND t.version = r.before"
            ),
            {"rows": json_text(rows)},
        ).rowcount
        if moved != len(rows):
            raise VersionMoved

    def _row(self, write: Write) -> dict[str, Any]:
        values = write.values if write.values is not None else (write.before.values if write.before else {})
        before = write.before.version if write.before else 0
        return {
            **values,
            "id": write.id,
            "version": self.next_version(before),
            "before": before,
            "deleted": write.values is None,
        }

    def _write_documents(self, writes: Sequence[Write]) -> None:
        rows = []
        for write in writes:
            row = self._row(write)
            body = body_of(write.kind.name, write.id, write.values or (write.before.values if write.before else {}))
            rows.append({
                "kind": write.kind.name, "id": write.id, "unit_id": row["unit_id"], "version": row["version"],
                "body": body, "sha256": "\\x" + hashlib.sha256(body.encode()).hexdigest(), "heads": write.heads,
                "deleted": row["deleted"],
            })  # fmt: skip
        self._connection.execute(
            text(
                "INSERT INTO sync_document AS d (kind, id, unit_id, version, body, body_sha256, heads, deleted) "
                "SELECT kind, id, unit_id, version, body, sha256, heads, deleted FROM json_to_recordset(:rows) AS "
                "r(kind text, id uuid, unit_id uuid, version bigint, body text, sha256 bytea, heads jsonb, deleted boolean) "
                "ON CONFLICT (kind, id) DO UPDATE SET unit_id = excluded.unit_id, version = excluded.version, "
                "body = excluded.body, body_sha256 = excluded.body_sha256, heads = excluded.heads, deleted = excluded.deleted"
            ),
            {"rows": json_text(rows)},
        )

    def _write_entries(self, writes: Sequence[Write]) -> None:
        rows = []
        for write in writes:
            row = self._row(write)
            before = write.kind.scopes({**write.before.values, "id": write.id}) if write.before else frozenset()
            after = write.kind.scopes({**write.values, "id": write.id}) if write.values else frozenset()
            base = {"kind": write.kind.name, "id": write.id, "unit_id": row["unit_id"], "version": row["version"]}
            rows += [{**base, "scope": scope, "removed": scope not in after} for scope in sorted(before | after)]
        self._connection.execute(
            text(
                "INSERT INTO sync_entry (scope, kind, id, unit_id, xid, version, removed) "
                "SELECT scope, kind, id, unit_id, pg_current_xact_id(), version, removed FROM json_to_recordset(:rows) AS "
                "r(scope text, kind text, id uuid, unit_id uuid, version bigint, removed boolean) "
                "ON CONFLICT (scope, kind, id) DO UPDATE SET unit_id = excluded.unit_id, xid = excluded.xid, "
                "version = excluded.version, removed = excluded.removed"
            ),
            {"rows": json_text(rows)},
        )

    def _write_history(self, writes: Sequence[Write]) -> None:
        rows = [
            {
                "kind": write.kind.name, "id": write.id, "version": self._row(write)["version"], "op": write.op,
                "changed": _difference(write), "actor_id": write.author.id, "device_id": write.author.device_id,
                "mutation_id": write.mutation_id, "happened_at": moment_text(write.happened_at), "grade": write.grade,
            }
            for write in writes
        ]  # fmt: skip
        self._connection.execute(
            text(
                "INSERT INTO sync_history (kind, id, version, op, changed, actor_id, device_id, mutation_id, happened_at, grade) "
                "SELECT * FROM json_to_recordset(:rows) AS r(kind text, id uuid, version bigint, op text, changed jsonb, "
                "actor_id uuid, device_id uuid, mutation_id uuid, happened_at timestamptz, grade text)"
            ),
            {"rows": json_text(rows)},
        )

    def load(self, keys: Collection[Key], *, lock: bool = True) -> dict[Key, Stored]:
        """The records at these keys, locked in key order."""
        if not keys:
            return {}
        rows = self._connection.execute(
            text(
                "SELECT kind, id::text, version, body, heads, deleted FROM sync_document "
                "WHERE (kind, id) IN (SELECT kind, id FROM json_to_recordset(:keys) AS k(kind text, id uuid)) "
                "ORDER BY kind, id" + (" FOR UPDATE" if lock else "")
            ),
            {"keys": keys_json(keys)},
        )
        return {(row[0], row[1]): _stored(*row) for row in rows}

    def existing(self, keys: Collection[Key]) -> set[Key]:
        """Which of these records are there and not deleted."""
        return {key for key, one in self.load(keys, lock=False).items() if not one.deleted}

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that can fail alone."""
        with self._connection.begin_nested():
            yield


def _by_table(write: Write) -> tuple[str, bool]:
    return (write.kind.table, write.before is None)


def json_text(value: Any) -> str:
    """JSON text for a statement's parameter."""
    return orjson.dumps(value).decode()


def keys_json(keys: Collection[Key]) -> str:
    """Record keys as a JSON array of objects."""
    return json_text([{"kind": kind, "id": record_id} for kind, record_id in keys])


def _stored(kind: str, record_id: str, version: int, body: str, heads: Any, deleted: bool) -> Stored:
    values = orjson.loads(body)
    del values["id"], values["kind"]
    return Stored(kind, record_id, version, values, heads, deleted)


def _difference(write: Write) -> dict[str, list[Any]]:
    """Field -> [old, new] for what this write changed; a creation lists what it set."""
    before = write.before.values if write.before else {}
    after = write.values if write.values is not None else {}
    if write.values is None:
        return {}
    return {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
