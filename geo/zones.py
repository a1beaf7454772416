"""Hand-drawn zones made into cells: what is broken is mended, what overlaps is cut, and every change is told."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.datum import Datum, on_datum, suspected
from geo.errors import CrossesDateLine, NoAreas, OutsideTheEarth
from geo.mapfile import Feature
from geo.measure import area_m2
from geo.shapes import as_multipolygon, coverage_of, on_grid
from geo.units import Plane

# Gaps narrower than this are slips of the hand; wider ones may be lakes, and are only told.
SLIP_WIDTH_M = 30.0
_NAMES = ("name", "Name", "NAME", "名称", "网格名称", "label")
# What a cell's code may be long.
MOST_CODE = 40
_CODES = ("code", "Code", "CODE", "编号", "编码", "adcode", "id", "ID")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found and perhaps changed: where (names), how much, and in words."""

    code: str
    zones: tuple[str, ...]
    area_m2: float
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Zone:
    """A cell to be: its name, its code in the system it came from, and its ground in WGS-84."""

    name: str
    code: str
    shape: BaseGeometry


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
) -> Zones:
    """Zones of a map file's features, mended and without overlaps; narrow gaps are closed.

    `reference` is ground known to be right (WGS-84), against which another datum is suspected. Rows of one code are one
    zone. Raises NoAreas, OutsideTheEarth, CrossesDateLine.
    """
    findings: list[Finding] = []
    named = _named(features, name_field, code_field, findings)
    kept = [one for one in named if _is_area(one, findings)]
    if not kept:
        raise NoAreas
    kept = _one_a_code(kept, findings)
    _need_degrees(kept)
    if reference is not None:
        findings += _datum_findings([one.shape for one in kept], datum, reference)
    shapes = on_datum([shapely.force_2d(one.shape) for one in kept], datum)
    zones = [_mended(Zone(z.name, z.code, s), findings) for z, s in zip(kept, shapes, strict=True)]
    zones = [zone for zone in zones if not zone.shape.is_empty]
    return Zones(_fitted(zones, findings), findings)


def _named(
    features: Sequence[Feature], name_field: str | None, code_field: str | None, findings: list[Finding]
) -> list[Zone]:
    names = (name_field,) if name_field else _NAMES
    codes = (code_field,) if code_field else _CODES
    called = [_first(one.fields, names) for one in features]
    often = Counter(called)
    found = []
    for n, (one, name) in enumerate(zip(features, called, strict=True), start=1):
        # A name that only one row has finds its cell again in a corrected file, whatever row it stands in by then.
        own = name if name and often[name] == 1 and len(name) <= MOST_CODE else f"Z{n:03d}"
        given = _first(one.fields, codes) or own
        code = _short(given)
        if code != given:
            zh, en = f"编号超过 {MOST_CODE} 字，改为 {code}", f"a code of over {MOST_CODE} characters became {code}"
            findings.append(_finding("long_code", [name or code], 0, zh, en))
        found.append(Zone(name or code, code, one.shape))
    return found


def _short(code: str) -> str:
    """A code as a cell takes it: a long one by its beginning and a digest, so that no two become one and each finds
    its cell again in the next file."""
    if len(code) <= MOST_CODE:
        return code
    digest = hashlib.sha256(code.encode()).hexdigest()[:8]
    return f"{code[: MOST_CODE - len(digest) - 1]}~{digest}"


def _first(fields: dict[str, Any], names: Sequence[str | None]) -> str | None:
    return next((str(fields[name]).strip() for name in names if name in fields and str(fields[name]).strip()), None)


def _is_area(zone: Zone, findings: list[Finding]) -> bool:
    if zone.shape.is_empty:
        findings.append(_finding("empty", [zone.name], 0, "没有图形，已跳过", "has no shape; left out"))
        return False
    if "Polygon" not in zone.shape.geom_type and zone.shape.geom_type != "GeometryCollection":
        kind = zone.shape.geom_type
        findings.append(
            _finding("no_area", [zone.name], 0, f"是 {kind}，不是面，已跳过", f"is a {kind}, no area; left out")
        )
        return False
    if zone.shape.has_z:
        findings.append(_finding("height", [zone.name], 0, "带有高程，已去掉", "had heights; they were left out"))
    return True


def _one_a_code(zones: Sequence[Zone], findings: list[Finding]) -> list[Zone]:
    """Several rows under one code are parts of one zone."""
    by_code: dict[str, list[Zone]] = {}
    for zone in zones:
        by_code.setdefault(zone.code, []).append(zone)
    for code, group in by_code.items():
        if len(group) > 1:
            zh, en = (
                f"编号 {code} 有 {len(group)} 行，合为一个网格",
                f"{len(group)} rows have the code {code}; made one cell",
            )
            findings.append(_finding("same_code", [group[0].name], 0, zh, en))
    return [
        Zone(
            group[0].name,
            code,
            shapely.union_all([shapely.make_valid(z.shape) for z in group]) if len(group) > 1 else group[0].shape,
        )
        for code, group in by_code.items()
    ]


def _need_degrees(zones: Sequence[Zone]) -> None:
    for zone in zones:
        west, south, east, north = zone.shape.bounds
        if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
            raise OutsideTheEarth(zone.name)
        if east - west > 180:
            raise CrossesDateLine(zone.name)


def _datum_findings(shapes: list[BaseGeometry], declared: Datum, reference: BaseGeometry) -> list[Finding]:
    other = suspected(shapes, declared, reference)
    if other is None:
        return []
    zh = f"与现有辖区对比，坐标更像 {other}（声明为 {declared}），请核对后重新导入"
    en = f"against the present territory the coordinates look like {other} (declared: {declared}); check and import again"
    return [_finding("datum", [], 0, zh, en)]


def _mended(zone: Zone, findings: list[Finding]) -> Zone:
    """A valid shape; what that changed is told by its area."""
    if zone.shape.is_valid:
        return Zone(zone.name, zone.code, as_multipolygon(zone.shape))
    why = shapely.is_valid_reason(zone.shape)
    mended = as_multipolygon(zone.shape)
    # What an even-odd fill leaves out is what the drawer may have meant to be inside.
    changed = area_m2(shapely.symmetric_difference(mended, shapely.buffer(zone.shape, 0)))
    findings.append(
        _finding("invalid", [zone.name], changed, f"图形有误（{why}），已修复", f"was broken ({why}); mended")
    )
    return Zone(zone.name, zone.code, mended)


def _fitted(zones: list[Zone], findings: list[Finding]) -> list[Zone]:
    """Zones of which each point has one; the earlier keeps what two claim. Slips between neighbours are closed."""
    shapes: list[BaseGeometry] = [zone.shape for zone in zones]
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for i, j in sorted(zip(left[left < right].tolist(), right[left < right].tolist(), strict=True)):
        shared = shapely.intersection(shapes[i], shapes[j])
        if shared.area == 0:
            continue
        names, size = [zones[i].name, zones[j].name], area_m2(as_multipolygon(shared))
        if size >= 1:
            zh = f"重叠 {size:,.0f} 平方米，划给“{names[0]}”"
            findings.append(_finding("overlap", names, size, zh, f"overlap by {size:,.0f} m²; given to “{names[0]}”"))
        shapes[j] = as_multipolygon(shapely.difference(shapes[j], shapes[i]))
    shapes = _closed(zones, shapes, findings)
    for zone, shape in zip(zones, shapes, strict=True):
        if shape.is_empty:
            findings.append(
                _finding("swallowed", [zone.name], 0, "完全落在别的网格里，已跳过", "lies wholly in others; left out")
            )
    solid = [(zone, shape) for zone, shape in zip(zones, shapes, strict=True) if not shape.is_empty]
    snapped = on_grid([shape for _, shape in solid])
    return [Zone(zone.name, zone.code, shape) for (zone, _), shape in zip(solid, snapped, strict=True)]


def _closed(zones: list[Zone], shapes: list[BaseGeometry], findings: list[Finding]) -> list[BaseGeometry]:
    """Holes between zones: narrow ones join the neighbour they touch most, wide ones stay and are told."""
    union = shapely.union_all(shapes)
    filled = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(union)])
    gaps = coverage_of(filled, shapes, tolerance=0).gaps
    tree = shapely.STRtree(shapes)
    for gap in shapely.get_parts(as_multipolygon(gaps)):
        near = tree.query(gap, predicate="intersects")
        if len(near) == 0:
            continue
        shared = shapely.length(shapely.intersection(gap.boundary, [shapes[int(n)].boundary for n in near]))
        best = int(near[int(np.argmax(shared))])
        size, names = area_m2(gap), [zones[int(n)].name for n in near]
        if size < 1 or 2 * size / max(_length_m(gap), 1e-9) < SLIP_WIDTH_M:
            shapes[best] = shapely.union(shapes[best], gap)
            zh, en = (
                f"缝隙 {size:,.0f} 平方米，并入“{zones[best].name}”",
                f"a slip of {size:,.0f} m² joined “{zones[best].name}”",
            )
        else:
            zh, en = f"空洞 {size:,.0f} 平方米，未处理", f"a hole of {size:,.0f} m² was left as it is"
        if size >= 1:
            findings.append(_finding("gap", names[:4], size, zh, en))
    return [as_multipolygon(shape) for shape in shapes]


def _length_m(shape: BaseGeometry) -> float:
    return float(shapely.transform(shape, Plane(shape).to_metres).length)


def _finding(code: str, zones: Sequence[str], size: float, zh: str, en: str) -> Finding:
    return Finding(code, tuple(zones), round(size, 1), zh, en)
