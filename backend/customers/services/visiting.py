"""Plans due visits by the customer's class every night, and lists the overdue ones."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.queries import masks, policy
from backend.core.queries.due_days import own_limit
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.customers.queries.representatives import OPEN_VISIT, OWN

# Days between visits by class: the customers' plan visits monthly; residents once a year in the year-end
# campaign.
DAYS_BETWEEN = {"key": 30, "large": 30, "special": 30, "developer": 90, "community": 30}

_DUE = text(
    f"""
    SELECT c.id::text, c.unit_id::text, c.cell_id::text, coalesce({OWN}, a.staff_id)::text, p.id::text
    FROM customer c
    LEFT JOIN LATERAL (SELECT d.staff_id
      FROM cell_assignment d
      JOIN staff s ON s.id = d.staff_id AND s.is_active
      WHERE d.cell_id = c.cell_id
          AND d.deleted_at IS NULL
          AND d.valid_from <= :on
          AND (d.valid_until IS NULL OR d.valid_until >= :on)
      ORDER BY d.duty DESC, d.valid_from DESC
      LIMIT 1) a ON true
    LEFT JOIN LATERAL (SELECT id
      FROM service_point
      WHERE customer_id = c.id AND deleted_at IS NULL
      ORDER BY id
      LIMIT 1) p ON true
    WHERE c.deleted_at IS NULL AND c.category = :category AND NOT EXISTS (SELECT FROM visit v
      WHERE v.customer_id = c.id
          AND v.deleted_at IS NULL
          AND v.work_order_id IS NULL
          AND (v.state = 'planned' OR (v.state = 'done' AND v.ended_at > :since)))
    ORDER BY c.id
    LIMIT 20000
"""
)


def plan_visits(session: Session, on: date | None = None, days_between: dict[str, int] | None = None) -> int:
    """A planned visit for every customer whose class is due and who has none open; returns how many were
    made."""
    on = on or today()
    made = 0
    for category, days in (days_between or DAYS_BETWEEN).items():
        due = session.execute(
            _DUE, {"on": on, "category": category, "since": on - timedelta(days=days)}
        ).all()
        rows = [
            (
                record_writer.new_id(),
                {
                    "unit_id": unit_id,
                    "customer_id": customer_id,
                    "service_point_id": point_id,
                    "cell_id": cell_id,
                    "representative_id": staff_id,
                    "state": "planned",
                    "method": "door",
                    "due_on": own_limit("visit", on),
                    "case_id": record_writer.new_id(),
                },
            )
            for customer_id, unit_id, cell_id, staff_id, point_id in due
        ]
        if rows:
            record_writer.create_many(session, system(rows[0][1]["unit_id"] or ""), "visit", rows, quiet=True)
        made += len(rows)
    return made


def overdue_visits(
    session: Session, actor: Actor, on: date | None = None, *, returns: bool = False
) -> list[dict[str, Any]]:
    """Planned visits past their day in the asker's units: who should have gone where; or all open return
    visits."""
    policy.need_office(actor)
    rows = session.execute(
        text(
            f"""
                SELECT v.id::text,
                    v.due_on,
                    v.about,
                    v.work_order_id::text,
                    v.customer_id::text,
                    c.name AS customer_name,
                    s.name AS representative_name,
                    l.name AS cell_name
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
            """
        ),
        {"on": on or today(), "returns": returns, "units": policy.own_units(session, actor)},
    ).mappings()
    return [dict(row) if masks.sees_all(actor) else _hidden(dict(row)) for row in rows]


def _hidden(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "customer_name": masks.mask("name", row["customer_name"]),
        "about": masks.mask("text", row["about"]),
    }
