"""Rules of people: units form a tree, who is named works near, a year has one calendar, a roster names a
crew at work."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.queries.locks import hold
from backend.core.queries.policy import Rule, own_units, people_rule
from backend.core.queries.rule_faults import refuse
from backend.core.queries.scopes import units_below
from backend.core.sentences import fault
from backend.people.queries.definitions import calendars_beside, crew_works
from sync.kind import Values


def tree_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """Units hang below one another without a circle, and are moved by who stands above both ends."""
    old, new = (before or {}).get("parent_id"), after.get("parent_id")
    if before is not None and old == new:
        return
    # Two moves at once could close a circle that neither of them sees.
    hold(session, "tree of units")
    if new is None:
        raise Problem("check_failed", faults=[fault("parent_id", "people.no_parent")])
    mine = own_units(session, actor)
    if new not in mine or (before is not None and old not in mine):
        raise Problem("not_allowed", why="only who is above both ends moves a unit")
    if new in units_below(session, record_id) or new == record_id:
        raise Problem("check_failed", faults=[fault("parent_id", "people.cycle")])


def calendar_rule(
    session: Session, actor: Actor, record_id: str, before: Values | None, after: Values
) -> None:
    """Raises check_failed for a second calendar of a unit's year, and for a day on which that of the year
    beside says otherwise."""
    year, days = after.get("year"), after.get("days")
    if not isinstance(year, int) or not isinstance(days, list):
        return  # What a calendar needs is said by its kind.
    old = before or {}
    is_moved = old.get("year") != year
    fresh = [(n, one) for n, one in enumerate(days) if is_moved or one not in (old.get("days") or [])]
    if not is_moved and not fresh:
        return
    # Two at once would not see each other.
    hold(session, f"calendars of {after['unit_id']}")
    others = calendars_beside(session, after["unit_id"], record_id, year)
    faults = [
        _contradiction(n, one, other) for n, one in fresh for other in others if _is_against(one, other, year)
    ]
    if is_moved and any(other.year == year for other in others):
        faults.insert(0, fault("year", "people.year_twice", str(year)))
    if faults:
        refuse("calendar", after, faults)


def _is_against(one: Values, other: Any, year: int) -> bool:
    said = [day["is_working"] for day in other.days if day["day"] == one["day"]]
    return other.year != year and bool(said) and one["is_working"] not in said


def _contradiction(n: int, one: Values, other: Any) -> dict[str, str]:
    return fault(f"days.{n}.is_working", "people.contradicts", f"{one['day']} · {other.year}")


def roster_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """Raises check_failed for hours on call of a crew that does not work: nobody would leave."""
    crew_id = after.get("crew_id")
    if not crew_id or (before is not None and before.get("crew_id") == crew_id):
        return
    if crew_works(session, crew_id) is False:
        refuse("on_call", after, [fault("crew_id", "people.not_active")])


RULES: dict[str, tuple[Rule, ...]] = {
    "unit": (tree_rule,),
    "crew": (partial(people_rule, ("leader_id", "member_ids")),),
    "calendar": (calendar_rule,),
    "on_call": (roster_rule,),
}
