"""Accounts of units beside their people, and the links and tokens that were given out for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Role


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


def accounts_by_id(session: Session, staff_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Person -> their number, name, roles and own login, of those that have an account."""
    asked = """
        SELECT s.id::text AS staff_id, s.staff_number, s.name, a.roles, a.login
        FROM account a
        JOIN staff s ON s.id = a.staff_id
        WHERE a.staff_id = ANY(CAST(:ids AS uuid[]))
    """
    return {one["staff_id"]: one for one in _rows(session, asked, {"ids": list(staff_ids)})}


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


def backed_links(session: Session, ids: Collection[str]) -> set[str]:
    """Those of these links that still have behind them what they were made by: an administrator who keeps
    the accounts of the unit, for somebody who is of that unit."""
    asked = """
        WITH RECURSIVE above AS (
            SELECT l.id AS link_id, u.id, u.parent_id
            FROM account_link l
            JOIN unit u ON u.id = l.unit_id
            WHERE l.id = ANY(CAST(:ids AS uuid[]))
            UNION
            SELECT a.link_id, u.id, u.parent_id
            FROM above a
            JOIN unit u ON u.id = a.parent_id
        )
        SELECT l.id::text
        FROM account_link l
        JOIN staff s ON s.id = l.staff_id
        JOIN account m ON m.staff_id = l.made_by
        JOIN staff b ON b.id = l.made_by
        JOIN above a ON a.link_id = l.id
        WHERE a.id = m.unit_id
            AND s.unit_id = l.unit_id
            AND m.is_active
            AND :admin = ANY(m.roles)
            AND b.is_active
            AND b.deleted_at IS NULL
    """
    rows = session.execute(text(asked), {"ids": list(ids), "admin": str(Role.ADMIN)}) if ids else ()
    return {row[0] for row in rows}


def tokens_of(session: Session, units: Collection[str]) -> list[dict[str, Any]]:
    """Personal tokens and feeds' of these units' people that have not ended, without their secrets."""
    asked = """
        SELECT t.family::text AS id,
            t.staff_id::text,
            s.name,
            s.staff_number,
            t.label,
            t.issued_at,
            t.expires_at,
            t.targets
        FROM token t
        JOIN staff s ON s.id = t.staff_id
        WHERE t.use IN ('personal', 'feed')
            AND t.expires_at > now()
            AND s.unit_id = ANY(CAST(:units AS uuid[]))
        ORDER BY s.staff_number, t.issued_at
    """
    return _rows(session, asked, {"units": list(units)})


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as a table of staff tells of it; `has_password` where one was ever chosen."""

    staff_id: str
    unit_id: str
    roles: list[str]
    login: str | None
    is_active: bool
    has_password: bool


def standing_of(session: Session, staff_ids: Collection[str]) -> dict[str, Standing]:
    """Person -> their account, of those that have one. A hash of argon2 begins with a dollar sign."""
    asked = """
        SELECT staff_id::text, unit_id::text, roles, login, is_active, password_hash LIKE '$%'
        FROM account
        WHERE staff_id = ANY(CAST(:ids AS uuid[]))
    """
    rows = session.execute(text(asked), {"ids": sorted(staff_ids)}) if staff_ids else ()
    return {row[0]: Standing(*row) for row in rows}


def login_holders(session: Session, forms: Collection[str]) -> dict[str, str]:
    """What may be typed to sign in -> whose account it leads to."""
    asked = """
        SELECT login, staff_id::text
        FROM account_login
        WHERE login = ANY(CAST(:forms AS text[]))
    """
    rows = session.execute(text(asked), {"forms": sorted(forms)}) if forms else ()
    return {row[0]: row[1] for row in rows}


def waiting_for_link(session: Session, staff_ids: Collection[str], *, anew: bool) -> list[str]:
    """Those of these people whose open account has no password yet, and no link to one that is open still
    (`anew`: those too): who waits longest for one first, then by their numbers."""
    asked = """
        SELECT a.staff_id::text
        FROM account a
        JOIN staff s ON s.id = a.staff_id
        WHERE a.staff_id = ANY(CAST(:ids AS uuid[]))
            AND a.is_active
            AND s.is_active
            AND s.deleted_at IS NULL
            AND a.password_hash NOT LIKE '$%'
            AND (:anew OR NOT EXISTS (
                SELECT FROM account_link l
                WHERE l.staff_id = a.staff_id
                    AND l.used_at IS NULL
                    AND l.revoked_at IS NULL
                    AND l.until > now()
            ))
        ORDER BY (SELECT max(l.made_at) FROM account_link l WHERE l.staff_id = a.staff_id) NULLS FIRST,
            s.staff_number, s.id
    """
    rows = session.execute(text(asked), {"ids": sorted(staff_ids), "anew": anew}) if staff_ids else ()
    return [row[0] for row in rows]
