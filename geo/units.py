"""The small pieces of ground that cells are put together from: hexagons, finer where the customers are.

Everything is drawn in a plane that only stretches degrees (straight stays straight), then noded at once on the grid
that shapes are stored on; so any union of units is exact, and today's cell borders can be units' borders too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.lattice import hexagon_corners
from geo.measure import Coordinates
from geo.shapes import GRID_DEGREES, as_multipolygon

METRES_A_DEGREE = 111_195.0
UNITS_A_CELL = 70
# No unit should weigh more than this share of a cell, else the cells cannot be balanced.
HEAVIEST_UNIT = 0.03
_Shapes = NDArray[np.object_]
_Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Units:
    """Pieces of a territory: shapes, weights, middles in metres, and shared borders as (unit, unit, metres) rows."""

    shapes: _Shapes
    weights: NDArray[np.float64]
    middles: Coordinates
    pairs: _Whole
    borders_m: NDArray[np.float64]


class Plane:
    """Degrees stretched to metres around a shape: straight lines stay straight, which a projection's would not."""

    def __init__(self, around: BaseGeometry) -> None:
        self._scale = np.array([METRES_A_DEGREE * math.cos(math.radians(around.centroid.y)), METRES_A_DEGREE])

    def to_metres(self, lng_lat: Coordinates) -> Coordinates:
        """An (n, 2) array of degrees in metres."""
        return np.asarray(lng_lat * self._scale)

    def to_degrees(self, metres: Coordinates) -> Coordinates:
        """An (n, 2) array of metres in degrees."""
        return np.asarray(metres / self._scale)


def units_of(
    territory: BaseGeometry,
    places: Coordinates,
    workload: NDArray[np.float64],
    cells: int,
    keep: Sequence[BaseGeometry] = (),
) -> Units:
    """Units of a territory for so many cells; borders of the shapes in `keep` are borders of units."""
    plane = Plane(territory)
    area_m2 = shapely.transform(territory, plane.to_metres).area
    radius_m = math.sqrt(area_m2 / (cells * UNITS_A_CELL) / 2.598)
    lines = [*_lattice(territory, places, workload, cells, radius_m), shapely.boundary(territory)]
    lines += [shapely.boundary(shape) for shape in keep]
    noded = shapely.union_all(np.array(lines, dtype=object), grid_size=GRID_DEGREES)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    shapely.prepare(territory)
    faces = faces[shapely.contains(territory, shapely.point_on_surface(faces))]
    owner = shapely.STRtree(faces).query_nearest(shapely.points(places), all_matches=False)
    weights = np.bincount(owner[1], weights=workload[owner[0]], minlength=len(faces)).astype(np.float64)
    pairs, borders_m = _borders(faces, plane)
    return Units(faces, weights, plane.to_metres(shapely.get_coordinates(shapely.centroid(faces))), pairs, borders_m)


def _lattice(
    territory: BaseGeometry, places: Coordinates, workload: NDArray[np.float64], cells: int, radius_m: float
) -> list[BaseGeometry]:
    """Outlines of coarse hexagons, and of finer ones inside those that weigh too much."""
    plane = Plane(territory)
    coarse = _hexagons(territory, plane, radius_m)
    shapely.prepare(territory)
    coarse = coarse[shapely.intersects(territory, coarse)]
    outlines = list(shapely.boundary(coarse))
    limit = workload.sum() / cells * HEAVIEST_UNIT
    tree = shapely.STRtree(coarse)
    place, unit = tree.query(shapely.points(places), predicate="intersects")
    weights = np.bincount(unit, weights=workload[place], minlength=len(coarse))
    for heavy in np.flatnonzero(weights > limit):
        finer = _hexagons(coarse[heavy], plane, radius_m / max(math.sqrt(weights[heavy] / limit), 1.5))
        edges = shapely.union_all(shapely.boundary(finer))
        outlines.append(shapely.intersection(edges, coarse[heavy]))
    return outlines


def _hexagons(around: BaseGeometry, plane: Plane, radius_m: float) -> _Shapes:
    west, south, east, north = np.ravel(plane.to_metres(np.array(around.bounds).reshape(2, 2))).tolist()
    corners = hexagon_corners((west, south, east, north), radius_m)
    degrees = plane.to_degrees(corners.reshape(-1, 2)).reshape(corners.shape)
    return np.asarray(shapely.polygons(degrees.round(9)), dtype=object)


def _borders(faces: _Shapes, plane: Plane) -> tuple[_Whole, NDArray[np.float64]]:
    """Which faces share how many metres: their segments sorted, equal ones side by side."""
    segments, owner = _segments(faces)
    lengths = np.linalg.norm(plane.to_metres(segments[:, 2:]) - plane.to_metres(segments[:, :2]), axis=1)
    order = np.lexsort(segments.T)
    same = (segments[order][1:] == segments[order][:-1]).all(axis=1)
    left, right = owner[order][:-1][same], owner[order][1:][same]
    ends = np.sort(np.stack([left, right], 1), axis=1)
    pairs, group = np.unique(ends, axis=0, return_inverse=True)
    metres = np.bincount(group.ravel(), weights=lengths[order][:-1][same], minlength=len(pairs))
    return pairs.astype(np.int64), metres.astype(np.float64)


def _segments(faces: _Shapes) -> tuple[NDArray[np.float64], _Whole]:
    """Every face's straight pieces as (x, y, x, y) with the lesser end first, and whose each is."""
    rings, face = shapely.get_rings(faces, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    inner = ring[1:] == ring[:-1]
    a, b = points[:-1][inner], points[1:][inner]
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    a[swap], b[swap] = b[swap], a[swap].copy()
    return np.hstack([a, b]), face[ring[:-1][inner]]


def joined(units: Units, parts: _Whole, count: int) -> _Shapes:
    """The shapes of the parts, each the union of its units."""
    order = np.argsort(parts, kind="stable")
    groups = np.split(units.shapes[order], np.searchsorted(parts[order], np.arange(1, count)))
    return np.array([as_multipolygon(shapely.coverage_union_all(group)) for group in groups], dtype=object)
