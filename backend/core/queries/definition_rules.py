"""Definitions beside what is there already: a year has one calendar, and what a definition names is there and at work."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.kinds.registry import KINDS
from sync.kind import Values


def calendar_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """Raises check_failed for a second calendar of a unit's year, and for a day on which that of the year beside says
    otherwise."""
    year, days = after.get("year"), after.get("days")
    if not isinstance(year, int) or not isinstance(days, list):
        return  # What a calendar needs is said by its kind.
    old = before or {}
    is_moved = old.get("year") != year
    fresh = [(n, one) for n, one in enumerate(days) if is_moved or one not in (old.get("days") or [])]
    if not is_moved and not fresh:
        return
    # Two at once would not see each other.
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('calendars of ' || :unit, 0))"),
        {"unit": str(after["unit_id"])},
    )
    others = session.execute(_CALENDARS, {"unit": after["unit_id"], "id": record_id, "year": year}).all()
    faults = [_contradiction(n, one, other) for n, one in fresh for other in others if _is_against(one, other, year)]
    if is_moved and any(other.year == year for other in others):
        zh, en = "这一年已有工作日历：请修改那一份", "there is a calendar of this year already: change that one"
        faults.insert(0, _fault("year", "twice", zh, en, str(year)))
    if faults:
        _refuse("calendar", after, faults)


_CALENDARS = text(
    "SELECT year, days FROM calendar WHERE unit_id = CAST(:unit AS uuid) AND id <> CAST(:id AS uuid) "
    "AND year BETWEEN :year - 1 AND :year + 1 AND deleted_at IS NULL ORDER BY year, id"
)


def _is_against(one: Values, other: Any, year: int) -> bool:
    said = [day["is_working"] for day in other.days if day["day"] == one["day"]]
    return other.year != year and bool(said) and one["is_working"] not in said


def _contradiction(n: int, one: Values, other: Any) -> dict[str, str]:
    zh = "另一年的日历把这一天写成相反的：两份改成一致"
    en = "the calendar of the year beside says the opposite of this day: make them say the same"
    return _fault(f"days.{n}.is_working", "contradicts", zh, en, f"{one['day']} · {other.year}")


def matter_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """Raises check_failed for a matter that newly asks for a form which is not there, or is asked no more."""
    form_id = after.get("questionnaire_id")
    if not form_id or (before is not None and before.get("questionnaire_id") == form_id):
        return
    found = session.execute(
        text("SELECT is_active FROM questionnaire WHERE id = CAST(:id AS uuid) AND deleted_at IS NULL"), {"id": form_id}
    ).scalar()
    if not found:
        zh, en = (
            "没有这份问卷，或已停用：选一份启用的",
            "there is no such form, or it is asked no more: choose one that is",
        )
        _refuse("matter", after, [_fault("questionnaire_id", "missing", zh, en)])


def roster_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """Raises check_failed for hours on call of a crew that does not work: nobody would leave."""
    crew_id = after.get("crew_id")
    if not crew_id or (before is not None and before.get("crew_id") == crew_id):
        return
    is_active = session.execute(
        text("SELECT is_active FROM crew WHERE id = CAST(:id AS uuid) AND deleted_at IS NULL"), {"id": crew_id}
    ).scalar()
    if is_active is False:
        zh, en = (
            "这个班组不在岗，不能值班：另选一个，或先让它在岗",
            "this crew does not work: choose another, or set it to work first",
        )
        _refuse("on_call", after, [_fault("crew_id", "not_active", zh, en)])


def cell_days_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """Raises check_failed for a cell that ends before it begins; the eve of its first day says that it never was."""
    since, until = after.get("valid_from"), after.get("valid_until")
    if not since or not until or (before is not None and (before.get("valid_from"), before.get("valid_until")) == (since, until)):  # fmt: skip
        return
    if date.fromisoformat(until) < date.fromisoformat(since) - timedelta(days=1):
        zh, en = "停用日期早于启用日期：改正其中一个", "ends before it begins: correct one of the days"
        raise Problem("check_failed", faults=[_fault("valid_until", "before_start", zh, en)])


def _refuse(name: str, after: Values, faults: list[dict[str, str]]) -> None:
    """All that is wrong at once: what these rules found, and the kind's own."""
    kind = KINDS[name]
    is_whole = all(after.get(field) is not None for field, one in kind.wired.items() if one.field.required)
    own = kind.kind.check(dict.fromkeys(kind.wired) | after) if is_whole else ()
    raise Problem("check_failed", faults=[*faults, *(one.as_dict() for one in own)])


def _fault(field: str, code: str, zh: str, en: str, about: str = "") -> dict[str, str]:
    return {"field": field, "code": code, "zh": zh, "en": en} | ({"about": about} if about else {})
