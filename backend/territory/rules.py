"""Rules of the ground, whatever the way in: no two cells claim the same place, and a job is somewhere."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries.scopes import held
from backend.customers.queries.places import is_somewhere, located
from backend.territory.queries.overlaps import Overlap, grown, overlaps_of, overlaps_with
from sync.kind import Values

_GROUND = ("outline", "valid_from", "valid_until")


def lock_ground(session: Session) -> None:
    """One change of the cells at a time, in the whole house: two at once could claim what neither sees."""
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('ground', 0))"))


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
            "cells_overlap", overlaps=[one.as_dict() for one in worst], faults=[one.as_fault() for one in worst]
        )


def place_rule(session: Session, actor: Actor, record_id: str, before: Values | None, after: Values) -> None:
    """A job is somewhere: at a place, or in a cell; and stays so. Raises no_place, which_point."""
    if is_somewhere(after) or (before is not None and not is_somewhere(before)):
        return
    if before is None:
        found = located(session, SYNC_KINDS["work_order"], after, held(session, actor))
        if found.choices:
            raise Problem("which_point", choices=[one.as_choice() for one in found.choices])
        if is_somewhere(found.values):
            return
    raise Problem("no_place")
