"""Rules of the territory: no two cells claim the same ground, and a cell is given to who may serve it."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.queries.locks import hold
from backend.core.queries.policy import Rule, missing, need_representative, own_units
from backend.core.sentences import fault
from backend.territory.queries.cells import unit_of_cell
from backend.territory.queries.overlaps import Overlap, grown, overlaps_of, overlaps_with
from sync.kind import Values

_GROUND = ("outline", "valid_from", "valid_until")


def lock_ground(session: Session) -> None:
    """One change of the cells at a time, in the whole house: two at once could claim what neither sees."""
    hold(session, "ground")


def cell_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """A cell claims no ground of another, of any unit. Raises cells_overlap with whose it is and how much."""
    if before is not None and all(before.get(name) == after.get(name) for name in _GROUND):
        return
    if any(after.get(name) is None for name in _GROUND[:2]):
        return  # What a cell needs is said by its kind.
    lock_ground(session)
    found = overlaps_with(session, record_id, after["outline"], after["valid_from"], after.get("valid_until"))
    need_no_overlap(grown(overlaps_of(session, [record_id]), found) if before is not None else found)


def need_no_overlap(found: list[Overlap]) -> None:
    """Raises cells_overlap for ground that is claimed twice."""
    if found:
        worst = sorted(found, key=lambda one: -one.area_m2)[:20]
        raise Problem(
            "cells_overlap",
            overlaps=[one.as_dict() for one in worst],
            faults=[one.as_fault() for one in worst],
        )


def cell_days_rule(
    session: Session, actor: Actor, record_id: str, before: Values | None, after: Values
) -> None:
    """Raises check_failed for a cell that ends before it begins; the eve of its first day says that it
    never was."""
    since, until = after.get("valid_from"), after.get("valid_until")
    if (
        not since
        or not until
        or (before is not None and (before.get("valid_from"), before.get("valid_until")) == (since, until))
    ):
        return
    if date.fromisoformat(until) < date.fromisoformat(since) - timedelta(days=1):
        raise Problem("check_failed", faults=[fault("valid_until", "territory.before_start")])


def duty_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """A cell is given by its own office, to an active representative of its unit; anybody's duty may be
    ended."""
    changed = {name for name, value in after.items() if before is None or before.get(name) != value}
    if before is not None and (not changed or (changed == {"valid_until"} and _is_shorter(before, after))):
        return
    owner = unit_of_cell(session, after["cell_id"])
    if owner is None or owner.id not in own_units(session, actor):
        raise Problem("reference_missing", faults=[missing("cell_id", "cell")])
    need_representative(session, actor, owner.id, after["staff_id"])


def _is_shorter(before: Values, after: Values) -> bool:
    until, was = after.get("valid_until"), before.get("valid_until")
    return until is not None and (was is None or until <= was)


RULES: dict[str, tuple[Rule, ...]] = {"cell": (cell_days_rule, cell_rule), "cell_assignment": (duty_rule,)}
