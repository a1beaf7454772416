"""Records that were voided or merged into others: which, why, by whom, and what they said."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from sync.change import Key
from sync.kind import Values

_LISTED = """
    SELECT a.subject_kind AS kind,
        a.subject_id::text AS id,
        d.unit_id::text AS unit_id,
        a.act,
        a.acted_at AS at,
        s.name AS by,
        a.after ->> 'reason' AS reason,
        a.after ->> 'kept_id' AS kept_id
    FROM administrative_act a
    JOIN sync_document d ON d.kind = a.subject_kind AND d.id = a.subject_id AND d.deleted
    LEFT JOIN staff s ON s.id = a.by_staff_id
    WHERE a.act IN ('record_voided', 'records_merged')
        AND d.unit_id = ANY(CAST(:units AS uuid[]))
"""


def merged_into(session: Session, keys: Collection[Key]) -> dict[Key, Key]:
    """Of these records those that were merged into others -> the one that stays, at the end of the chain."""
    asked = """
        WITH RECURSIVE chain AS (
            SELECT k.kind, k.id AS first, k.id, 0 AS step
            FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS uuid[])) AS k(kind, id)
            UNION ALL
            SELECT c.kind, c.first, CAST(a.after ->> 'kept_id' AS uuid), c.step + 1
            FROM chain c
            JOIN administrative_act a ON a.act = 'records_merged'
            AND a.subject_kind = c.kind
            AND a.subject_id = c.id
            WHERE c.step < 100
        )
        SELECT DISTINCT ON (kind, first) kind, first::text, id::text
        FROM chain
        WHERE step > 0
        ORDER BY kind, first, step DESC
    """
    given = {"kinds": [key[0] for key in keys], "ids": [key[1] for key in keys]}
    rows = session.execute(text(asked), given) if keys else ()
    return {(row[0], row[1]): (row[0], row[2]) for row in rows}


def voided_in(session: Session, units: Collection[str]) -> list[dict[str, Any]]:
    """The 500 latest of these units, newest first."""
    asked = f"{_LISTED} ORDER BY a.acted_at DESC, a.id DESC LIMIT 500"
    return [dict(row) for row in session.execute(text(asked), {"units": list(units)}).mappings()]


def voided_one(
    session: Session, units: Collection[str], kind: str, record_id: str
) -> tuple[dict[str, Any], Values] | None:
    """One of these units with what it said at its end; None where no such record was voided."""
    asked = f"{_LISTED} AND d.kind = :kind AND d.id = CAST(:id AS uuid) ORDER BY a.acted_at DESC LIMIT 1"
    given = {"units": list(units), "kind": kind, "id": record_id}
    row = session.execute(text(asked), given).mappings().one_or_none()
    if row is None:
        return None
    body = "SELECT body FROM sync_document WHERE kind = :kind AND id = CAST(:id AS uuid)"
    said = session.execute(text(body), {"kind": kind, "id": record_id}).scalar_one()
    return dict(row), orjson.loads(said)
