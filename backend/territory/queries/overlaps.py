"""Ground that two cells claim: which cells, whose, and how many square metres; one rule for refusing and
reporting.

A sliver no wider than the installation's `sliver_m` is the drawing's and not the ground's: two borders drawn
by different hands, or a corner rounded to a centimetre, never meet to the last digit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core import config
from backend.core.geometry import shape_of
from backend.core.queries.scopes import today
from backend.core.sentences import fault
from geo.measure import area_m2
from geo.shapes import broad_parts

_METRES_PER_DEGREE = 111_320
# Past days are history and are mended by nobody; what counts is ground claimed twice from :on on.
_PAIRS = """
    SELECT a.id::text AS id,
        b.id::text AS other_id,
        b.name AS cell,
        u.name AS unit,
        ST_AsBinary(ST_CollectionExtract(ST_Intersection(ST_MakeValid(a.outline), ST_MakeValid(b.outline)),
            3)) AS shared
    FROM ({asked}) a
    JOIN cell b ON b.id <> a.id
        AND b.outline && a.outline
        AND b.deleted_at IS NULL
        AND b.valid_from <= coalesce(a.valid_until, 'infinity')
        AND a.valid_from <= coalesce(b.valid_until, 'infinity')
        AND least(coalesce(a.valid_until, 'infinity'), coalesce(b.valid_until, 'infinity')) >= :on
    JOIN unit u ON u.id = b.unit_id
    ORDER BY a.id, b.id
"""
_STANDING = """
    SELECT id, outline, valid_from, valid_until
    FROM cell
    WHERE id = ANY(CAST(:ids AS uuid[])) AND deleted_at IS NULL
"""
_DRAWN = (
    "SELECT CAST(:id AS uuid) AS id, ST_SetSRID(ST_GeomFromGeoJSON(:outline), 4326) AS outline, "
    "CAST(:since AS date) AS valid_from, CAST(:until AS date) AS valid_until"
)


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two cells both claim: the other one's name and unit, how much, and what the first is called in
    its plan."""

    id: str
    other_id: str
    cell: str
    unit: str
    area_m2: float
    own: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As a refusal names it."""
        return {"cell_id": self.other_id, "cell": self.cell, "unit": self.unit, "area_m2": self.area_m2}

    def as_fault(self) -> dict[str, str]:
        """The same in words."""
        return fault("outline", "territory.overlap", unit=self.unit, cell=self.cell, area_m2=self.area_m2)


def sliver_degrees() -> float:
    """The width up to which shared or missing ground is only drawing, in degrees."""
    return config.read(weak_key=True).sliver_m / _METRES_PER_DEGREE


def overlaps_of(session: Session, cell_ids: Collection[str], on: date | None = None) -> list[Overlap]:
    """What these cells, as they stand, share with any other cell of any unit."""
    return _found(session, _STANDING, {"ids": list(cell_ids), "on": on or today()})


def overlaps_with(
    session: Session,
    cell_id: str,
    outline: dict[str, Any],
    since: str,
    until: str | None,
    on: date | None = None,
) -> list[Overlap]:
    """What a cell with this outline would share with others while it is valid (days as on the wire)."""
    given = {
        "id": cell_id,
        "outline": orjson.dumps(outline).decode(),
        "since": since,
        "until": until,
        "on": on or today(),
    }
    return _found(session, _DRAWN, given)


def overlaps_between(
    cells: Iterable[dict[str, Any]], others: Iterable[dict[str, Any]], unit: str
) -> list[Overlap]:
    """What cells of a plan share with others of a unit's plan, all as plans keep them; no cell is another
    to itself."""
    width, ours, theirs = sliver_degrees(), _standing(cells), _standing(others)
    shapes = [shape for _, shape in theirs]
    pairs = shapely.STRtree(shapes).query([shape for _, shape in ours], predicate="intersects").T.tolist()
    found = []
    for i, j in pairs:
        (cell, shape), (other, another) = ours[i], theirs[j]
        shared = broad_parts(shapely.intersection(shape, another), width)
        if cell is not other and not shared.is_empty:
            size = round(area_m2(shared), 1)
            whose = other.get("unit_name") or unit
            found.append(
                Overlap(cell["id"] or "", other["id"] or "", other["name"], whose, size, cell["name"])
            )
    return found


def standing_near(session: Session, unit_id: str, cells: Sequence[dict[str, Any]]) -> list[Overlap]:
    """What cells of a plan share with cells of other units that stand from today on."""
    box = shapely.total_bounds([shape_of(cell["outline"]) for cell in cells])
    rows = session.execute(
        text(
            """
                SELECT b.id::text AS id, b.name, u.name AS unit_name, ST_AsGeoJSON(b.outline, 9) AS outline
                FROM cell b
                JOIN unit u ON u.id = b.unit_id
                WHERE b.unit_id <> CAST(:unit AS uuid)
                    AND b.deleted_at IS NULL
                    AND (b.valid_until IS NULL OR b.valid_until >= :on)
                    AND b.outline && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
                ORDER BY b.id
            """
        ),
        {"unit": unit_id, "on": today()}
        | dict(zip(("west", "south", "east", "north"), map(float, box), strict=True)),
    ).mappings()
    theirs = [dict(row) | {"outline": orjson.loads(row["outline"])} for row in rows]
    return overlaps_between(cells, theirs, "")


def _standing(cells: Iterable[dict[str, Any]]) -> list[tuple[dict[str, Any], BaseGeometry]]:
    return [(cell, shapely.make_valid(shape_of(cell["outline"]))) for cell in cells if cell["outline"]]


def grown(before: Collection[Overlap], after: Collection[Overlap]) -> list[Overlap]:
    """Overlaps that are new or larger: one that was there before may be mended bit by bit."""
    was = {(one.id, one.other_id): one.area_m2 for one in before}
    return [one for one in after if round(one.area_m2) > round(was.get((one.id, one.other_id), 0.0))]


def _found(session: Session, asked: str, given: dict[str, Any]) -> list[Overlap]:
    width = sliver_degrees()
    found = []
    for row in session.execute(text(_PAIRS.format(asked=asked)), given).mappings():
        shared: BaseGeometry = broad_parts(shapely.from_wkb(bytes(row["shared"])), width)
        if not shared.is_empty:
            size = round(area_m2(shared), 1)
            found.append(Overlap(row["id"], row["other_id"], row["cell"], row["unit"], size))
    return found
