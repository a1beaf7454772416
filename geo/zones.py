"""Repairs hand-drawn zones and makes cells of them.

What is broken is mended, what overlaps is cut, and every change is told.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.date_line import crosses, cut, side_by_side, unwrapped
from geo.datum import DATUM_NAMES, Datum, on_datum, suspected
from geo.errors import MOST_CODE, MOST_COLUMNS, CodeTooLong, FieldMissing, NoAreas
from geo.findings import Finding, told
from geo.mapfile import Feature, MapFile
from geo.measure import area_m2
from geo.numbering import USUAL, numbered
from geo.sentences import Words, sentences_in
from geo.shapes import as_multipolygon, coverage_of, filled, on_grid
from geo.units import Plane

# Gaps narrower than this are slips of the hand; wider ones may be lakes, and are only told.
SLIP_WIDTH_M = 30.0
_NAMES = ("name", "Name", "NAME", "名称", "网格名称", "网格名", "label")
_CODES = ("code", "Code", "CODE", "编号", "编码", "adcode", "id", "ID")
# A Shapefile cuts the names of its columns at so many bytes.
_SHORT_COLUMN = 10
BROKEN = sentences_in(Path(__file__).with_name("broken_shapes.toml"))


@dataclass(frozen=True, slots=True)
class Zone:
    """A cell to be: its name, its code in the system it came from, and its ground in WGS-84.

    `known_by` says what its code is: the file's code, a name that no other row has, or only the row's number.
    """

    name: str
    code: str
    shape: BaseGeometry
    known_by: Literal["code", "name", "number"] = "code"


@dataclass(frozen=True, slots=True)
class Zones:
    """Zones ready to become cells, and what was found on the way."""

    zones: list[Zone]
    findings: list[Finding]


def zones_of(
    features: Sequence[Feature],
    *,
    datum: Datum = Datum.WGS84,
    reference: BaseGeometry | None = None,
    name_field: str | None = None,
    code_field: str | None = None,
    code_pattern: str = USUAL,
) -> Zones:
    """Zones of a map file's features, mended and without overlaps; narrow gaps are closed.

    What has no code is numbered by `code_pattern` (`numbering.py`). `reference` is ground known to be right
    (WGS-84), against which another datum is suspected. Rows of one code are one zone; a code is what the file
    shows, of any length. Raises NoAreas, FieldMissing, CodeTooLong, OutsideTheEarth, CrossesDateLine.
    """
    findings: list[Finding] = []
    named = _named(features, name_field, code_field, code_pattern)
    findings += _unnamed(features, named)
    kept = [one for one in named if _is_area(one, findings)]
    if not kept:
        raise NoAreas
    kept = [replace(one, shape=unwrapped(shapely.force_2d(one.shape), one.name)) for one in kept]
    kept = _one_a_code(kept, findings)
    if reference is not None:
        findings += _datum_findings([one.shape for one in kept], datum, reference)
    shapes = on_datum([one.shape for one in kept], datum)
    zones = [_mended(replace(z, shape=s), findings) for z, s in zip(kept, shapes, strict=True)]
    zones = [zone for zone in zones if not zone.shape.is_empty]
    findings += [told("date_line", [zone.name]) for zone in zones if crosses(zone.shape)]
    fitted = _fitted(_beside(zones), findings)
    return Zones([replace(zone, shape=as_multipolygon(cut(zone.shape))) for zone in fitted], findings)


def _named(
    features: Sequence[Feature], name_field: str | None, code_field: str | None, pattern: str
) -> list[Zone]:
    """Rows with their names and codes.

    A name that only one row has finds its cell again in a corrected file, whatever row it stands in by then;
    what has none is numbered.
    """
    if not features:
        raise NoAreas
    names = _columns(features, name_field, _NAMES)
    codes = _columns(features, code_field, _CODES)
    called, given = ([_first(one.fields, wanted) for one in features] for wanted in (names, codes))
    whole = [f"{one.fields['folder']}/{name}" if name and one.fields.get("folder") else None
             for one, name in zip(features, called, strict=True)]  # fmt: skip
    often, taken = Counter([*called, *whole]), {code for code in given if code}
    found_zones = []
    for n, (one, name, code, path) in enumerate(zip(features, called, given, whole, strict=True), start=1):
        own = [word for word in (name, path) if word and often[word] == 1 and word not in taken]
        number = code or next(iter(own), None) or _free(n, taken, pattern)
        if len(number) > MOST_CODE:
            raise CodeTooLong((name or number)[:40])
        taken.add(number)
        known_by: Literal["code", "name", "number"] = "code" if code else "name" if own else "number"
        found_zones.append(Zone(name or number, number, one.shape, known_by))
    return found_zones


def _unnamed(features: Sequence[Feature], zones: Sequence[Zone]) -> list[Finding]:
    """That a file has columns, and none of them is known for a name or a code.

    Somebody has to say which is.
    """
    columns = features.columns if isinstance(features, MapFile) else []
    if not columns or any(zone.known_by != "number" for zone in zones):
        return []
    return [told("no_code", [], columns=list(columns[:MOST_COLUMNS]))]


def _free(n: int, taken: Collection[str], pattern: str) -> str:
    return next(code for step in range(len(taken) + 1) if (code := numbered(pattern, n + step)) not in taken)


def _columns(features: Sequence[Feature], asked: str | None, usual: Sequence[str]) -> Sequence[str]:
    """Where to look for a name or a code.

    In the column that is asked for, else in those that are called so.
    """
    file = features if isinstance(features, MapFile) else MapFile(features)
    if not asked:
        return [name for name in usual if name not in file.keys]
    there = [*file.columns, *file.keys]
    if asked in there:
        return [asked]
    alike = [name for name in there if _loosely(name) == _loosely(asked)] or [
        name
        for name in there
        if asked.startswith(name) and _SHORT_COLUMN - 2 <= len(name.encode()) <= _SHORT_COLUMN
    ]
    if len(set(alike)) != 1:
        raise FieldMissing(asked, *file.columns)
    return alike[:1]


def _loosely(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _first(fields: dict[str, Any], names: Sequence[str]) -> str | None:
    return next((text for name in names if name in fields and (text := _shown(fields[name]))), None)


def _shown(value: Any) -> str:
    """A value as its file shows it; ends of text count nowhere here."""
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def _is_area(zone: Zone, findings: list[Finding]) -> bool:
    if zone.shape.is_empty:
        findings.append(told("empty", [zone.name]))
        return False
    if "Polygon" not in zone.shape.geom_type and zone.shape.geom_type != "GeometryCollection":
        is_point = "Point" in zone.shape.geom_type
        findings.append(told("point", [zone.name]) if is_point else told("line", [zone.name]))
        return False
    if zone.shape.has_z and np.nan_to_num(shapely.get_coordinates(zone.shape, include_z=True)[:, 2]).any():
        findings.append(told("height", [zone.name]))
    return True


def _one_a_code(zones: Sequence[Zone], findings: list[Finding]) -> list[Zone]:
    """Several rows under one code are parts of one zone."""
    by_code: dict[str, list[Zone]] = {}
    for zone in zones:
        by_code.setdefault(zone.code, []).append(zone)
    merged = []
    for code, group in by_code.items():
        shape = group[0].shape
        if len(group) > 1:
            findings.append(told("same_code", [group[0].name], shown=code[:40], rows=len(group)))
            shape = shapely.union_all([shapely.make_valid(z.shape) for z in _beside(group)])
        merged.append(replace(group[0], shape=shape))
    return merged


def _beside(zones: Sequence[Zone]) -> list[Zone]:
    """Zones in one run of longitudes."""
    return [replace(z, shape=s) for z, s in zip(zones, side_by_side([z.shape for z in zones]), strict=True)]


def _datum_findings(shapes: list[BaseGeometry], declared: Datum, reference: BaseGeometry) -> list[Finding]:
    other = suspected(shapes, declared, reference)
    if other is None:
        return []
    return [told("datum", [], likely=DATUM_NAMES[other], declared=DATUM_NAMES[declared])]


def _mended(zone: Zone, findings: list[Finding]) -> Zone:
    """A valid shape; what that changed is told by its area."""
    mended = as_multipolygon(zone.shape)
    if zone.shape.is_valid:
        return replace(zone, shape=mended)
    why, at, _ = shapely.is_valid_reason(zone.shape).partition("[")
    # What an even-odd fill leaves out is what the drawer may have meant to be inside.
    changed = area_m2(shapely.symmetric_difference(mended, shapely.buffer(zone.shape, 0)))
    said = Words(BROKEN.get(why, BROKEN["other"]).zh, why)
    findings.append(
        told("invalid_at", [zone.name], changed, why=said, at=at.rstrip("]"))
        if at
        else told("invalid", [zone.name], changed, why=said)
    )
    return replace(zone, shape=mended)


def _fitted(zones: list[Zone], findings: list[Finding]) -> list[Zone]:
    """Zones of which each point has one; the earlier keeps what two claim.

    Slips between neighbours are closed.
    """
    shapes: list[BaseGeometry] = [zone.shape for zone in zones]
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for i, j in sorted(zip(left[left < right].tolist(), right[left < right].tolist(), strict=True)):
        shared = shapely.intersection(shapes[i], shapes[j])
        if shared.area == 0:
            continue
        names, size = [zones[i].name, zones[j].name], area_m2(as_multipolygon(shared))
        if size >= 1:
            findings.append(told("overlap", names, size, size=size, earlier=names[0]))
        shapes[j] = as_multipolygon(shapely.difference(shapes[j], shapes[i]))
    shapes = _closed(zones, shapes, findings)
    for zone, shape in zip(zones, shapes, strict=True):
        if shape.is_empty:
            findings.append(told("swallowed", [zone.name], area_m2(zone.shape)))
    solid = [(zone, shape) for zone, shape in zip(zones, shapes, strict=True) if not shape.is_empty]
    snapped = on_grid([shape for _, shape in solid])
    return [replace(zone, shape=shape) for (zone, _), shape in zip(solid, snapped, strict=True)]


def _closed(zones: list[Zone], shapes: list[BaseGeometry], findings: list[Finding]) -> list[BaseGeometry]:
    """Holes between zones: narrow ones join the neighbour they touch most, wide ones stay and are told."""
    gaps = coverage_of(filled(shapes), shapes, tolerance=0).gaps
    tree = shapely.STRtree(shapes)
    for gap in shapely.get_parts(as_multipolygon(gaps)):
        near = tree.query(gap, predicate="intersects")
        if len(near) == 0:
            continue
        shared = shapely.length(shapely.intersection(gap.boundary, [shapes[int(n)].boundary for n in near]))
        best = int(near[int(np.argmax(shared))])
        size, names = area_m2(gap), [zones[int(n)].name for n in near]
        is_slip = size < 1 or 2 * size / max(_length_m(gap), 1e-9) < SLIP_WIDTH_M
        if is_slip:
            shapes[best] = shapely.union(shapes[best], gap)
        if size >= 1:
            findings.append(_gap(is_slip, names[:4], zones[best].name, size))
    return [as_multipolygon(shape) for shape in shapes]


def _gap(is_slip: bool, names: list[str], taker: str, size: float) -> Finding:
    if is_slip:
        return told("slip", names, size, size=size, taker=taker)
    return told("gap", names, size, size=size)


def _length_m(shape: BaseGeometry) -> float:
    return float(shapely.transform(shape, Plane(shape).to_metres).length)
