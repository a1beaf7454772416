"""Imports a map file's zones over a unit's cells: matches zones to cells, and reports what was found."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from backend.core.confined.maps import read_map
from backend.core.installation import installed
from backend.core.sentences import sentence
from geo.datum import Datum
from geo.errors import OutsideTheEarth
from geo.far_zones import likely_systems, whereabouts
from geo.findings import Finding, found
from geo.mapfile import MOST_SHP_BYTES, MapFile, whole_letters
from geo.numbering import numbered
from geo.shapes import GRID_DEGREES, as_multipolygon
from geo.zones import Zone, zones_of

Row = dict[str, Any]
MOST_NAME = 200
# A zone is the present cell that it shares this much of both with, where the file gives it no name.
_SAME_GROUND = 0.5
# How long a code could be once, and what became of a longer one.
_ONCE_MOST, _ONCE_DIGEST = 40, 8
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?\Z")


@dataclass(frozen=True, slots=True)
class Placed:
    """A cell as it would be: one without an id is new, one without a shape ends."""

    id: str | None
    name: str
    code: str
    shape: BaseGeometry | None


@dataclass(frozen=True, slots=True)
class Imported:
    """All cells of the unit afterwards, the file's own among them, what was found, and whether it is far
    off in metres."""

    cells: list[Placed]
    zones: list[BaseGeometry]
    findings: list[Finding]
    far_m: float | None  # of all of it, or of a stray zone, where the ground is not as wide


def imported(
    cells: Sequence[Row], own: BaseGeometry | None, city: BaseGeometry | None, request: Row, file: bytes
) -> Imported:
    """Zones of a file over the present cells: one that is known again is that cell, the others give way to
    them.

    `own` is the unit's ground as far as it is known, `city` that of the others, asked where the unit has
    none. Raises GeoError.
    """
    features = read_map(file, request["filename"], crs=request.get("crs"), layer=request.get("layer"))
    datum = Datum(request.get("datum") or "wgs84")
    ground = own if own is not None else city
    try:
        read = zones_of(
            features,
            datum=datum,
            reference=own if own is None or city is None else shapely.union_all([own, city]),
            name_field=request.get("name_field"),
            code_field=request.get("code_field"),
            code_pattern=installed().imported_cell_code,
        )
    except OutsideTheEarth as error:
        raise OutsideTheEarth(*error.args, *_likely(features, datum, ground)) from error
    findings = [*features.findings, *read.findings]
    far_m = None
    if ground is not None:
        where = whereabouts(read.zones, features.origin, datum, ground, is_own=own is not None)
        findings += where.findings
        far_m = where.distance_m if where.is_far else None
    placed = _identified(cells, read.zones, findings)
    shapes = [zone.shape for zone in read.zones]
    return Imported(placed + _give_way(cells, placed, shapes), shapes, findings, far_m)


def _likely(features: MapFile, datum: Datum, ground: BaseGeometry | None) -> list[str]:
    return [] if ground is None or features.origin is None else likely_systems(features.origin, datum, ground)


def _identified(cells: Sequence[Row], zones: Sequence[Zone], findings: list[Finding]) -> list[Placed]:
    """The zones as cells: each with the id of the present cell that it is, where there is one."""
    known = _known(cells, zones)
    codes = {cell["code"] for cell in cells} | {zone.code for zone in zones}
    placed = []
    for n, zone in enumerate(zones):
        cell, name = known.get(n), zone.name[:MOST_NAME]
        if name != zone.name:
            words = sentence("territory.name_cut", most=MOST_NAME)
            findings.append(found("long_name", [name[:40]], *words))
        code = zone.code
        if cell is not None and (zone.known_by == "number" or _is_another_form(code, cell["code"])):
            code = cell["code"]  # The written form of whichever came first stays.
        elif cell is None and zone.known_by == "number" and code in {one["code"] for one in cells}:
            code = _free(codes)
        if zone.known_by == "number" and zone.name == zone.code:
            name = cell["name"] if cell is not None else code
        placed.append(Placed(cell["id"] if cell is not None else None, name, code, zone.shape))
    return placed


def _is_another_form(code: str, own: str) -> bool:
    """Whether a code is a cell's own as another program writes it: a number with a point, or as a
    Shapefile cuts it."""
    return _figure(code) == (_figure(own) or "") or code == whole_letters(own, MOST_SHP_BYTES)


def _free(taken: set[str]) -> str:
    pattern = installed().imported_cell_code
    code = next(code for n in range(1, len(taken) + 2) if (code := numbered(pattern, n)) not in taken)
    taken.add(code)
    return code


def _known(cells: Sequence[Row], zones: Sequence[Zone]) -> dict[int, Row]:
    """Zone -> the present cell that it is: by its code as written, as once shortened, by its value; by
    name; by ground."""
    known: dict[int, Row] = {}
    coded = [n for n, zone in enumerate(zones) if zone.known_by != "number"]
    _match(known, cells, coded, [zone.code for zone in zones], lambda cell: cell["code"])
    _match(known, cells, coded, [_once(zone.code) for zone in zones], lambda cell: cell["code"])
    _match(known, cells, coded, [_figure(zone.code) for zone in zones], lambda cell: _figure(cell["code"]))
    _match(
        known,
        cells,
        coded,
        [zone.code for zone in zones],
        lambda cell: whole_letters(cell["code"], MOST_SHP_BYTES),
    )
    named = [n for n, zone in enumerate(zones) if zone.known_by == "name"]
    _match(known, cells, named, [zone.name[:MOST_NAME] for zone in zones], lambda cell: cell["name"])
    _by_ground(known, cells, zones)
    return known


def _match(
    known: dict[int, Row], cells: Sequence[Row], asked: Iterable[int], keys: Sequence[str | None], key_of: Any
) -> None:
    """Pairs of zones and cells not yet known that alone have a key in common."""
    taken = {cell["id"] for cell in known.values()}
    by_key: dict[str | None, list[Row]] = {}
    for cell in cells:
        if cell["id"] not in taken:
            by_key.setdefault(key_of(cell), []).append(cell)
    left = [n for n in asked if n not in known]
    often = [keys[n] for n in left]
    for n in left:
        key = keys[n]
        if key is not None and len(by_key.get(key, ())) == 1 and often.count(key) == 1:
            known[n] = by_key[key][0]


def _by_ground(known: dict[int, Row], cells: Sequence[Row], zones: Sequence[Zone]) -> None:
    """What the file only numbers is the cell that lies where it lies."""
    taken = {cell["id"] for cell in known.values()}
    for n, zone in enumerate(zones):
        if n in known or zone.known_by != "number":
            continue
        for cell in cells:
            if cell["id"] in taken or not shapely.intersects(cell["shape"], zone.shape):
                continue
            shared = shapely.intersection(cell["shape"], zone.shape).area
            if shared > _SAME_GROUND * max(cell["shape"].area, zone.shape.area):
                known[n] = cell
                taken.add(cell["id"])
                break


def _once(code: str) -> str | None:
    """What a long code was kept as before codes of any length were: its beginning and a digest."""
    if len(code) <= _ONCE_MOST:
        return None
    digest = hashlib.sha256(code.encode()).hexdigest()[:_ONCE_DIGEST]
    return f"{code[: _ONCE_MOST - _ONCE_DIGEST - 1]}~{digest}"


def _figure(code: str) -> str | None:
    """A code that is a number by its value, so that 101 and the 101.0 of another program are the same;
    else None."""
    if (
        not _NUMBER.match(code)
        or not code.isascii()
        or (code.lstrip("+-").startswith("0") and code[1:2].isdigit())
    ):
        return None
    try:
        return f"{Decimal(code).normalize():f}"
    except InvalidOperation:
        return None


def _give_way(cells: Sequence[Row], placed: Sequence[Placed], zones: Sequence[BaseGeometry]) -> list[Placed]:
    """What is left of the cells that the file does not name."""
    named, taken = {one.id for one in placed}, shapely.union_all(list(zones))
    shapely.prepare(taken)
    left = []
    for cell in cells:
        if cell["id"] in named:
            continue
        shape, rest = cell["shape"], None
        if taken.intersects(shape):
            rest = as_multipolygon(shapely.difference(shape, taken, grid_size=GRID_DEGREES))
            shape = None if rest.is_empty else rest
        left.append(Placed(cell["id"], cell["name"], cell["code"], shape))
    return left
