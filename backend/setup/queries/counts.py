"""What still lacks before phones go out: cells, people, customers and crews without what they need.

Each question is of some units, on one day.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import FIELD


class Part(NamedTuple):
    """How many lack something, and of how many."""

    missing: int
    total: int


def _parts(session: Session, asked: str, units: list[str], on: date, **more: list[str]) -> Part:
    row = session.execute(text(asked), {"units": units, "on": on, **more}).one()
    return Part(int(row[0]), int(row[1]))


def cells_unserved(session: Session, units: list[str], on: date) -> Part:
    """Cells of the day that nobody serves as representative or stands in for."""
    asked = """
        SELECT count(*) FILTER (WHERE NOT EXISTS (
                SELECT
                FROM cell_assignment d
                JOIN staff s ON s.id = d.staff_id
                WHERE d.cell_id = c.id
                AND d.deleted_at IS NULL
                AND d.duty IN ('representative', 'stand_in')
                AND d.valid_from <= :on
                AND (d.valid_until IS NULL OR d.valid_until >= :on)
                AND s.is_active
                AND s.deleted_at IS NULL
            )), count(*)
        FROM cell c
        WHERE c.deleted_at IS NULL
        AND c.unit_id = ANY(CAST(:units AS uuid[]))
        AND c.valid_from <= :on
        AND (c.valid_until IS NULL OR c.valid_until >= :on)
    """
    return _parts(session, asked, units, on)


def staff_without_account(session: Session, units: list[str], on: date) -> Part:
    """People who work and cannot sign in."""
    asked = """
        SELECT count(*) FILTER (WHERE a.staff_id IS NULL), count(*)
        FROM staff s
        LEFT JOIN account a ON a.staff_id = s.id
        AND a.is_active
        WHERE s.deleted_at IS NULL
        AND s.is_active
        AND s.unit_id = ANY(CAST(:units AS uuid[]))
    """
    return _parts(session, asked, units, on)


def accounts_unopened(session: Session, units: list[str], on: date) -> Part:
    """Accounts whose one-time password nobody has changed yet."""
    asked = """
        SELECT count(*) FILTER (WHERE a.must_change_password), count(*)
        FROM account a
        WHERE a.is_active
        AND a.unit_id = ANY(CAST(:units AS uuid[]))
    """
    return _parts(session, asked, units, on)


def customers_without_cell(session: Session, units: list[str], on: date) -> Part:
    """Customers that no cell holds: nobody is responsible for them."""
    asked = """
        SELECT count(*) FILTER (WHERE c.cell_id IS NULL), count(*)
        FROM customer c
        WHERE c.deleted_at IS NULL
        AND c.unit_id = ANY(CAST(:units AS uuid[]))
    """
    return _parts(session, asked, units, on)


def points_without_cell(session: Session, units: list[str], on: date) -> Part:
    """Service points that no cell holds."""
    asked = """
        SELECT count(*) FILTER (WHERE p.cell_id IS NULL), count(*)
        FROM service_point p
        WHERE p.deleted_at IS NULL
        AND p.unit_id = ANY(CAST(:units AS uuid[]))
    """
    return _parts(session, asked, units, on)


def units_without_crew(session: Session, units: list[str], on: date) -> Part:
    """Units with cells of their own and no crew that works."""
    asked = """
        SELECT count(*) FILTER (WHERE NOT EXISTS (
                SELECT
                FROM crew w
                WHERE w.unit_id = u.id
                AND w.is_active
                AND w.deleted_at IS NULL
            )), count(*)
        FROM unit u
        WHERE u.deleted_at IS NULL
        AND u.id = ANY(CAST(:units AS uuid[]))
        AND EXISTS (
            SELECT
            FROM cell c
            WHERE c.unit_id = u.id
            AND c.deleted_at IS NULL
            AND (c.valid_until IS NULL OR c.valid_until >= :on)
        )
    """
    return _parts(session, asked, units, on)


def units_without_on_call(session: Session, units: list[str], on: date) -> Part:
    """Units with a crew that works, none of which is on call on the day."""
    asked = """
        SELECT count(*) FILTER (WHERE NOT EXISTS (
                SELECT
                FROM on_call o
                JOIN crew w ON w.id = o.crew_id
                WHERE w.unit_id = u.id
                AND w.is_active
                AND w.deleted_at IS NULL
                AND o.deleted_at IS NULL
                AND :on BETWEEN o.valid_from AND o.valid_until
            )), count(*)
        FROM unit u
        WHERE u.deleted_at IS NULL
        AND u.id = ANY(CAST(:units AS uuid[]))
        AND EXISTS (
            SELECT
            FROM crew w
            WHERE w.unit_id = u.id
            AND w.is_active
            AND w.deleted_at IS NULL
        )
    """
    return _parts(session, asked, units, on)


def matters(session: Session, units: list[str], on: date) -> Part:
    """Matters that jobs can be opened for, of these units or one above: none missing where there is one."""
    asked = """
        WITH RECURSIVE line AS (
            SELECT id, parent_id
            FROM unit
            WHERE id = ANY(CAST(:units AS uuid[]))
            UNION
            SELECT u.id, u.parent_id
            FROM unit u
            JOIN line ON u.id = line.parent_id
        )
        SELECT CASE WHEN count(*) = 0 THEN 1 ELSE 0 END, count(*)
        FROM matter m
        JOIN line ON line.id = m.unit_id
        WHERE m.deleted_at IS NULL
        AND m.is_active
    """
    return _parts(session, asked, units, on)


def calendars(session: Session, units: list[str], on: date) -> Part:
    """Of this year and the next, those without a calendar in these units or one above."""
    asked = """
        WITH RECURSIVE line AS (
            SELECT id, parent_id
            FROM unit
            WHERE id = ANY(CAST(:units AS uuid[]))
            UNION
            SELECT u.id, u.parent_id
            FROM unit u
            JOIN line ON u.id = line.parent_id
        ),
        years AS (
            SELECT CAST(extract(year FROM CAST(:on AS date)) AS int) + n AS year
            FROM generate_series(0, 1) n
        )
        SELECT count(*) FILTER (WHERE NOT EXISTS (
                SELECT
                FROM calendar c
                JOIN line ON line.id = c.unit_id
                WHERE c.year = years.year
                AND c.deleted_at IS NULL
            )), count(*)
        FROM years
    """
    return _parts(session, asked, units, on)


def units_without_hotline(session: Session, units: list[str], on: date) -> Part:
    """Units without a number of their own or of one above."""
    asked = """
        WITH RECURSIVE line AS (
            SELECT id AS of_id, id, parent_id, hotline
            FROM unit
            WHERE id = ANY(CAST(:units AS uuid[]))
            AND deleted_at IS NULL
            UNION
            SELECT line.of_id, u.id, u.parent_id, u.hotline
            FROM unit u
            JOIN line ON u.id = line.parent_id
        ),
        told AS (
            SELECT of_id, bool_or(hotline IS NOT NULL AND hotline <> '') AS has_number
            FROM line
            GROUP BY of_id
        )
        SELECT count(*) FILTER (WHERE NOT has_number), count(*)
        FROM told
    """
    return _parts(session, asked, units, on)


def phones_signed_in(session: Session, units: list[str], on: date) -> Part:
    """People in the field with an account, and how many of them have never signed in on a device."""
    asked = """
        SELECT count(*) FILTER (WHERE NOT EXISTS (
                SELECT
                FROM device_person p
                JOIN device v ON v.id = p.device_id
                WHERE p.staff_id = a.staff_id
                AND v.revoked_at IS NULL
            )), count(*)
        FROM account a
        WHERE a.is_active
        AND a.roles && CAST(:roles AS text[])
        AND a.unit_id = ANY(CAST(:units AS uuid[]))
    """
    # By role, not by post: a phone is for who serves a cell or goes out with a crew.
    return _parts(session, asked, units, on, roles=sorted(map(str, FIELD)))


def demo_accounts(session: Session) -> int:
    """Accounts with the password that `make run` prints."""
    asked = """
        SELECT count(*)
        FROM account
        WHERE is_demo
        AND is_active
    """
    return int(session.execute(text(asked)).scalar_one())
