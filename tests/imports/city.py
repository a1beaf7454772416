"""A made-up city for imports: cells in squares with streets of their own, and addresses that are known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from random import Random

import shapely
from shapely.geometry.base import BaseGeometry

from backend.imports.reading.gazetteer import CellNamed, Gazetteer, Site

_FIRST, _SECOND = "安宁兴华建康永泰瑞祥和顺福寿春秋", "海江河湖山峰林泉云月星光明德仁义"
STREETS_A_CELL, HOUSES = 4, 12


@dataclass(frozen=True)
class City:
    """Cells with their streets; of the known streets some addresses, of the others none."""

    ground: BaseGeometry
    cells: tuple[CellNamed, ...]
    # Street -> number of its cell.
    known: dict[str, int]
    unknown: dict[str, int]
    sites: tuple[Site, ...]

    @cached_property
    def _streets(self) -> dict[bool, list[tuple[str, int]]]:
        return {True: list(self.known.items()), False: list(self.unknown.items())}

    def streets(self, *, is_known: bool) -> list[tuple[str, int]]:
        """Streets with the number of their cell."""
        return self._streets[is_known]

    def gazetteer(self) -> Gazetteer:
        return Gazetteer(self.cells, self.sites)

    def place_in(self, random: Random, cell: int) -> tuple[float, float]:
        west, south, east, north = self.cells[cell].outline.bounds
        edge = (east - west) * 1e-4
        lng, lat = random.uniform(west + edge, east - edge), random.uniform(south + edge, north - edge)
        return round(lng, 7), round(lat, 7)


def city(seed: int = 1, across: int = 3, lng: float = 120.3, lat: float = 36.0, width: float = 0.12) -> City:
    """So many by so many cells from the south-western corner on."""
    random, step = Random(seed), width / across
    cells = tuple(
        CellNamed(
            f"00000000-0000-7000-8000-{n:012d}",
            f"{_SECOND[n % 16]}{_FIRST[n // 16 % 16]}里社区",
            f"C{n:03d}",
            shapely.box(*(round(at, 6) for at in _corners(lng, lat, step, x, y))),
        )
        for n, (x, y) in enumerate(product(range(across), repeat=2))
    )
    names = [f"{a}{b}路" for a, b in product(_FIRST, _SECOND)]
    random.shuffle(names)
    streets = dict(zip(names, [n % len(cells) for n in range(len(names))], strict=True))
    most = min(len(names) // 2, STREETS_A_CELL * len(cells))
    known, unknown = dict(list(streets.items())[:most]), dict(list(streets.items())[most:])
    bare = City(shapely.union_all([one.outline for one in cells]), cells, known, unknown, ())
    sites = tuple(
        Site(address_at(street, house, 1, 101), cells[cell].id, bare.place_in(random, cell))
        for street, cell in known.items()
        for house in range(1, HOUSES + 1)
    )
    return City(bare.ground, cells, known, unknown, sites)


def address_at(street: str, house: int, entrance: int, room: int) -> str:
    return f"试验区{street}{house}号{entrance}单元{room}户"


def _corners(lng: float, lat: float, step: float, x: int, y: int) -> tuple[float, float, float, float]:
    return lng + x * step, lat + y * step, lng + (x + 1) * step, lat + (y + 1) * step
