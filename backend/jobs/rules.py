"""Tellings of time and cost: what was told stays told, and another amount is told anew before it stands on the job."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.jobs.kinds.work_order import told_amounts
from sync.kind import Values


def telling_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """Raises untold_change where a telling is taken away, an amount is replaced without a telling of its own, or one
    stands as told that no telling says the customer agreed to.

    The first amount may come without a telling: apps of before 2026-11-27 send none.
    """
    had, has = (before or {}).get("tellings") or [], after.get("tellings") or []
    was, told = told_amounts(before or {}), told_amounts(after)
    if any(one not in has for one in had):
        raise Problem("untold_change", faults=[_TAKEN_AWAY])
    is_first = None in was
    if told == was or (is_first and (None in told or not has)):
        return
    agreed = [(one["minutes"], one["cost_fen"]) for one in has if one["is_agreed"] and (is_first or one not in had)]
    if told not in agreed:
        raise Problem("untold_change", faults=[_NOT_TOLD])


def _fault(field: str, code: str, zh: str, en: str) -> dict[str, str]:
    return {"field": field, "code": code, "zh": zh, "en": en}


_TAKEN_AWAY = _fault("tellings", "taken_away", "告知过的内容不能删改", "what was told is not taken back or rewritten")
_NOT_TOLD = _fault(
    "told_cost_fen",
    "not_told",
    "改动时间或费用须先告知客户：写明告知谁、何时、何种方式、是否同意",
    "another time or cost is told first: to whom, when, how, and whether they agreed",
)
