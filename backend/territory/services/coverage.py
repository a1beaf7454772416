"""Coverage alarms: supervisors are told each morning of overlaps, holes and cells that nobody serves."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

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
            tell(session, None, staff_id, unit_id, topic="general", zh=words[0], en=words[1])
    return found


def _words(report: dict[str, Any]) -> tuple[str, str] | None:
    unserved = [cell["name"] for cell in report["unserved"]]
    if not (unserved or report["overlaps"] or report["holes"]):
        return None
    names = "、".join(unserved[:5])
    overlaps, hole_m2 = len(report["overlaps"]), f"{report['hole_m2']:,.0f}"
    zh = f"今天 {len(unserved)} 个网格没有客户代表（{names}），{overlaps} 处重叠，空白 {hole_m2} 平方米"
    en = (
        f"Today {len(unserved)} cells have no representative ({names}), {overlaps} overlaps, "
        f"{hole_m2} m² in no cell"
    )
    return zh[:1000], en[:1000]


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
