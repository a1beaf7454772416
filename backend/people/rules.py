"""Rules of people: units form a tree, staff work near their unit, one calendar a year, rosters name
real crews and each hour once, and nobody is entered twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.comparing import comparable
from backend.core.errors import Problem
from backend.core.queries.locks import hold
from backend.core.queries.policy import Rule, own_units, people_rule
from backend.core.queries.rule_faults import refuse
from backend.core.queries.scopes import units_below
from backend.core.sentences import fault
from backend.people.kinds.on_call import HOURS, have_in_common
from backend.people.queries.definitions import (
    calendars_beside,
    crew_works,
    crews_called,
    numbers_of_staff,
    rosters_beside,
)
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
    """Raises check_failed for hours on call of a crew that does not work: nobody would leave; and for hours
    that the crew has been entered for already."""
    crew_id, old = after.get("crew_id"), before or {}
    if not crew_id:
        return
    faults = []
    if old.get("crew_id") != crew_id and crew_works(session, crew_id) is False:
        faults.append(fault("crew_id", "people.not_active"))
    if any(old.get(name) != after.get(name) for name in ("crew_id", *HOURS)) and _has_hours(after):
        # Two at once would not see each other.
        hold(session, f"hours on call of {crew_id}")
        faults += _hours_twice(after, rosters_beside(session, crew_id, record_id))
    if faults:
        refuse("on_call", after, faults)


def _has_hours(after: Values) -> bool:
    """Whether it says when; what is wrong with that is said by its kind."""
    said = [one for name in HOURS if isinstance(one := after.get(name), str)]
    if len(said) < len(HOURS) or said[1] < said[0]:
        return False
    try:
        return have_in_common(after, after)
    except ValueError:
        return False


def _hours_twice(after: Values, others: Iterable[Values]) -> Iterable[dict[str, str]]:
    for other in others:
        about = f"{other['valid_from']}–{other['valid_until']} {other['clock_from']}–{other['clock_until']}"
        if all(after[name] == other[name] for name in HOURS):
            yield fault("crew_id", "people.hours_twice", about)
        elif have_in_common(after, other):
            yield fault("valid_from", "people.hours_overlap", about)


def crew_name_rule(
    session: Session, actor: Actor, record_id: str, before: Values | None, after: Values
) -> None:
    """Raises check_failed for a crew that is called like another of its unit that works: nobody could tell
    whom they send."""
    known = partial(crews_called, session, str(after["unit_id"]), record_id)
    if _is_fresh(before, after, "name", "unit_id") and _is_among(session, after, "name", "crews", known):
        refuse("crew", after, [fault("name", "people.name_twice", str(after["name"]))])


def staff_number_rule(
    session: Session, actor: Actor, record_id: str, before: Values | None, after: Values
) -> None:
    """Raises check_failed for the number of somebody else who works: it is one way to sign in."""
    known = partial(numbers_of_staff, session, record_id)
    if _is_fresh(before, after, "staff_number") and _is_among(session, after, "staff_number", "staff", known):
        refuse("staff", after, [fault("staff_number", "people.number_twice", str(after["staff_number"]))])


def _is_fresh(before: Values | None, after: Values, *names: str) -> bool:
    """Whether somebody who works is newly called so; what stood before is nobody's fault now."""
    old = before or {}
    return bool(after.get("is_active")) and any(
        old.get(one) != after.get(one) for one in (*names, "is_active")
    )


def _is_among(
    session: Session, after: Values, name: str, of: str, known: Callable[[], Iterable[str]]
) -> bool:
    """Whether a name is already there, whatever its case and width."""
    form = comparable(str(after.get(name) or ""))
    # Two at once would not see each other.
    hold(session, f"names of {of}")
    return bool(form) and form in map(comparable, known())


RULES: dict[str, tuple[Rule, ...]] = {
    "unit": (tree_rule,),
    "crew": (partial(people_rule, ("leader_id", "member_ids")), crew_name_rule),
    "staff": (staff_number_rule,),
    "calendar": (calendar_rule,),
    "on_call": (roster_rule,),
}
