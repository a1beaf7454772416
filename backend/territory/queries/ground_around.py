"""A unit's drawn territory, the ground of all others, and their plans that are not true yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import TextClause, select, text
from sqlalchemy.orm import Session

from backend.core.geometry import shape_of
from backend.territory.kinds.ground import GroundPlan
from backend.territory.queries.cells import VALID

_NEAR = """
    EXISTS (
        SELECT
        FROM jsonb_path_query(
            ground_plan.cells, '$[*] ? (@.change == "new" || @.change == "changed")'
        ) AS cell
        WHERE ST_SetSRID(ST_GeomFromGeoJSON(cell->>'outline'), 4326)
            && ST_MakeEnvelope(:west, :south, :east, :north, 4326)
    )
"""


def drawn_territory(session: Session, unit_id: str) -> list[BaseGeometry]:
    """A unit's territory; empty where none was drawn."""
    asked = """
        SELECT ST_AsBinary(territory)
        FROM unit
        WHERE id = CAST(:unit AS uuid)
        AND territory IS NOT NULL
    """
    return [shapely.from_wkb(bytes(one)) for one in session.scalars(text(asked), {"unit": unit_id})]


def ground_of_others(session: Session, unit_id: str, on: date) -> list[BaseGeometry]:
    """The cells of a day and the territories of all units but one."""
    asked = f"""
        SELECT ST_AsBinary(c.outline)
        FROM cell c
        WHERE {VALID}
        AND c.unit_id <> CAST(:unit AS uuid)
        UNION ALL
        SELECT ST_AsBinary(territory)
        FROM unit
        WHERE deleted_at IS NULL
        AND territory IS NOT NULL
        AND id <> CAST(:unit AS uuid)
    """  # noqa: S608 - made of constants; values are bound
    given = {"unit": unit_id, "on": on}
    return [shapely.from_wkb(bytes(one)) for one in session.scalars(text(asked), given)]


def plans_of_others(
    session: Session, unit_id: str, states: Sequence[str], *more: TextClause
) -> list[GroundPlan]:
    """Plans of other units that are not true yet."""
    found = select(GroundPlan).where(GroundPlan.state.in_(states), GroundPlan.unit_id != UUID(unit_id), *more)
    return list(session.scalars(found.order_by(GroundPlan.made_at)))


def plans_near(session: Session, unit_id: str, outlines: Sequence[dict[str, Any]]) -> list[GroundPlan]:
    """Open plans of other units that draw something in the rectangle of these outlines; the others are not
    even sent over."""
    box = shapely.total_bounds([shape_of(one) for one in outlines])
    given = dict(zip(("west", "south", "east", "north"), map(float, box), strict=True))
    return plans_of_others(session, unit_id, ("accepted", "ready"), text(_NEAR).bindparams(**given))
