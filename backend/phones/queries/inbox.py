"""The inbox: parked groups of phones' work, and disputes about fields."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import CATALOGUE, Problem
from backend.core.kinds.registry import KINDS
from backend.core.queries import masks, policy
from sync.wire import MOST_DEPTH, depth_of


def open_groups(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Undecided parked groups of the asker's units, oldest first; one group is one decision."""
    rows = session.execute(
        text(
            """
                SELECT w.group_id::text, array_agg(w.mutation_id::text ORDER BY w.place)
                FROM sync_waiting w
                WHERE w.status = 'parked' AND w.decided_at IS NULL AND w.unit_id = ANY(CAST(:units AS uuid[]))
                GROUP BY w.group_id
                ORDER BY min(w.received_at), w.group_id
                LIMIT 500
            """
        ),
        {"units": policy.own_units(session, actor)},
    ).all()
    return [
        {"group_id": row[0], "mutations": [_seen(actor, one) for one in parked_mutations(session, row[0])]}
        for row in rows
    ]


def _seen(actor: Actor, row: dict[str, Any]) -> dict[str, Any]:
    """Parked work is no record yet: who sees masks is told that it waits and why, not what it says."""
    if masks.sees_all(actor):
        return row
    content = row["content"] if isinstance(row["content"], dict) else {}
    return row | {
        "content": {name: one for name, one in content.items() if name not in ("was", "now")},
        "verbatim": "",
        "detail": {},
    }


def parked_mutations(session: Session, group_id: str) -> list[dict[str, Any]]:
    """A group's mutations in the order they came, in plain words and verbatim."""
    rows = session.execute(
        text(
            """
                SELECT w.mutation_id::text AS id,
                    w.code,
                    w.detail,
                    w.kind,
                    w.record_id,
                    w.author_id::text,
                    s.name AS author_name,
                    w.device_id::text,
                    w.unit_id::text,
                    w.received_at,
                    w.decision,
                    w.corrected,
                    w.settled_by_id::text,
                    w.verbatim
                FROM sync_waiting w
                LEFT JOIN staff s ON s.id = w.author_id
                WHERE w.group_id = CAST(:group AS uuid) AND w.status = 'parked'
                ORDER BY w.place
            """
        ),
        {"group": group_id},
    ).mappings()
    return [_in_words(dict(row)) for row in rows]


def held_mutations(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """The visible backlog: work of the asker's units that waits for what it builds on, with what and until
    when."""
    rows = session.execute(
        text(
            """
                SELECT w.mutation_id::text AS id,
                    w.kind,
                    w.record_id,
                    w.author_id::text,
                    s.name AS author_name,
                    w.device_id::text,
                    w.waits_kind,
                    w.waits_id,
                    w.received_at,
                    w.deadline
                FROM sync_waiting w
                LEFT JOIN staff s ON s.id = w.author_id
                WHERE w.status = 'held' AND w.unit_id = ANY(CAST(:units AS uuid[]))
                ORDER BY w.deadline, w.place
                LIMIT 500
            """
        ),
        {"units": policy.own_units(session, actor)},
    ).mappings()
    return [dict(row) for row in rows]


def _in_words(row: dict[str, Any]) -> dict[str, Any]:
    entry = CATALOGUE.get(row["code"])
    raw = bytes(row.pop("verbatim"))
    try:
        # What is too deep to be written again is shown as it came alone.
        content = orjson.loads(raw) if depth_of(raw) <= MOST_DEPTH else None
    except orjson.JSONDecodeError:
        content = None
    words = {"sentence": entry.zh, "sentence_en": entry.en, "remedy": entry.remedy_zh} if entry else {}
    return row | words | {"content": content, "verbatim": raw.decode("utf-8", "replace")}


def group_of(session: Session, actor: Actor, group_id: str) -> list[dict[str, Any]]:
    """A group inside the asker's units; raises not_found."""
    rows = parked_mutations(session, group_id)
    if not rows:
        raise Problem("not_found", kind="parked", id=group_id)
    policy.need_unit(session, actor, rows[0]["unit_id"], "parked", group_id)
    return rows


def open_questions(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Open disputes of the asker's units, each with every value, who wrote it and when."""
    rows = session.execute(
        text(
            """
                SELECT q.kind, q.id::text, q.field, q.opened_at, q.heads
                FROM sync_question q
                WHERE q.closed_at IS NULL AND q.unit_id = ANY(CAST(:units AS uuid[]))
                ORDER BY q.opened_at, q.id
                LIMIT 500
            """
        ),
        {"units": policy.own_units(session, actor)},
    ).mappings()
    found = [dict(row) for row in rows]
    names = _names(session, {head["author"] for one in found for head in one["heads"]})
    for one in found:
        one["heads"] = [
            head
            | {"author_name": names.get(head["author"])}
            | {"values": masks.masked_part(actor, KINDS.get(one["kind"]), head.get("values") or {})}
            for head in one["heads"]
        ]
    return found


def _names(session: Session, ids: set[str]) -> dict[str, str]:
    rows = session.execute(
        text("SELECT id::text, name FROM staff WHERE id = ANY(CAST(:ids AS uuid[]))"), {"ids": list(ids)}
    )
    return {row[0]: row[1] for row in rows}
