"""The coverage proof as an alarm: whoever keeps the ground is told each morning what nobody serves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.sentences import Words, sentence
from backend.notices.services.notifying import tell
from backend.territory.queries.coverage import coverage_report


def tell_of_gaps(session: Session) -> int:
    """A notice to the supervisors of each unit whose cells overlap, leave holes or are served by nobody
    today.

    Returns how many units that was.
    """
    units = session.execute(
        text(
            """
                SELECT unit_id::text
                FROM cell
                WHERE deleted_at IS NULL
                UNION
                SELECT id::text
                FROM unit
                WHERE territory IS NOT NULL AND deleted_at IS NULL
                ORDER BY 1
            """
        )
    ).scalars()
    found = 0
    for unit_id in list(units):
        words = _words(coverage_report(session, [unit_id]))
        if words is None:
            continue
        found += 1
        for staff_id in _keepers(session, unit_id):
            tell(session, None, staff_id, unit_id, topic="general", **words.as_dict())
    return found


def _words(report: dict[str, Any]) -> Words | None:
    unserved = [cell["name"] for cell in report["unserved"]]
    if not (unserved or report["overlaps"] or report["holes"]):
        return None
    return sentence(
        "territory.coverage",
        unserved=len(unserved),
        names="、".join(unserved[:5]),
        overlaps=len(report["overlaps"]),
        hole_m2=report["hole_m2"],
    ).cut(1000)


def _keepers(session: Session, unit_id: str) -> list[str]:
    rows = session.execute(
        text(
            """
                SELECT staff_id::text
                FROM account
                WHERE unit_id = CAST(:unit AS uuid) AND is_active AND 'supervisor' = ANY(roles)
                ORDER BY 1
            """
        ),
        {"unit": unit_id},
    )
    return [row[0] for row in rows]
