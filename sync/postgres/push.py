"""What a push reads and writes besides records: answers, claims, waiting work, questions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, text

from sync.change import Author, Key, Mutation, Outcome, Status
from sync.postgres.door import Door, json_text, keys_json
from sync.store import Answered, Question, Waiting
from sync.wire import mutation_from


class PostgresPush(Door):
    """The PushStore on PostgreSQL."""

    def answered(self, ids: Collection[str]) -> dict[str, Answered]:
        """The stored answers among these mutation ids."""
        rows = self._connection.execute(_ANSWERED, {"ids": list(ids)}).all() if ids else ()
        return {row[0]: Answered(row[1], bytes(row[2]), _outcome(row[0], row[3])) for row in rows}

    def claim(self, mutations: Sequence[Mutation], author: Author) -> set[str]:
        """Take these ids for this transaction; one that another transaction took meanwhile is not among the result."""
        if not mutations:
            return set()
        rows = sorted(({"id": m.id, "sha256": "\\x" + m.sha256.hex()} for m in mutations), key=lambda r: r["id"])
        taken = self._connection.execute(
            _CLAIM, {"rows": json_text(rows), "author": author.id, "device": author.device_id}
        )
        return {row[0] for row in taken.all()}

    def visible(self, keys: Collection[Key], scopes: Collection[str]) -> set[Key]:
        """Which of these records are there and are, or once were, in one of the scopes."""
        rows = self._connection.execute(_VISIBLE, {"keys": keys_json(keys), "scopes": list(scopes)}) if keys else ()
        return {(row[0], row[1]) for row in rows}

    def parked_groups(self, author: Author, keys: Collection[Key], ids: Collection[str]) -> dict[Key | str, str]:
        """Undecided parked work of this author at these records or mutation ids: -> its group."""
        rows = self._connection.execute(_PARKED, {"author": author.id, "ids": list(ids), "keys": keys_json(keys)}).all()
        groups: dict[Key | str, str] = {(row[0], row[1]): row[3] for row in rows}
        return groups | {row[2]: row[3] for row in rows}

    def settle(self, author: Author, outcomes: Iterable[tuple[Mutation, Outcome]], waiting: Sequence[Waiting]) -> None:
        """Store the answers, and keep whole what waits for a person or for what it builds on."""
        outcomes = list(outcomes)
        if not outcomes:
            return
        rows = [{"id": m.id, "outcome": o.as_dict(), "status": o.status} for m, o in outcomes]
        self._connection.execute(_SETTLE, {"rows": json_text(rows)})
        if waiting:
            self._connection.execute(_INSERT_WAITING, [self._waiting_row(author, one) for one in waiting])

    def _waiting_row(self, author: Author, one: Waiting) -> dict[str, Any]:
        return {
            "mutation_id": one.mutation.id, "status": str(one.outcome.status), "code": one.outcome.code,
            "detail": json_text(one.outcome.detail), "kind": one.mutation.kind, "record_id": one.mutation.record,
            "author_id": author.id, "device_id": author.device_id, "unit_id": author.unit_id,
            "group_id": one.group, "waits_kind": one.waits_for and one.waits_for[0],
            "waits_id": one.waits_for and one.waits_for[1], "deadline": one.deadline, "verbatim": one.mutation.raw,
        }  # fmt: skip

    def ask(self, questions: Sequence[Question]) -> None:
        """Open or update disputes; one without heads is settled."""
        for question in questions:
            self._connection.execute(
                text(
                    "INSERT INTO sync_question AS q (kind, id, field, unit_id, heads) VALUES (:kind, :id, :field, :unit, :heads) "
                    "ON CONFLICT (kind, id, field) DO UPDATE SET heads = excluded.heads, opened_at = CASE WHEN q.closed_at IS NULL "
                    "THEN q.opened_at ELSE now() END, closed_at = NULL"
                )
                if question.heads
                else text(
                    "UPDATE sync_question SET closed_at = now() WHERE kind = :kind AND id = :id AND field = :field"
                ),
                {"kind": question.key[0], "id": question.key[1], "field": question.group}
                | ({"unit": question.unit_id, "heads": json_text(list(question.heads))} if question.heads else {}),
            )

    def held_for(self, keys: Collection[Key], ids: Collection[str]) -> list[tuple[Mutation, Author]]:
        """Held mutations that waited for one of these records or mutations."""
        wanted = [*keys, *(("mutation", i) for i in ids)]
        rows = self._connection.execute(
            text(
                "SELECT verbatim, author_id::text, device_id::text, unit_id::text FROM sync_waiting WHERE status = 'held' AND "
                "(waits_kind, waits_id) IN (SELECT kind, id FROM json_to_recordset(:keys) AS k(kind text, id text)) "
                "ORDER BY received_at, mutation_id FOR UPDATE"
            ),
            {"keys": keys_json(wanted)},
        )
        return [(mutation_from(bytes(r[0])), Author(r[1], r[2], unit_id=r[3] or "")) for r in rows]

    def held_by_author(self) -> list[tuple[Author, list[Mutation]]]:
        """Held mutations whose record is there now, by author, in the order they came."""
        rows = self._connection.execute(
            text(
                "SELECT w.verbatim, w.author_id::text, w.device_id::text, w.unit_id::text FROM sync_waiting w "
                "JOIN sync_document d ON d.kind = w.waits_kind AND d.id::text = w.waits_id WHERE w.status = 'held' "
                "ORDER BY w.author_id, w.place LIMIT 500 FOR UPDATE OF w SKIP LOCKED"
            )
        ).all()
        return [
            (Author(author, device, unit_id=unit or ""), [mutation_from(bytes(row[0])) for row in group])
            for (author, device, unit), group in groupby(rows, key=lambda row: (row[1], row[2], row[3]))
        ]


_ANSWERED = text(
    "SELECT id::text, author_id::text, content_sha256, outcome FROM sync_mutation "
    "WHERE id = ANY(CAST(:ids AS uuid[])) AND outcome IS NOT NULL"
)
_CLAIM = text(
    "INSERT INTO sync_mutation (id, author_id, device_id, content_sha256) "
    "SELECT r.id, :author, :device, r.sha256 FROM json_to_recordset(:rows) AS r(id uuid, sha256 bytea) "
    "ON CONFLICT (id) DO NOTHING RETURNING id::text"
)
_PARKED = text(
    "SELECT w.kind, w.record_id, w.mutation_id::text, w.group_id::text FROM sync_waiting w "
    "WHERE w.author_id = CAST(:author AS uuid) AND w.status = 'parked' AND w.decided_at IS NULL AND "
    "(w.mutation_id = ANY(CAST(:ids AS uuid[])) OR (w.kind, w.record_id) IN "
    "(SELECT kind, id FROM json_to_recordset(:keys) AS k(kind text, id text)))"
)
_VISIBLE = text(
    "SELECT d.kind, d.id::text FROM json_to_recordset(:keys) AS k(kind text, id uuid) "
    "JOIN sync_document d ON d.kind = k.kind AND d.id = k.id WHERE NOT d.deleted AND (d.scopes && CAST(:scopes AS text[]) OR EXISTS "
    "(SELECT FROM sync_entry e WHERE e.kind = d.kind AND e.id = d.id AND e.scope = ANY(CAST(:scopes AS text[]))))"
)
_SETTLE = text(
    "WITH ended AS (SELECT * FROM json_to_recordset(:rows) AS r(id uuid, outcome jsonb, status text)), "
    "released AS (DELETE FROM sync_waiting w USING ended WHERE w.mutation_id = ended.id AND w.status = 'held') "
    "UPDATE sync_mutation s SET outcome = ended.outcome, status = ended.status FROM ended WHERE s.id = ended.id"
)
_INSERT_WAITING = text(
    "INSERT INTO sync_waiting (mutation_id, status, code, detail, kind, record_id, author_id, device_id, unit_id, group_id, "
    "waits_kind, waits_id, deadline, verbatim) VALUES (:mutation_id, :status, :code, :detail, :kind, :record_id, :author_id, "
    ":device_id, :unit_id, :group_id, :waits_kind, :waits_id, :deadline, :verbatim)"
)


def _outcome(mutation_id: str, stored: dict[str, Any]) -> Outcome:
    return Outcome(mutation_id, Status(stored["status"]), stored["version"], stored["code"], stored["detail"])


def deadline_passed(connection: Connection, now: datetime) -> int:
    """Park what has been held past its deadline; returns how many."""
    return connection.execute(
        text(
            "WITH late AS (UPDATE sync_waiting SET status = 'parked', detail = detail || jsonb_build_object('was', code), "
            "code = 'deadline_passed' WHERE status = 'held' AND deadline <= :now RETURNING mutation_id) "
            'UPDATE sync_mutation m SET status = \'parked\', outcome = m.outcome || \'{"status": "parked", "code": "deadline_passed"}\' '
            "FROM late WHERE m.id = late.mutation_id"
        ),
        {"now": now},
    ).rowcount
