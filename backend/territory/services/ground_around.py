"""What lies around a unit's cells: its territory, the rest of the city, and who else claims ground that a
plan draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from backend.core.queries.scopes import today, unit_name
from backend.core.sentences import sentence
from backend.territory.kinds.ground import GroundPlan
from backend.territory.queries.ground_around import (
    drawn_territory,
    ground_of_others,
    plans_near,
    plans_of_others,
)
from backend.territory.queries.overlaps import (
    Overlap,
    grown,
    overlaps_between,
    overlaps_of,
    overlaps_with,
    standing_near,
)
from backend.territory.rules import lock_ground, need_no_overlap
from geo.findings import Finding, found

Cells = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Around:
    """The unit's drawn territory, and the ground of all others (their cells and territories); None where
    there is none."""

    territory: BaseGeometry | None = None
    city: BaseGeometry | None = None


def look_around(session: Session, unit_id: str, *, with_city: bool) -> Around:
    """What lies around a unit's cells today; the city's ground takes time and is read only if asked for."""
    city = ground_of_others(session, unit_id, today()) if with_city else []
    return Around(_union(drawn_territory(session, unit_id)), _union(city))


def _union(shapes: Sequence[BaseGeometry]) -> BaseGeometry | None:
    return shapely.union_all([shapely.make_valid(one) for one in shapes]) if shapes else None


@dataclass(frozen=True, slots=True)
class Claims:
    """Ground that others have, or were promised, and that a plan draws for its own unit; and what has to
    be told."""

    area_m2: float
    findings: list[Finding]


def claims_on(session: Session, unit_id: str, cells: Cells) -> Claims:
    """Whose ground a plan's new and changed cells would take: standing cells of other units, and their
    open plans."""
    drawn = _drawn(cells)
    if not drawn:
        return Claims(0.0, [])
    was = overlaps_of(session, [str(cell["id"]) for cell in drawn if cell["id"]])
    theirs = [
        one
        for one in standing_near(session, unit_id, drawn)
        if one.other_id not in {str(c["id"]) for c in cells}
    ]
    taken = grown(was, theirs)
    findings = [_finding(one, "cell") for one in taken]
    for other in plans_near(session, unit_id, [cell["outline"] for cell in drawn]):
        name = "accepted" if other.state == "accepted" else "open"
        shared = overlaps_between(drawn, _drawn(other.cells or ()), unit_name(session, str(other.unit_id)))
        findings += [_finding(one, name) for one in shared]
        taken += shared if other.state == "accepted" else []
    return Claims(round(sum(one.area_m2 for one in taken), 1), findings)


def _finding(one: Overlap, name: str) -> Finding:
    words = sentence(f"territory.takes_of_{name}", unit=one.unit, cell=one.cell, area=one.area_m2)
    return found("claimed", [one.own or one.cell], *words, one.area_m2)


def _drawn(cells: Cells) -> list[dict[str, Any]]:
    return [cell for cell in cells if cell["change"] in ("new", "changed")]


def need_free_ground(session: Session, plan: GroundPlan, on: date) -> None:
    """On that day nobody else has the ground, nor has been promised it for that day or one before.

    Raises cells_overlap. Where another unit's accepted plan gives ground up by then, it counts as given up.
    What stands today is asked for by whoever puts the plan over it; what is promised for a later day is told,
    and whoever comes true first has it.
    """
    lock_ground(session)
    cells = plan.cells or []
    own = {str(cell["id"]) for cell in cells if cell["id"]}
    drawn = _drawn(cells)
    promised = plans_of_others(session, str(plan.unit_id), ("accepted",))
    due = [one for one in promised if one.valid_from is not None and one.valid_from <= on]
    settled = own | {str(cell["id"]) for one in due for cell in one.cells or () if cell["id"]}
    found: list[Overlap] = []
    if on > today():
        for cell in drawn:
            standing = overlaps_with(session, cell["id"] or str(plan.id), cell["outline"], str(on), None, on)
            found += [one for one in standing if one.other_id not in settled]
        found += overlaps_between(drawn, cells, unit_name(session, str(plan.unit_id)))
    for other in due:
        found += overlaps_between(drawn, other.cells or (), unit_name(session, str(other.unit_id)))
    need_no_overlap(grown(overlaps_of(session, own), found))
