"""Looks up typed addresses: their service points and cells, for search, the public look-up and jobs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, pi, radians, sin

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.comparing.addresses import (
    BAR,
    Address,
    Areas,
    address_of,
    agree,
    counts_alike,
    in_city,
    is_short_for,
    with_short_area,
)
from backend.core.comparing.finding import address_in
from backend.core.comparing.meant import Reading, crossing, readings
from backend.core.queries.scopes import today
from backend.customers.queries.home_city import home_of
from backend.territory.queries.cells import VALID, cells_at
from geo.measure import EARTH_RADIUS_M

# Words at more places than this say nothing of where somebody lives.
_MOST_PLACES = 2000
_MOST_CELLS = 3
# The nearness of what begins with the same street.
_FROM_THE_STREET = 3
# Who is beside a house or across from it is no further away; its cell is asked in eight directions.
_NEAR_M = 100.0
_DIRECTIONS = 8
_MOST_PLACES_NEAR = 20
_POINTS = f"""
    SELECT id, split_part(words, E'\\n', 2) AS line
    FROM search_entry
    WHERE kind = 'service_point'
    AND words LIKE :door
    LIMIT {_MOST_PLACES}
"""  # noqa: S608 - made of constants; values are bound


@dataclass(frozen=True, slots=True)
class PointAt:
    """A service point whose address holds a typed one; `nearness` is the higher the more of it was typed.

    `is_elsewhere`: its address names no city, and another was typed than most of the ledger's are in.
    """

    id: str
    cell_id: str | None
    nearness: int
    place: tuple[float, float] | None
    is_elsewhere: bool


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
    home = home_of(session) if any(address.areas[:2]) else None
    found = _points(session, address, home)
    if found.points or not found.is_all:
        return found
    meant = with_short_area(address)
    home = home_of(session) if meant else None
    shorter = [_points(session, one, home, name) for name, one in meant]
    return PointsAt([point for one in shorter for point in one.points], all(one.is_all for one in shorter))


@dataclass(frozen=True, slots=True)
class CellsAt:
    """Where an address may be: cells valid today, None for a point in none; and whether it says enough to
    be told."""

    cells: list[str | None]
    is_clear: bool


def cells_of_address(session: Session, typed: str) -> CellsAt:
    """The cells of the best fitting points at an address, or around them where it says only near what it is;
    none where no such address is known."""
    read, found = _looked_up(session, typed)
    if not found.points and found.is_all:
        # No house stands at a crossing, and several may be near it.
        return CellsAt([], is_clear=not _crosses(session, typed) and not _names_only_areas(read.address))
    here = [one for one in found.nearest if not one.is_elsewhere]
    cells = _around(session, here) if read.is_near else sorted({one.cell_id for one in here}, key=str)
    return CellsAt(cells, is_clear=bool(here) and found.is_all and _is_clear(read, found, cells))


def _looked_up(session: Session, typed: str) -> tuple[Reading, PointsAt]:
    """The first reading of an address that leads to points, or that too many points fit; the first of all
    where none does."""
    meant = list(readings(typed))
    for read in meant:
        found = points_at(session, read.address)
        if found.points or not found.is_all:
            return read, found
    return meant[0], PointsAt([], is_all=True)


def _is_clear(read: Reading, found: PointsAt, cells: list[str | None]) -> bool:
    """Whether an address that leads to these cells says enough to be told."""
    has_number = read.address.has_number
    # A house on a border may be in several cells; what only stands somewhere in addresses is of no house.
    is_at = any(one.nearness >= _FROM_THE_STREET for one in found.points)
    is_house = has_number and is_at and None not in cells and len(cells) <= _MOST_CELLS
    if read.is_near or len(cells) > 1:
        return is_house
    # 泊路11号 stands in 海泊路11号, and is another street.
    return is_at or not has_number or read.address.door.startswith(" ")


def _names_only_areas(address: Address) -> bool:
    return not address.door.strip() and any(address.areas)


def _crosses(session: Session, typed: str) -> bool:
    """Whether somebody is where two known streets cross."""
    streets = crossing(typed)
    return streets is not None and all(_is_known(points_at(session, one)) for one in streets)


def _is_known(found: PointsAt) -> bool:
    return bool(found.points) or not found.is_all


def _around(session: Session, points: Iterable[PointAt]) -> list[str | None]:
    """The cells of points and of what is near them; None for a point in none."""
    known = list(points)
    places = sorted({one.place for one in known if one.place is not None})[:_MOST_PLACES_NEAR]
    cells = cells_at(session, [near for one in places for near in _near(*one)])
    return sorted({one.cell_id for one in known} | {one["id"] for one in cells if one}, key=str)


def _near(lng: float, lat: float) -> list[tuple[float, float]]:
    """Places so far around one that what is beside it or across from it lies between them, in degrees."""
    up = _NEAR_M * 180 / (pi * EARTH_RADIUS_M)
    aside = up / max(cos(radians(lat)), 0.01)
    turns = (2 * pi * n / _DIRECTIONS for n in range(_DIRECTIONS))
    return [(lng + aside * cos(one), lat + up * sin(one)) for one in turns]


def whole_door(typed: str) -> str:
    """A LIKE pattern for the entries of points whose street, house and door are these; empty where none is
    named."""
    door = address_of(typed).door
    return containing(f"{BAR}{door}{BAR}") if door.strip() else ""


def _points(session: Session, address: Address, home: Areas | None, short_area: str = "") -> PointsAt:
    if not address.door.strip():
        return PointsAt([], is_all=True)
    rows = session.execute(
        text(
            f"""
                SELECT e.id::text, e.line, c.id::text, ST_X(p.place), ST_Y(p.place)
                FROM ({_POINTS}) e
                JOIN service_point p ON p.id = e.id
                LEFT JOIN cell c ON c.id = p.cell_id AND {VALID}
                WHERE p.deleted_at IS NULL
            """  # noqa: S608 - made of constants; values are bound
        ),
        {"door": containing(address.door), "on": today()},
    )
    read = [(id_, cell, address_in(line), (lng, lat)) for id_, line, cell, lng, lat in rows]
    points = [
        PointAt(
            id_,
            cell,
            _nearness(address, there),
            None if None in place else place,
            is_elsewhere=not agree(address.areas, in_city(there.areas, home)),
        )
        for id_, cell, there, place in read
        if address.door in there.door
        and agree(address.areas, there.areas)
        and (not short_area or is_short_for(short_area, in_city(there.areas, home)))
    ]
    return PointsAt(points, len(read) < _MOST_PLACES)


def _nearness(address: Address, there: Address) -> int:
    """The whole door, the beginning of it, or a part of it; and whether its numbers count the same."""
    place = 4 if there.door == address.door else 2 if there.door.startswith(address.door) else 0
    return 1 + place + counts_alike(address, there.door, there.counts)
