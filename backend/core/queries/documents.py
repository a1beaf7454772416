"""Reading records as their stored wire form, inside the asker's scopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.kinds.declaration import RecordKind
from backend.core.queries.masks import masked, masked_changes, masked_part
from backend.core.queries.scopes import held
from sync.change import moment_text
from sync.kind import Values
from sync.wire import MOST_DEPTH, depth_of

MOST_ROWS = 500
_IN_SCOPE = """
    EXISTS (SELECT FROM sync_entry e
    WHERE e.kind = d.kind AND e.id = d.id AND e.scope = ANY(:scopes) AND NOT e.removed)
"""


@dataclass(frozen=True, slots=True)
class Found:
    """A record as read: its version and its wire values."""

    version: int
    values: Values


def read_document(session: Session, actor: Actor, kind: RecordKind, record_id: str) -> Found:
    """One record; raises not_found alike for what is not there and what is not the asker's."""
    row = session.execute(
        text(
            f"""
                SELECT d.version, d.body
                FROM sync_document d
                WHERE d.kind = :kind AND d.id = CAST(:id AS uuid) AND NOT d.deleted AND {_IN_SCOPE}
            """  # noqa: S608 - made of constants; values are bound
        ),
        {"kind": kind.name, "id": record_id, "scopes": list(held(session, actor))},
    ).one_or_none()
    if row is None:
        raise Problem("not_found", kind=kind.name, id=record_id)
    return Found(row[0], masked(actor, kind, orjson.loads(row[1])))


def list_documents(
    session: Session,
    actor: Actor,
    kind: RecordKind,
    filters: Mapping[str, Any],
    after: str | None,
    limit: int,
) -> list[Values]:
    """Records by id behind `after`, narrowed by the kind's own filter fields; each carries its version."""
    wanted = {name: value for name, value in filters.items() if name in kind.filters and value is not None}
    conditions = "".join(f" AND t.{name} = :f_{name}" for name in wanted)
    rows = session.execute(
        text(
            f"""
                SELECT d.version, d.body
                FROM {kind.kind.table} t
                JOIN sync_document d ON d.kind = :kind AND d.id = t.id
                WHERE t.deleted_at IS NULL AND t.id > CAST(:after AS uuid) {conditions} AND {_IN_SCOPE}
                ORDER BY t.id
                LIMIT :limit
            """  # noqa: S608 - tables and fields of declared kinds; values are bound
        ),
        {
            "kind": kind.name,
            "after": after or "00000000-0000-0000-0000-000000000000",
            "limit": min(limit, MOST_ROWS),
            "scopes": list(held(session, actor)),
            **{f"f_{name}": value for name, value in wanted.items()},
        },
    )
    return [masked(actor, kind, orjson.loads(row[1])) | {"version": row[0]} for row in rows]


def history_of(session: Session, actor: Actor, kind: RecordKind, record_id: str) -> list[dict[str, Any]]:
    """Who changed what, when, from which device; newest first."""
    read_document(session, actor, kind, record_id)
    return lines_of(session, actor, kind, record_id)


def lines_of(session: Session, actor: Actor, kind: RecordKind, record_id: str) -> list[dict[str, Any]]:
    """A record's history for somebody who may see it, which the caller has judged; newest first."""
    rows = session.execute(
        text(
            """
                SELECT h.version,
                    h.op,
                    h.changed,
                    h.actor_id::text,
                    s.name,
                    h.device_id::text,
                    h.happened_at,
                    h.recorded_at,
                    h.grade,
                    h.mutation_id::text
                FROM sync_history h
                LEFT JOIN staff s ON s.id = h.actor_id
                WHERE h.kind = :kind AND h.id = CAST(:id AS uuid)
                ORDER BY h.version DESC
                LIMIT 1000
            """
        ),
        {"kind": kind.name, "id": record_id},
    )
    names = (
        "version",
        "op",
        "changed",
        "actor_id",
        "actor_name",
        "device_id",
        "happened_at",
        "recorded_at",
        "grade",
    )
    corrected = _corrected(session, actor, kind, record_id)
    history = [dict(zip(names, row, strict=False)) | {"corrected": corrected.get(row[9], [])} for row in rows]
    for one in history:
        # Erased by law: the hash that keeps the seals whole is nobody's to read.
        one["changed"] = {
            name: pair if isinstance(pair, list) else [None, None] for name, pair in one["changed"].items()
        }
        one["changed"] = masked_changes(actor, kind, one["changed"])
    return history


def _corrected(
    session: Session, actor: Actor, kind: RecordKind, record_id: str
) -> dict[str, list[dict[str, Any]]]:
    """By the mutation that corrected it: parked work that needed no person any more, whole or in some
    fields, as it was."""
    rows = session.execute(
        text(
            """
                SELECT w.mutation_id::text,
                    w.code,
                    w.op,
                    w.action,
                    w.received_at,
                    w.verbatim,
                    w.corrected,
                    w.settled_by_id::text,
                    w.decision
                FROM sync_waiting w
                WHERE w.kind = :kind
                    AND w.record_id = :id
                    AND (w.decision = 'corrected' OR w.corrected <> '{}')
                ORDER BY w.place
            """
        ),
        {"kind": kind.name, "id": record_id},
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for id_, code, op, action, received_at, verbatim, corrected, settled_by, decision in rows:
        said = _said(bytes(verbatim))
        whole = settled_by if decision == "corrected" else None
        for by in sorted({*corrected.values(), *([whole] if whole else [])}):
            now = said if by == whole else {name: said[name] for name in said if corrected.get(name) == by}
            one = {
                "id": id_,
                "code": code,
                "op": op,
                "action": action,
                "received_at": moment_text(received_at),
            }
            found.setdefault(by, []).append(
                one | {"is_closed": by == whole, "now": masked_part(actor, kind, now)}
            )
    return found


def _said(verbatim: bytes) -> Values:
    try:
        now = orjson.loads(verbatim).get("now") if depth_of(verbatim) <= MOST_DEPTH else None
    except (orjson.JSONDecodeError, AttributeError):
        now = None
    return now if isinstance(now, dict) else {}


def creator_of(session: Session, kind: str, record_id: str) -> str | None:
    """The member of staff who made a record; None when the system did."""
    row = session.execute(
        text(
            """
                SELECT h.actor_id::text
                FROM sync_history h
                JOIN staff s ON s.id = h.actor_id
                WHERE h.kind = :kind AND h.id = CAST(:id AS uuid) AND h.op = 'create'
            """
        ),
        {"kind": kind, "id": record_id},
    ).one_or_none()
    return row[0] if row else None
