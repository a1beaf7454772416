"""Matches addresses to cells: by known addresses, houses, streets and committees, and by the cells' names.

Built from cells and from addresses whose cell is known (`backend.imports.queries.gazetteer`, or the file's
own rows with coordinates); each answer says how sure it is and why.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from backend.core.comparing import plain
from backend.core.comparing.addresses import Address, address_of
from backend.imports.reading.shapes import Located, Reason
from backend.imports.reading.wrong import reason

# An address this sure needs nobody's look.
SURE = 0.8
_KNOWN, _HOUSE, _NEAR, _STREET, _COMMITTEE, _CELL_NAME, _OFFICE = 0.98, 0.93, 0.85, 0.75, 0.9, 0.88, 0.5
_THE_HOUSE = "house"
# Two sources that agree, and two that do not.
_AGREE, _DIFFER, _MOST = 0.1, 0.5, 0.97
# A street or estate of fewer known addresses says little of where it lies as a whole.
_FEW, _FEW_TIMES = 3, 0.8
# House numbers of one side of a street so near each other are neighbours.
_NEXT_HOUSES = 10
_NUMBER = re.compile(r"\d+")
# Estates and committees as they stand in addresses: 台东社区, 金色花园, 大村庄村.
_AREA = re.compile(
    r"[\u4e00-\u9fff]{2,10}?(?:居民委员会|居委会|村委会|社区|小区|花园|家园|佳苑|嘉园|公寓|新村|山庄|庄园|名都|花苑|苑|村|城|里)"
)
_SHORT = re.compile(r"(?:居民委员会|居委会|村委会|社区|小区|网格|片区|责任区)$")
_NUMBERED = re.compile(r"(?:第?[0-9一二三四五六七八九十]+(?:号|网格|片区)?|[a-z]?[0-9]+)$")
# Committees before a street, which some write and others leave out.
_BEFORE_STREET = re.compile(r"^[^0-9]*?(?:居民委员会|居委会|村委会|社区)(?=[^0-9 ]*[\u4e00-\u9fff]{2})")
_LEAST_NAME = 2
_HOUSE_FIRST = re.compile(r"\s*([1-9]\d{0,5})[A-Za-z]?\s+([A-Za-z\u00c0-\u024f][^,;#\d\u4e00-\u9fff]*)")
_FLAT = re.compile(r"\b(?:apt|apartment|unit|suite|ste|floor|fl|room|rm|bldg|flat)\b.*", re.I)


@dataclass(frozen=True, slots=True)
class CellNamed:
    """A cell as it can be matched: its id, name, code and outline (WGS-84)."""

    id: str
    name: str
    code: str
    outline: BaseGeometry


@dataclass(frozen=True, slots=True)
class Site:
    """A known address: its cell, and its place where there is one."""

    address: str
    cell_id: str
    place: tuple[float, float] | None = None


@dataclass(slots=True)
class _Places:
    """What is known under one name: how many addresses in each cell, and the sum of their places."""

    cells: Counter[str] = field(default_factory=Counter)
    east: float = 0.0
    north: float = 0.0
    placed: int = 0

    def add(self, cell: str, place: tuple[float, float] | None) -> None:
        self.cells[cell] += 1
        if place:
            self.east, self.north, self.placed = self.east + place[0], self.north + place[1], self.placed + 1

    @property
    def most(self) -> tuple[str, float]:
        """The cell with most of them, and its share."""
        cell, often = min(self.cells.items(), key=lambda one: (-one[1], one[0]))
        return cell, often / self.cells.total()

    @property
    def place(self) -> tuple[float, float] | None:
        return (self.east / self.placed, self.north / self.placed) if self.placed else None


@dataclass(frozen=True, slots=True)
class _Guess:
    cell: str
    confidence: float
    why: Reason
    what: str
    place: tuple[float, float] | None = None


class Gazetteer:
    """Where addresses are. `learn` and `learn_places` add to it; `locate` asks it."""

    def __init__(self, cells: Sequence[CellNamed], sites: Iterable[Site] = ()) -> None:
        self._ids = [cell.id for cell in cells]
        self._tree = shapely.STRtree([cell.outline for cell in cells])
        self._names = _cell_names(cells)
        self._doors: defaultdict[str, _Places] = defaultdict(_Places)
        self._houses: defaultdict[str, _Places] = defaultdict(_Places)
        self._streets: defaultdict[str, _Places] = defaultdict(_Places)
        self._numbers: defaultdict[str, dict[int, str]] = defaultdict(dict)
        self._areas: defaultdict[str, _Places] = defaultdict(_Places)
        self._offices: defaultdict[str, _Places] = defaultdict(_Places)
        self.learn(sites)

    def cells_at(self, places: Sequence[tuple[float, float]]) -> list[str | None]:
        """The cell of each place (WGS-84 degrees, lng and lat), None outside all of them."""
        found: list[str | None] = [None] * len(places)
        if not places:
            return found
        points = shapely.points(np.array(places, dtype=float))
        for n, cell in sorted(zip(*self._tree.query(points, predicate="intersects").tolist(), strict=True)):
            if found[n] is None or self._ids[cell] < str(found[n]):
                found[n] = self._ids[cell]
        return found

    def learn(self, sites: Iterable[Site]) -> None:
        """Add known addresses."""
        for site in sites:
            address = address_of(site.address)
            door = _door_of(address)
            street, number = _street_of(door, site.address)
            for names, name in (
                (self._doors, door if address.has_number else ""),
                (self._houses, f"{street} {number}" if street and number is not None else ""),
                (self._streets, street),
                (self._offices, address.areas[3]),
            ):
                if name:
                    names[name].add(site.cell_id, site.place)
            if street and number is not None:
                self._numbers[street].setdefault(number, site.cell_id)
            for area in _areas_in(site.address):
                self._areas[area].add(site.cell_id, site.place)

    def learn_places(self, sites: Iterable[tuple[str, tuple[float, float]]]) -> None:
        """Add addresses with their places; those outside all cells say nothing."""
        known = list(sites)
        cells = self.cells_at([place for _, place in known])
        pairs = zip(known, cells, strict=True)
        self.learn(Site(address, cell, place) for (address, place), cell in pairs if cell is not None)

    def locate(self, address: str) -> Located:
        """Where an address is: the surest of what is known, less sure where two differ."""
        guesses = sorted(self._guesses(address), key=lambda one: -one.confidence)
        if not guesses:
            return Located(None, None, 0.0, reason("address", "unknown_address", address[:100]), False)
        best = guesses[0]
        # Whoever knows the house need not ask what else its street is.
        others = [one for one in guesses[1:] if one.what != best.what]
        if best.confidence < _HOUSE and others:
            best = _weighed(best, others[0], address)
        is_sure = best.confidence >= SURE
        return Located(best.cell, best.place, round(best.confidence, 3), best.why, is_sure)

    def _guesses(self, typed: str) -> list[_Guess]:
        address = address_of(typed)
        found: list[_Guess] = []
        door = _door_of(address)
        street, number = _street_of(door, typed)
        if address.has_number and door in self._doors:
            found.append(
                _exact(self._doors[door], _KNOWN, reason("address", "at_known_address", typed[:100]))
            )
        house = f"{street} {number}" if street and number is not None else ""
        if house in self._houses:
            found.append(
                _exact(self._houses[house], _HOUSE, reason("address", "in_known_house", typed[:100]))
            )
        if street in self._streets:
            found += self._on_street(street, number, typed)
        for area in _areas_in(typed):
            if area in self._areas:
                found.append(_shared(self._areas[area], _COMMITTEE, area, typed))
        found += self._named(typed)
        if not found and address.areas[3] in self._offices:
            office = address.areas[3]
            found.append(_shared(self._offices[office], _OFFICE, office, typed))
        return found

    def _on_street(self, street: str, number: int | None, typed: str) -> list[_Guess]:
        """By the nearest house number of the same side, and by where the street is as a whole."""
        found = [_shared(self._streets[street], _STREET, street, typed)]
        same_side = [one for one in self._numbers[street] if number is not None and (one - number) % 2 == 0]
        if number is None or not same_side or number in same_side:
            return found
        near = sorted(same_side, key=lambda one: abs(one - number))[:2]
        cells = {self._numbers[street][one] for one in near if abs(one - number) <= _NEXT_HOUSES}
        if len(cells) == 1:
            why = reason("address", "near_known_house", typed[:100], house=str(near[0]))
            found.append(_Guess(cells.pop(), _NEAR, why, street))
        return found

    def _named(self, typed: str) -> list[_Guess]:
        """Cells whose name stands in the address, where it is one cell's alone."""
        form = plain(typed)
        hits = [(name, ids) for name, ids in self._names.items() if name in form]
        longest = max((len(name) for name, _ in hits), default=0)
        return [
            _Guess(
                next(iter(ids)), _CELL_NAME, reason("address", "in_named_cell", typed[:100], name=name), name
            )
            for name, ids in hits
            if len(name) == longest and len(ids) == 1
        ]


def _door_of(address: Address) -> str:
    """The door of an address without the committee before its street."""
    return _BEFORE_STREET.sub("", address.door)


def _street_of(door: str, typed: str) -> tuple[str, int | None]:
    """What stands before the first number of a door, and that number: the street and the house.

    Where the house comes first (12 Main St, Apt 4), the street ends at a comma, a figure or a flat.
    """
    if first_house := _HOUSE_FIRST.match(typed):
        return plain(_FLAT.sub("", first_house[2])), int(first_house[1])
    first = _NUMBER.search(door)
    if not first:
        return door.strip(), None
    return door[: first.start()].strip(), int(first[0])


def _areas_in(typed: str) -> list[str]:
    """Committees and estates of an address without what says that they are some."""
    # Behind street offices and districts, which their names would begin with.
    rest = re.split(r"街道(?:办事处)?|(?<![社小园])[镇乡区县市](?![委村民场])", plain(typed))[-1]
    found = dict.fromkeys(_bare(one) for one in _AREA.findall(rest))
    return [one for one in found if len(one) >= _LEAST_NAME]


def _bare(name: str) -> str:
    short = _SHORT.sub("", name)
    return short if len(short) >= _LEAST_NAME else name


def _cell_names(cells: Sequence[CellNamed]) -> dict[str, set[str]]:
    """Names by which cells are called in addresses; one of several cells tells none of them apart."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for cell in cells:
        name = plain(cell.name)
        bare = _bare(_NUMBERED.sub("", _bare(name)))
        for one in {name, bare}:
            if len(one) >= _LEAST_NAME and not one.isascii():
                found[one].add(cell.id)
    return dict(found)


def _exact(places: _Places, sure: float, why: Reason) -> _Guess:
    cell, share = places.most
    return _Guess(cell, sure * share, why, _THE_HOUSE, places.place)


def _shared(places: _Places, sure: float, name: str, typed: str) -> _Guess:
    cell, share = places.most
    few = _FEW_TIMES if places.cells.total() < _FEW else 1.0
    why = reason("address", "known_around", typed[:100], name=name, share=share)
    return _Guess(cell, sure * share * few, why, name)


def _weighed(best: _Guess, other: _Guess, typed: str) -> _Guess:
    if best.cell == other.cell:
        return replace(best, confidence=min(_MOST, best.confidence + _AGREE))
    if other.confidence < best.confidence / 2:
        return best
    why = reason("address", "sources_differ", typed[:100], one=best.what, other=other.what)
    return replace(best, confidence=best.confidence * _DIFFER, why=why)
