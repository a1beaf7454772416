"""The coverage proof as an alarm: whoever keeps the ground is told each morning what nobody serves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.actor import Role
from backend.notices.services.notifying import staff_with, tell
from backend.territory.queries.coverage import coverage_report, units_with_ground


def tell_of_gaps(session: Session) -> int:
    """A notice to the supervisors of each unit whose cells overlap, leave holes or are served by nobody
    today.

    Returns how many units that was.
    """
    found = 0
    for unit_id in units_with_ground(session):
        words = _words(coverage_report(session, [unit_id]))
        if words is None:
            continue
        found += 1
        for staff_id in sorted(staff_with(session, UUID(unit_id), Role.SUPERVISOR)):
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
