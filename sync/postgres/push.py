"""What a push reads and writes besides records: answers, claims, waiting work, questions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, text

from sync.change import Author, Grade, Key, Mutation, Op, Outcome, Status, moment_text, parse_moment
from sync.honest_time import Judged, Receipt
from sync.postgres.rows import KEYS, json_text, keys_of, rows_of
from sync.postgres.writing import PostgresRecordWriter
from sync.store import Answered, Held, Parked, Question, Settled, Waiting
from sync.wire import mutation_from

# More fields than any kind has: what names as many was written by nobody's hand.
MOST_FIELDS = 500


class PostgresPush(PostgresRecordWriter):
    """The PushStore on PostgreSQL."""

    def answered(self, ids: Collection[str]) -> dict[str, Answered]:
        """The stored answers among these mutation ids."""
        rows = rows_of(self._connection, _ANSWERED, {"ids": list(ids)}) if ids else ()
        return {row[0]: Answered(row[1], row[2], _outcome(row[0], orjson.loads(row[3]))) for row in rows}

    def answer(self, author: Author, outcomes: Sequence[tuple[Mutation, Outcome]]) -> set[str]:
        """Store the first answers to mutations.

        One that another transaction answered meanwhile is not in the result.
        """
        rows = sorted((m.id, m.sha256.hex(), *_stored(outcome)) for m, outcome in outcomes)
        return {row[0] for row in self._run(_ANSWER, author, ("ids", "hashes", "statuses", "outcomes"), rows)}

    def answer_again(self, author: Author, outcomes: Sequence[tuple[Mutation, Outcome]]) -> None:
        """Store what came of mutations that were held until now, which sets them free."""
        rows = [(m.id, *_stored(outcome)) for m, outcome in outcomes]
        self._run(_ANSWER_AGAIN, author, ("ids", "statuses", "outcomes"), rows)

    def keep(self, author: Author, waiting: Sequence[Waiting]) -> None:
        """Keep whole what waits for a person or for what it builds on."""
        if waiting:
            self._connection.execute(_INSERT_WAITING, [self._waiting_row(author, one) for one in waiting])

    def _run(
        self, statement: str, author: Author, names: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> list[Any]:
        """A statement over rows, given as one list for each of its columns."""
        if not rows:
            return []
        columns = {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
        return rows_of(
            self._connection, statement, {"author": author.id, "device": author.device_id} | columns
        )

    def visible(
        self, keys: Collection[Key], scopes: Collection[str], *, with_deleted: bool = False
    ) -> set[Key]:
        """Which of these records are there and are, or once were, in one of the scopes."""
        asked = keys_of(keys) | {"scopes": list(scopes), "with_deleted": with_deleted}
        rows = rows_of(self._connection, _VISIBLE, asked) if keys else ()
        return {(row[0], row[1]) for row in rows}

    def parked(self, author: Author, keys: Collection[Key], ids: Collection[str]) -> list[Parked]:
        """Undecided parked work of this author at these records or mutation ids, in the order it came."""
        rows = rows_of(
            self._connection, _PARKED, keys_of(keys) | {"author": author.id, "mutations": list(ids)}
        )
        return [
            Parked(
                id_,
                (kind, record),
                group,
                Op(op) if op else None,
                action,
                frozenset(fields),
                device,
                parse_moment(at),
            )
            for id_, kind, record, group, op, action, fields, device, at in rows
        ]

    def waiting_behind(self, author: Author, groups: Collection[str]) -> list[Held]:
        """The author's undecided work parked behind the first of these groups, less what was corrected."""
        rows = rows_of(self._connection, _BEHIND, {"author": author.id, "groups": list(groups)})
        found = []
        for row in rows:
            one, corrected = _held(row), orjson.loads(row[5])
            now = {name: value for name, value in one.mutation.now.items() if name not in corrected}
            found.append(one._replace(mutation=replace(one.mutation, now=now)))
        return found

    def settle(self, author: Author, settled: Sequence[Settled]) -> None:
        """Close parked work, or note which of its fields wait no longer; what it was is kept."""
        rows = [
            (one.id, one.by, one.word or "", json_text(dict.fromkeys(sorted(one.fields), one.by)))
            for one in settled
        ]
        self._run(_SETTLE, author, ("ids", "by", "words", "fields"), rows)

    def park_again(self, waiting: Sequence[Waiting]) -> None:
        """Parked work that was tried again: why it is parked now, and in which group."""
        for one in waiting:
            self._connection.execute(
                _PARK_AGAIN,
                {
                    "id": one.mutation.id, "code": one.outcome.code, "detail": json_text(one.outcome.detail),
                    "group": one.group,
                },
            )  # fmt: skip

    def _waiting_row(self, author: Author, one: Waiting) -> dict[str, Any]:
        return {
            "mutation_id": one.mutation.id,
            "status": str(one.outcome.status),
            "code": one.outcome.code,
            "detail": json_text(one.outcome.detail),
            "kind": one.mutation.kind,
            "record_id": one.mutation.record,
            "author_id": author.id,
            "device_id": author.device_id,
            "unit_id": author.unit_id,
            "group_id": one.group,
            "waits_kind": one.waits_for and one.waits_for[0],
            "waits_id": one.waits_for and one.waits_for[1],
            "deadline": one.deadline,
            "verbatim": one.mutation.raw,
            "received_at": one.receipt and one.receipt.received_at,
            "receipt": _receipt_json(one.receipt),
            "op": str(one.mutation.op),
            "action": one.mutation.action if isinstance(one.mutation.action, str) else None,
            "fields": list(one.mutation.now)[:MOST_FIELDS],
        }

    def ask(self, questions: Sequence[Question]) -> None:
        """Open or update disputes; one without heads is settled."""
        for question in questions:
            self._connection.execute(
                text("""
                    INSERT INTO sync_question AS q (kind, id, field, unit_id, heads)
                    VALUES (:kind, :id, :field, :unit, :heads)
                    ON CONFLICT (kind, id, field) DO UPDATE SET heads = excluded.heads,
                        opened_at = CASE WHEN q.closed_at IS NULL THEN q.opened_at ELSE now() END,
                        closed_at = NULL
                """)
                if question.heads
                else text("""
                    UPDATE sync_question
                    SET closed_at = now()
                    WHERE kind = :kind
                    AND id = :id
                    AND field = :field
                """),
                {"kind": question.key[0], "id": question.key[1], "field": question.group}
                | (
                    {"unit": question.unit_id, "heads": json_text(list(question.heads))}
                    if question.heads
                    else {}
                ),
            )

    def held_for(self, keys: Collection[Key], ids: Collection[str]) -> list[Held]:
        """Held mutations that waited for one of these records or mutations."""
        wanted = [*keys, *(("mutation", i) for i in ids)]
        rows = rows_of(self._connection, _HELD_FOR, keys_of(wanted))
        return [_held(row) for row in rows]

    def held_by_author(self) -> list[tuple[str, list[Held]]]:
        """Held mutations to try again, by author, in the order they came.

        Those whose record or predecessor is there.

        Each author has a turn before anybody has a second one; what was tried in vain waits for that record
        to change, or some minutes, for the author's rights may have changed.
        """
        rows = rows_of(self._connection, _READY, {})
        found: dict[str, list[Held]] = {}
        for row in sorted(rows, key=lambda row: (row[5], row[6])):
            found.setdefault(row[1], []).append(_held(row))
        return list(found.items())

    def note_tried(self, held: Collection[Held]) -> None:
        """What is still held was tried at this version of what it waits for."""
        if held:
            rows_of(self._connection, _NOTE_TRIED, {"ids": [one.mutation.id for one in held]})


_ANSWERED = """
    SELECT id::text, author_id::text, content_sha256, outcome::text
    FROM sync_mutation
    WHERE id = ANY(CAST(%(ids)b::text[] AS uuid[]))
    AND outcome IS NOT NULL
"""
_ANSWER = """
    INSERT INTO sync_mutation (id, author_id, device_id, content_sha256, status, outcome)
    SELECT r.id::uuid, %(author)s, %(device)s, decode(r.sha256, 'hex'), r.status, r.outcome::jsonb
    FROM unnest(
        %(ids)b::text[], %(hashes)b::text[], %(statuses)b::text[], %(outcomes)b::text[]
    ) AS r(id, sha256, status, outcome)
    ON CONFLICT (id) DO NOTHING
    RETURNING id::text
"""
_ANSWER_AGAIN = """
    WITH ended AS MATERIALIZED (
        SELECT id::uuid, status, outcome::jsonb
        FROM unnest(
            %(ids)b::text[], %(statuses)b::text[], %(outcomes)b::text[]
        ) AS r(id, status, outcome)
    ),
    released AS (
        DELETE FROM sync_waiting w USING ended
        WHERE w.mutation_id = ended.id
        AND w.status = 'held'
    )
    UPDATE sync_mutation s
    SET outcome = ended.outcome, status = ended.status
    FROM ended
    WHERE s.id = ended.id
"""
_PARKED = f"""
    SELECT w.mutation_id::text, w.kind, w.record_id, w.group_id::text, w.op, w.action,
        ARRAY(SELECT unnest(w.fields) EXCEPT SELECT jsonb_object_keys(w.corrected)), w.device_id::text,
        coalesce(w.receipt ->> 'at', to_json(w.received_at) #>> '{{}}')
    FROM sync_waiting w
    WHERE w.author_id = %(author)s
    AND w.status = 'parked'
    AND w.decided_at IS NULL
    AND (
        w.mutation_id = ANY(CAST(%(mutations)b::text[] AS uuid[]))
        OR (w.kind, w.record_id) IN (SELECT k.kind, k.id FROM {KEYS})
    )
    ORDER BY w.place
"""  # noqa: S608 - made of constants; values are bound
_BEHIND = """
    SELECT verbatim, author_id::text, device_id::text, unit_id::text, receipt::text, corrected::text
    FROM sync_waiting
    WHERE group_id = ANY(CAST(%(groups)b::text[] AS uuid[]))
    AND author_id = %(author)s
    AND status = 'parked'
    AND decided_at IS NULL
    AND mutation_id <> group_id
    ORDER BY place
    FOR UPDATE
"""
_SETTLE = """
    UPDATE sync_waiting w
    SET corrected = w.corrected || r.fields::jsonb,
        settled_by_id = CASE WHEN r.word <> '' THEN r.by::uuid END,
        decided_at = CASE WHEN r.word <> '' THEN now() END,
        decided_by_id = CASE WHEN r.word <> '' THEN CAST(%(author)s AS uuid) END,
        decision = nullif(r.word, '')
    FROM unnest(
        %(ids)b::text[], %(by)b::text[], %(words)b::text[], %(fields)b::text[]
    ) AS r(id, by, word, fields)
    WHERE w.mutation_id = r.id::uuid
    AND w.status = 'parked'
    AND w.decided_at IS NULL
    RETURNING 1
"""
_PARK_AGAIN = text("""
    UPDATE sync_waiting
    SET code = :code, detail = CAST(:detail AS jsonb), group_id = CAST(:group AS uuid)
    WHERE mutation_id = CAST(:id AS uuid)
    AND status = 'parked'
    AND decided_at IS NULL
""")
_VISIBLE = f"""
    SELECT d.kind, d.id::text
    FROM {KEYS}
    JOIN sync_document d ON d.kind = k.kind
    AND d.id = k.id::uuid
    WHERE (NOT d.deleted OR %(with_deleted)s::boolean)
    AND (
        d.scopes && %(scopes)b::text[]
        OR EXISTS (
            SELECT
            FROM sync_entry e
            WHERE e.kind = d.kind
            AND e.id = d.id
            AND e.scope = ANY(%(scopes)b::text[])
        )
    )
"""  # noqa: S608 - made of constants; values are bound
_HELD_FOR = f"""
    SELECT verbatim, author_id::text, device_id::text, unit_id::text, receipt::text
    FROM sync_waiting
    WHERE status = 'held'
    AND (waits_kind, waits_id) IN (SELECT k.kind, k.id FROM {KEYS})
    ORDER BY received_at, mutation_id
    FOR UPDATE
"""  # noqa: S608 - made of constants; values are bound
_THERE = """
    LEFT JOIN sync_document d ON d.kind = w.waits_kind
    AND d.id = CASE WHEN w.waits_kind <> 'mutation' THEN w.waits_id::uuid END
    LEFT JOIN sync_mutation m ON m.id = CASE WHEN w.waits_kind = 'mutation' THEN w.waits_id::uuid END
    AND m.status <> 'held'
    AND m.author_id = w.author_id
    WHERE w.status = 'held'
    AND (d.id IS NOT NULL OR m.id IS NOT NULL)
"""
_READY = f"""
    WITH ready AS (
        SELECT w.mutation_id,
            row_number() OVER (
                PARTITION BY w.author_id
                ORDER BY w.tried_at NULLS FIRST, w.received_at, w.place
            ) AS turn
        FROM sync_waiting w {_THERE}
        AND (
            w.tried_at IS NULL
            OR w.tried_version IS DISTINCT FROM coalesce(d.version, 0)
            OR w.tried_at < now() - interval '10 minutes'
        )
    )
    SELECT w.verbatim, w.author_id::text, w.device_id::text, w.unit_id::text, w.receipt::text,
        w.received_at, w.place
    FROM sync_waiting w
    JOIN ready r ON r.mutation_id = w.mutation_id
    WHERE w.status = 'held'
    ORDER BY r.turn, w.received_at
    LIMIT 500
    FOR UPDATE OF w SKIP LOCKED
"""  # noqa: S608 - made of constants; values are bound
_NOTE_TRIED = f"""
    UPDATE sync_waiting t
    SET tried_at = now(), tried_version = s.version
    FROM (
        SELECT w.mutation_id, coalesce(d.version, 0) AS version
        FROM sync_waiting w {_THERE}
        AND w.mutation_id = ANY(CAST(%(ids)b::text[] AS uuid[]))
    ) s
    WHERE t.mutation_id = s.mutation_id
    RETURNING 1
"""  # noqa: S608 - made of constants; values are bound
_INSERT_WAITING = text("""
    INSERT INTO sync_waiting (
        mutation_id, status, code, detail, kind, record_id, author_id, device_id, unit_id, group_id,
        waits_kind, waits_id, deadline, verbatim, received_at, receipt, op, action, fields
    )
    VALUES (
        :mutation_id, :status, :code, :detail, :kind, :record_id, :author_id, :device_id, :unit_id,
        :group_id, :waits_kind, :waits_id, :deadline, :verbatim,
        coalesce(CAST(:received_at AS timestamptz), now()), CAST(:receipt AS jsonb), :op, :action,
        :fields
    )
""")


def _held(row: Sequence[Any]) -> Held:
    known = orjson.loads(row[4]) if row[4] else None
    receipt = known and Receipt(
        parse_moment(known["received_at"]), Judged(parse_moment(known["at"]), Grade(known["grade"]))
    )
    return Held(mutation_from(bytes(row[0])), Author(row[1], row[2], unit_id=row[3] or ""), receipt)


def _receipt_json(receipt: Receipt | None) -> str | None:
    if receipt is None:
        return None
    known = {"received_at": moment_text(receipt.received_at), "at": moment_text(receipt.judged.at)}
    return json_text(known | {"grade": str(receipt.judged.grade)})


def _stored(outcome: Outcome) -> tuple[str, str]:
    return str(outcome.status), json_text(outcome.as_dict())


def _outcome(mutation_id: str, stored: dict[str, Any]) -> Outcome:
    return Outcome(mutation_id, Status(stored["status"]), stored["version"], stored["code"], stored["detail"])


def deadline_passed(connection: Connection, now: datetime) -> int:
    """Park what has been held past its deadline; returns how many."""
    return connection.execute(
        text("""
            WITH late AS (
                UPDATE sync_waiting
                SET status = 'parked', detail = detail || jsonb_build_object('was', code),
                    code = 'deadline_passed'
                WHERE status = 'held'
                AND deadline <= :now
                RETURNING mutation_id
            )
            UPDATE sync_mutation m
            SET status = 'parked',
                outcome = m.outcome || '{"status": "parked", "code": "deadline_passed"}'
            FROM late
            WHERE m.id = late.mutation_id
        """),
        {"now": now},
    ).rowcount
