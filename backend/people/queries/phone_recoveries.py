"""Phones whose person asks for a new PIN."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


def asked_since(session: Session, units: Collection[str], moment: datetime) -> list[dict[str, Any]]:
    """Requests of these units' people since a moment, newest first; never the code, which is read out."""
    asked = """
        SELECT r.id::text,
            r.staff_id::text,
            s.name,
            s.staff_number,
            d.name AS device,
            r.asked_at,
            r.approved_at,
            r.collected_at
        FROM phone_recovery r
        JOIN staff s ON s.id = r.staff_id
        JOIN account a ON a.staff_id = r.staff_id
        LEFT JOIN device d ON d.id = r.device_id
        WHERE s.unit_id = ANY(CAST(:units AS uuid[]))
            AND a.unit_id = ANY(CAST(:units AS uuid[]))
            AND d.revoked_at IS NULL
            AND r.asked_at > :since
        ORDER BY r.asked_at DESC, r.id
    """
    rows = session.execute(text(asked), {"units": list(units), "since": moment})
    return [dict(row) for row in rows.mappings()]


def staff_unit(session: Session, staff_id: str) -> str:
    """The unit that somebody's staff record says."""
    asked = "SELECT unit_id::text FROM staff WHERE id = CAST(:id AS uuid)"
    return str(session.execute(text(asked), {"id": staff_id}).scalar())


def forget_used(session: Session, staff_id: str, device_id: str | None) -> None:
    """Halves of this phone that were given back: a new one is kept in their place."""
    asked = """
        DELETE FROM phone_recovery
        WHERE staff_id = CAST(:staff AS uuid)
            AND device_id = CAST(:device AS uuid)
            AND collected_at IS NOT NULL
    """
    session.execute(text(asked), {"staff": staff_id, "device": device_id})
