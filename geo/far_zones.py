"""Detects zones that lie far from the expected territory, and which coordinate system would explain it.

If not, how far away and in which system their figures would lie there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest, AreaOfUse
from pyproj.database import query_crs_info
from pyproj.enums import PJType
from pyproj.exceptions import ProjError
from shapely.geometry.base import BaseGeometry

from geo.datum import DATUM_NAMES, Datum, known_crs, to_wgs84
from geo.findings import Finding, told, words
from geo.mapfile import Origin
from geo.measure import Coordinates, distance_m
from geo.sentences import Words
from geo.zones import Zone

_IN_CHINA = (
    "CGCS2000 / 3-degree",
    "CGCS2000 / Gauss",
    "Xian 1980 / 3-degree",
    "Xian 1980",
    "Beijing 1954 / 3-degree",
    "Beijing 1954",
)
_WORLDWIDE = ("WGS 84 / UTM", "WGS 84 / Pseudo-Mercator")
# Systems that fit nearly as many places as the best are taken for as good: the likelier one is named.
_NEARLY = 0.95
# Beside the ground is what is no farther off than so many times its width, and so many
# times nearer than before.
_BESIDE = 10
# Systems of one projection on another datum lie within so much of each other: naming one is enough.
_APART_M = 700.0
# Degrees beyond the area of a system in which people still use it.
_BEYOND = 2.0


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """How far off the zones are, or the worst stray among them (None if all are there), whether it is far,
    what to say."""

    distance_m: float | None
    is_far: bool
    findings: list[Finding]


def whereabouts(
    zones: Sequence[Zone], origin: Origin | None, datum: Datum, ground: BaseGeometry, *, is_own: bool
) -> Whereabouts:
    """Zones (WGS-84) against ground known to be right.

    `is_own` where it is the unit's own and not the city's.

    Whether something is far is measured by the ground itself: farther off than it is wide.
    """
    shapely.prepare(ground)
    touches = shapely.intersects(ground, np.array([zone.shape for zone in zones], dtype=object))
    extent = _extent_m(ground)
    away = [
        (_away_m(zone.shape, ground), zone) for zone, near in zip(zones, touches, strict=True) if not near
    ]
    if touches.any():
        far = [(metres, zone) for metres, zone in away if metres > max(extent, 1.0)]
        strays = [_stray(zone, metres) for metres, zone in far]
        return Whereabouts(max((metres for metres, _ in far), default=None), bool(far), strays)
    nearest = min((metres for metres, _ in away), default=0.0)
    if not is_own and nearest <= extent:
        return Whereabouts(nearest, False, [])
    return Whereabouts(
        nearest, nearest > extent, [_none_touches(zones, nearest, origin, datum, ground, is_own)]
    )


def likely_systems(origin: Origin, datum: Datum, ground: BaseGeometry, away_m: float = np.inf) -> list[str]:
    """The system in which a file's figures lie on the ground, as `EPSG:4549 (its name)`.

    None where none does.

    A second one only where it puts them elsewhere on the ground, so that nobody can say which of the two it
    is. Where none lies on it, one that brings them far nearer than they are now (`away_m`) will do: new
    ground lies beside the old.
    """
    shapely.prepare(ground)
    extent, read = _extent_m(ground), []
    for rank, name, places in _readings(origin, datum, ground):
        if not len(places) or not np.isfinite(places).all() or np.abs(places[:, 1]).max() > 90:
            continue
        share = float(shapely.intersects_xy(ground, places[:, 0], places[:, 1]).mean())
        metres = 0.0 if share else _away_m(shapely.Point(np.median(places, axis=0)), ground)
        if metres <= min(_BESIDE * extent, away_m / _BESIDE):
            read.append((share, metres, rank, name, np.median(places, axis=0)))
    most, nearest = max((one[0] for one in read), default=0.0), min((one[1] for one in read), default=0.0)
    near = sorted(
        (one[2:] for one in read if one[0] >= _NEARLY * most and one[1] <= 2 * nearest + 1),
        key=lambda one: one[:2],
    )
    apart = [one for one in near[1:] if distance_m(tuple(one[2]), tuple(near[0][2])) > _APART_M]
    return [name for _, name, _ in near[:1] + apart[:1]]


def _readings(
    origin: Origin, datum: Datum, ground: BaseGeometry
) -> Iterator[tuple[tuple[int, int], str, Coordinates]]:
    """Ways to read figures: how unlikely, what it is called, and where they would lie."""
    figures = origin.sample[np.isfinite(origin.sample).all(axis=1)]
    turned = figures[:, ::-1]
    if len(figures) and np.abs(figures).max() <= 360:
        for n, one in enumerate(Datum):
            if one is not datum or origin.crs not in ("EPSG:4326", "EPSG:4490"):
                yield (0, n), DATUM_NAMES[one][1], to_wgs84(figures, one)
        yield (1, 0), words("degrees_turned").line, turned
        return
    declared = known_crs(origin.crs)
    for rank, crs in _systems(origin, ground):
        if crs != declared:
            yield (rank, 0), f"{crs.srs} ({crs.name})", _to_degrees(crs.srs, figures)
        label = f"{crs.srs} ({crs.name}), {words('metres_turned').line}"
        yield (rank, 1), label, _to_degrees(crs.srs, turned)


def _systems(origin: Origin, ground: BaseGeometry) -> Iterator[tuple[int, CRS]]:
    """Projected systems in use where the ground is; those of the declared one's family are the likeliest."""
    west, south, east, north = shapely.box(*ground.bounds).buffer(_BEYOND).bounds
    area = AreaOfInterest(max(west, -180), max(south, -90), min(east, 180), min(north, 90))
    declared = known_crs(origin.crs)
    family = _family(declared.name) if declared is not None and declared.is_projected else ""
    for info in query_crs_info("EPSG", PJType.PROJECTED_CRS, area_of_interest=area, contains=False):
        crs = known_crs(f"EPSG:{info.code}")
        if crs is None:
            continue
        order = [family, *_IN_CHINA, *_WORLDWIDE]
        rank = next((n for n, start in enumerate(order) if start and crs.name.startswith(start)), len(order))
        yield rank + (0 if _is_used_at(info.area_of_use, ground) else len(order) + 1), crs


def _is_used_at(area: AreaOfUse | None, ground: BaseGeometry) -> bool:
    """Whether the middle of the ground lies where a system is meant for."""
    x, y = ground.centroid.x, ground.centroid.y
    return (
        area is not None
        and area.south <= y <= area.north
        and (area.west <= x <= area.east or area.west > area.east)
    )


def _family(name: str) -> str:
    """A system's name without its own zone: `CGCS2000 / 3-degree Gauss-Kruger CM `."""
    return re.split(r"(?:CM |zone )?\d+[EWNS]?$", name)[0]


def _to_degrees(crs: str, figures: Coordinates) -> Coordinates:
    try:
        return np.column_stack(_transformer(crs).transform(figures[:, 0], figures[:, 1]))
    except ProjError:
        return np.zeros((0, 2))


@lru_cache(maxsize=256)
def _transformer(crs: str) -> Transformer:
    """A system's way to degrees: making one takes 20 ms, and of the sixty systems of a place each is asked
    twice, and again for the next file. It may be used by several threads."""
    return Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def _none_touches(
    zones: Sequence[Zone],
    metres: float,
    origin: Origin | None,
    datum: Datum,
    ground: BaseGeometry,
    is_own: bool,
) -> Finding:
    far = words("far_from_unit", distance=metres) if is_own else words("far_from_city", distance=metres)
    likely = likely_systems(origin, datum, ground, metres) if origin is not None else []
    if likely:
        systems = [Words(_side(one, 0), _side(one, 1)) for one in likely]
        far = words("far_looks", far=far, systems=systems)
    if origin is not None and origin.is_said:
        far = words("far_said", far=far, system=_label(origin.crs))
    return told("far_away", [zone.name for zone in zones[:3]], far=far)


def _side(label: str, side: int) -> str:
    """The Chinese or English half of a label that has both."""
    head, comma, tail = label.rpartition(", ") if " · " in label else (label, "", "")
    if " · " not in label:
        return label
    return f"{head}{comma}{tail.split(' · ')[side]}"


def _label(crs: str) -> str:
    known = known_crs(crs)
    return crs if crs.startswith("EPSG:") or known is None else known.name


def _stray(zone: Zone, metres: float) -> Finding:
    return told("stray", [zone.name], distance=metres)


def _extent_m(ground: BaseGeometry) -> float:
    west, south, east, north = ground.bounds
    return distance_m((west, south), (east, north))


def _away_m(shape: BaseGeometry, ground: BaseGeometry) -> float:
    """Metres between a shape and the ground, also over the 180th meridian."""
    best = np.inf
    for turn in (0.0, -360.0, 360.0):
        moved = shapely.transform(shape, lambda xy, turn=turn: xy + np.array([turn, 0]))  # type: ignore[misc]
        a, b = shapely.get_coordinates(shapely.shortest_line(moved, ground))
        best = min(best, distance_m((a[0], a[1]), (b[0], b[1])))
    return float(best)
