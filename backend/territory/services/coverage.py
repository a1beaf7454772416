"""The coverage proof as an alarm: whoever keeps the ground is told each morning what nobody serves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.actor import Role
from backend.core.sentences import Words, sentence
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
