"""Accounts of units beside their people, and the links and tokens that were given out for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


def _rows(session: Session, asked: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in session.execute(text(asked), given).mappings()]


def accounts_of(session: Session, units: Collection[str]) -> list[dict[str, Any]]:
    """Everybody of these units, with their account where they have one: what an administrator looks at."""
    asked = """
        SELECT s.id::text AS staff_id,
            s.unit_id::text,
            s.staff_number,
            s.name,
            s.post,
            s.is_active AS works,
            a.staff_id IS NOT NULL AS has_account,
            COALESCE(a.is_active, FALSE) AS is_active,
            COALESCE(a.roles, '{}') AS roles,
            a.phone,
            COALESCE(a.is_demo, FALSE) AS is_demo,
            COALESCE(a.must_change_password, FALSE) AS must_change_password,
            (SELECT max(d.last_seen_at)
             FROM device_person p
             JOIN device d ON d.id = p.device_id
             WHERE p.staff_id = s.id) AS last_seen_at
        FROM staff s
        LEFT JOIN account a ON a.staff_id = s.id
        WHERE s.unit_id = ANY(CAST(:units AS uuid[]))
            AND s.deleted_at IS NULL
        ORDER BY s.staff_number, s.id
    """
    return _rows(session, asked, {"units": list(units)})


def links_of(session: Session, units: Collection[str]) -> list[dict[str, Any]]:
    """The 500 latest links of these units, newest first, with whose they are and who made them."""
    asked = """
        SELECT l.id::text,
            l.use,
            l.staff_id::text,
            s.name,
            s.staff_number,
            l.roles,
            l.made_at,
            l.until,
            l.used_at,
            l.revoked_at,
            m.name AS made_by
        FROM account_link l
        JOIN staff s ON s.id = l.staff_id
        LEFT JOIN staff m ON m.id = l.made_by
        WHERE l.unit_id = ANY(CAST(:units AS uuid[]))
        ORDER BY l.made_at DESC, l.id DESC
        LIMIT 500
    """
    return _rows(session, asked, {"units": list(units)})


def tokens_of(session: Session, units: Collection[str]) -> list[dict[str, Any]]:
    """Personal tokens of these units' people that have not ended, without their secrets."""
    asked = """
        SELECT t.family::text AS id,
            t.staff_id::text,
            s.name,
            s.staff_number,
            t.label,
            t.issued_at,
            t.expires_at
        FROM token t
        JOIN staff s ON s.id = t.staff_id
        WHERE t.use = 'personal'
            AND t.expires_at > now()
            AND s.unit_id = ANY(CAST(:units AS uuid[]))
        ORDER BY s.staff_number, t.issued_at
    """
    return _rows(session, asked, {"units": list(units)})
