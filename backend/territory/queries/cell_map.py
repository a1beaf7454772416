"""What a map of cells says of each: its outline on a day, who serves it then, and how much there is to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.queries.scopes import today
from backend.territory.queries.cells import VALID

# Of a day that has passed also somebody who has left since.
_THERE = "(:on < :today OR (s.deleted_at IS NULL AND s.is_active))"
_NAMES = """
    (SELECT string_agg(s.name, '、' ORDER BY a.valid_from DESC, s.name)
    FROM cell_assignment a
    JOIN staff s ON s.id = a.staff_id
    WHERE a.cell_id = c.id
        AND a.deleted_at IS NULL
        AND a.duty = '{duty}'
        AND a.valid_from <= :on
        AND (a.valid_until IS NULL OR a.valid_until >= :on)
        AND {there})
"""
_PHONE = """
    (SELECT s.work_phone
    FROM cell_assignment a
    JOIN staff s ON s.id = a.staff_id
    WHERE a.cell_id = c.id
        AND a.deleted_at IS NULL
        AND a.valid_from <= :on
        AND (a.valid_until IS NULL OR a.valid_until >= :on)
        AND {there}
    ORDER BY a.duty DESC, a.valid_from DESC
    LIMIT 1)
"""
_ROWS = f"""
    SELECT c.code,
            c.name,
            u.name AS unit,
            c.workload::float AS workload,
            ST_AsBinary(coalesce((SELECT o.outline
        FROM cell_outline o
        WHERE o.cell_id = c.id AND :on BETWEEN o.valid_from AND o.valid_until
        LIMIT 1), c.outline)) AS outline, (SELECT count(*)
      FROM customer k
      WHERE k.cell_id = c.id
          AND k.deleted_at IS NULL) AS customers,
              {_NAMES.format(duty="representative", there=_THERE)} AS representative,
              {_NAMES.format(duty="stand_in", there=_THERE)} AS stand_in,
              {_PHONE.format(there=_THERE)} AS phone
    FROM cell c
    JOIN unit u ON u.id = c.unit_id
    WHERE {VALID} AND c.unit_id = ANY(CAST(:units AS uuid[]))
    LIMIT :most
"""  # noqa: S608 - made of constants; values are bound


@dataclass(frozen=True, slots=True)
class CellRow:
    """A cell as a map tells of it; names of people joined where there are several."""

    code: str
    name: str
    unit: str
    outline: BaseGeometry
    workload: float | None
    customers: int
    representative: str | None
    stand_in: str | None
    phone: str | None


def cells_to_draw(session: Session, units: Sequence[str], on: date, most: int) -> list[CellRow]:
    """The cells of these units that are valid on a day, at most so many, in no order."""
    rows = session.execute(
        text(_ROWS), {"units": list(units), "on": on, "today": today(), "most": most}
    ).mappings()
    return [CellRow(**(dict(row) | {"outline": shapely.from_wkb(bytes(row["outline"]))})) for row in rows]
