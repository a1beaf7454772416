"""Service points at a typed address, and the cells they lie in: for search, the public look-up and the
places of jobs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.comparing.addresses import (
    BAR,
    Address,
    address_of,
    agree,
    counts_alike,
    is_short_for,
    with_short_area,
    without_floor,
)
from backend.core.comparing.finding import address_in
from backend.core.queries.scopes import today
from backend.territory.queries.cells import VALID

# Words at more places than this say nothing of where somebody lives.
_MOST_PLACES = 2000
_MOST_CELLS = 3
# The nearness of what begins with the same street.
_FROM_THE_STREET = 3
_POINTS = f"""
    SELECT id, split_part(words, E'\\n', 2) AS line
    FROM search_entry
    WHERE kind = 'service_point'
    AND words LIKE :door
    LIMIT {_MOST_PLACES}
"""  # noqa: S608 - made of constants; values are bound


@dataclass(frozen=True, slots=True)
class PointAt:
    """A service point whose address holds a typed one; `nearness` is the higher the more of it was typed."""

    id: str
    cell_id: str | None
    nearness: int


def containing(form: str) -> str:
    """A LIKE pattern: signs of the pattern language are plain characters."""
    return "%" + form.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


@dataclass(frozen=True, slots=True)
class PointsAt:
    """Points at an address; not all of them where its words are at too many places to be looked at."""

    points: list[PointAt]
    is_all: bool

    @property
    def nearest(self) -> list[PointAt]:
        """Those of whose address the most was typed."""
        best = max((one.nearness for one in self.points), default=0)
        return [one for one in self.points if one.nearness == best]


def points_at(session: Session, address: Address) -> PointsAt:
    """Points whose address holds this one and does not contradict it."""
    found = _points(session, address)
    if found.points or not found.is_all:
        return found
    shorter = [_points(session, one, name) for name, one in with_short_area(address)]
    return PointsAt([point for one in shorter for point in one.points], all(one.is_all for one in shorter))


@dataclass(frozen=True, slots=True)
class CellsAt:
    """Where an address may be: cells valid today, None for a point in none; and whether it says enough to
    be told."""

    cells: list[str | None]
    is_clear: bool


def cells_of_address(session: Session, typed: str) -> CellsAt:
    """The cells of the best fitting points at an address; none where no such address is known."""
    address = address_of(typed)
    found = points_at(session, address)
    # Who names a floor and no room may mean a building as well: that is asked first.
    if not found.points and found.is_all and (house := without_floor(typed)):
        address, found = house, points_at(session, house)
    cells = sorted({one.cell_id for one in found.nearest}, key=str)
    # A house on a border may be in several cells; what only stands somewhere in addresses is of no house.
    is_near = any(one.nearness >= _FROM_THE_STREET for one in found.points)
    is_house = address.has_number and is_near and None not in cells
    names_only_areas = not address.door.strip() and any(address.areas)
    is_clear = len(cells) < 2 or (is_house and len(cells) <= _MOST_CELLS)
    # 泊路11号 stands in 海泊路11号, and is another street.
    is_clear = is_clear and (is_near or not cells or not address.has_number or address.door.startswith(" "))
    return CellsAt(cells, is_clear and found.is_all and not names_only_areas)


def whole_door(typed: str) -> str:
    """A LIKE pattern for the entries of points whose street, house and door are these; empty where none is
    named."""
    door = address_of(typed).door
    return containing(f"{BAR}{door}{BAR}") if door.strip() else ""


def _points(session: Session, address: Address, short_area: str = "") -> PointsAt:
    if not address.door.strip():
        return PointsAt([], is_all=True)
    rows = session.execute(
        text(
            f"""
                SELECT e.id::text, e.line, c.id::text
                FROM ({_POINTS}) e
                JOIN service_point p ON p.id = e.id
                LEFT JOIN cell c ON c.id = p.cell_id AND {VALID}
                WHERE p.deleted_at IS NULL
            """  # noqa: S608 - made of constants; values are bound
        ),
        {"door": containing(address.door), "on": today()},
    )
    read = [(id_, cell, address_in(line)) for id_, line, cell in rows]
    points = [
        PointAt(id_, cell, _nearness(address, there))
        for id_, cell, there in read
        if address.door in there.door
        and agree(address.areas, there.areas)
        and (not short_area or is_short_for(short_area, there.areas))
    ]
    return PointsAt(points, len(read) < _MOST_PLACES)


def _nearness(address: Address, there: Address) -> int:
    """The whole door, the beginning of it, or a part of it; and whether its numbers count the same."""
    place = 4 if there.door == address.door else 2 if there.door.startswith(address.door) else 0
    return 1 + place + counts_alike(address, there.door, there.counts)
