"""Reads all records of units, kind by kind, in pieces: for whoever takes their data away."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

_AT_ONCE = 1000
_RECORDS = """
    SELECT id::text, version, body
    FROM sync_document
    WHERE kind = :kind
    AND unit_id = ANY(CAST(:units AS uuid[]))
    AND NOT deleted
    ORDER BY id
"""
_COUNTS = """
    SELECT kind, count(*)
    FROM sync_document
    WHERE unit_id = ANY(CAST(:units AS uuid[]))
    AND NOT deleted
    GROUP BY kind
"""
_HISTORY = """
    SELECT h.kind, h.id::text, h.version, h.op, h.changed, h.actor_id::text, h.happened_at, h.grade
    FROM sync_history h
    JOIN sync_document d ON d.kind = h.kind
    AND d.id = h.id
    WHERE h.kind = :kind
    AND d.unit_id = ANY(CAST(:units AS uuid[]))
    ORDER BY h.id, h.version
"""
_POINTS = """
    SELECT d.body
    FROM service_point p
    JOIN sync_document d ON d.kind = 'service_point'
    AND d.id = p.id
    WHERE p.deleted_at IS NULL
    AND d.unit_id = ANY(CAST(:units AS uuid[]))
    AND p.customer_id = ANY(CAST(:customers AS uuid[]))
    ORDER BY p.customer_id, p.id
"""


def counts_of(session: Session, units: Collection[str]) -> dict[str, int]:
    """Kind -> how many records these units have."""
    found = session.execute(text(_COUNTS), {"units": list(units)})
    return {str(kind): int(count) for kind, count in found}


def arrived_photos(session: Session, units: Collection[str]) -> Iterator[tuple[str, str]]:
    """The id of each photo whose bytes came, and their hash."""
    for photo in records_of(session, "photo", units):
        if photo.get("arrived_at"):
            yield str(photo["id"]), str(photo["sha256"])


def records_of(session: Session, kind: str, units: Collection[str]) -> Iterator[dict[str, Any]]:
    """Every record of a kind, as it goes over the wire, with its id and version."""
    rows = session.execute(
        text(_RECORDS), {"kind": kind, "units": list(units)}, execution_options={"yield_per": _AT_ONCE}
    )
    for record_id, version, body in rows:
        yield orjson.loads(body) | {"id": record_id, "version": version}


def history_rows(session: Session, kind: str, units: Collection[str]) -> Iterator[dict[str, Any]]:
    """Everything that was ever written of a kind's records, by record and version."""
    rows = session.execute(
        text(_HISTORY), {"kind": kind, "units": list(units)}, execution_options={"yield_per": _AT_ONCE}
    )
    for row in rows:
        yield dict(row._mapping)


def points_of(
    session: Session, customers: Collection[str], units: Collection[str]
) -> dict[str, list[dict[str, Any]]]:
    """Customer -> their service points in these units."""
    found: dict[str, list[dict[str, Any]]] = {}
    for (body,) in session.execute(text(_POINTS), {"customers": list(customers), "units": list(units)}):
        one = orjson.loads(body)
        found.setdefault(one["customer_id"], []).append(one)
    return found


def names_of(session: Session, kind: str, field: str) -> dict[str, str]:
    """Id -> what people call each record of a kind by: a field of it."""
    asked = "SELECT id::text, body FROM sync_document WHERE kind = :kind AND NOT deleted"
    return {
        row[0]: str(orjson.loads(row[1]).get(field) or "")
        for row in session.execute(text(asked), {"kind": kind})
    }
