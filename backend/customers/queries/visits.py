"""Visits: which customers are due for one, and those that are still to be made."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.queries.scopes import day_begins
from backend.customers.queries.representatives import OPEN_VISIT, OWN


class Due(NamedTuple):
    """A customer to be visited: of which unit and cell, by whom, at which service point."""

    customer_id: str
    unit_id: str
    cell_id: str | None
    staff_id: str | None
    point_id: str | None


def customers_due(session: Session, category: str, on: date, since: date) -> list[Due]:
    """Up to 20,000 customers of a class who have no visit planned and had none since a day.

    Visits that belong to a job do not count.
    """
    asked = f"""
        SELECT c.id::text, c.unit_id::text, c.cell_id::text, coalesce({OWN}, a.staff_id)::text, p.id::text
        FROM customer c
        LEFT JOIN LATERAL (
            SELECT d.staff_id
            FROM cell_assignment d
            JOIN staff s ON s.id = d.staff_id
            AND s.is_active
            WHERE d.cell_id = c.cell_id
            AND d.deleted_at IS NULL
            AND d.valid_from <= :on
            AND (d.valid_until IS NULL OR d.valid_until >= :on)
            ORDER BY d.duty DESC, d.valid_from DESC
            LIMIT 1
        ) a ON true
        LEFT JOIN LATERAL (
            SELECT id
            FROM service_point
            WHERE customer_id = c.id
            AND deleted_at IS NULL
            ORDER BY id
            LIMIT 1
        ) p ON true
        WHERE c.deleted_at IS NULL
        AND c.category = :category
        AND NOT EXISTS (
            SELECT
            FROM visit v
            WHERE v.customer_id = c.id
            AND v.deleted_at IS NULL
            AND v.work_order_id IS NULL
            AND (v.state = 'planned' OR (v.state = 'done' AND v.ended_at >= :since))
        )
        ORDER BY c.id
        LIMIT 20000
    """  # noqa: S608 - made of constants; values are bound
    # By the city's clock: a day alone would begin at midnight of UTC, which is eight in the morning here.
    given = {"on": on, "category": category, "since": day_begins(since)}
    return [Due(*row) for row in session.execute(text(asked), given)]


def open_visits(session: Session, units: Collection[str], on: date, *, returns: bool) -> list[dict[str, Any]]:
    """Up to 500 visits of these units that are still to be made: those past their day, or (`returns`) all
    that belong to a job."""
    asked = f"""
        SELECT v.id::text, v.due_on, v.about, v.work_order_id::text, v.customer_id::text,
            c.name AS customer_name, s.name AS representative_name, l.name AS cell_name
        FROM visit v
        JOIN customer c ON c.id = v.customer_id
        LEFT JOIN staff s ON s.id = v.representative_id
        LEFT JOIN cell l ON l.id = v.cell_id
        WHERE {OPEN_VISIT.format(v="v")}
        AND v.deleted_at IS NULL
        AND CASE WHEN :returns THEN v.work_order_id IS NOT NULL ELSE v.due_on < :on END
        AND v.unit_id = ANY(CAST(:units AS uuid[]))
        ORDER BY v.due_on, v.id
        LIMIT 500
    """  # noqa: S608 - made of constants; values are bound
    rows = session.execute(text(asked), {"on": on, "returns": returns, "units": list(units)}).mappings()
    return [dict(row) for row in rows]


def visits_open_for(session: Session, job_id: str) -> list[str]:
    """A job's return visits that were not made, nor given up."""
    asked = """
        SELECT id::text
        FROM visit
        WHERE work_order_id = CAST(:job AS uuid)
        AND deleted_at IS NULL
        AND state IN ('planned', 'not_met')
        ORDER BY id
    """
    return list(session.scalars(text(asked), {"job": job_id}))
