"""Plans due visits by the customer's class every night, and lists the overdue ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.installation import installed
from backend.core.queries import masks, policy
from backend.core.queries.due_days import own_limit
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.customers.queries.visits import customers_due, open_visits


def plan_visits(
    session: Session, on: date | None = None, days_between: Mapping[str, int] | None = None
) -> int:
    """A planned visit for every customer whose class is due and who has none open; returns how many were
    made. Classes of which the installation says nothing (as usual residents) are visited by campaigns."""
    on = on or today()
    made = 0
    for category, days in (days_between or installed().limits.visit_days_between).items():
        due = customers_due(session, category, on, on - timedelta(days=days))
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
    rows = open_visits(session, policy.own_units(session, actor), on or today(), returns=returns)
    return rows if masks.sees_all(actor) else [_hidden(row) for row in rows]


def _hidden(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "customer_name": masks.mask("name", row["customer_name"]),
        "about": masks.mask("text", row["about"]),
    }
