"""The small pieces of ground that cells are composed of.

The ground nearest to each place of work, or to a few.

Everything is drawn in a plane that only stretches degrees (straight stays straight),
then noded at once on the grid that shapes are stored on; so any union of units is
exact, and today's cell borders can be units' borders too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.measure import Coordinates
from geo.shapes import GRID_DEGREES, as_multipolygon
from geo.sites import borders_between, sites_of

METRES_A_DEGREE = 111_195.0
# As many units has a cell of the usual size where nobody lives; there are more where work is.
UNITS_A_CELL = 40
# No unit should weigh more than this share of a cell, else the cells cannot be balanced; a place that weighs
# more alone is the only exception.
HEAVIEST_UNIT = 0.045
# Digits of degrees within which places are one: borders on the storing grid must have room between two.
_SAME_PLACE = 6
_Shapes = NDArray[np.object_]
_Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Units:
    """Pieces of a territory.

    Shapes, weights, middles in metres, square metres, and shared borders as (unit, unit) rows with metres.
    """

    shapes: _Shapes
    weights: NDArray[np.float64]
    middles: Coordinates
    areas_m2: NDArray[np.float64]
    pairs: _Whole
    borders_m: NDArray[np.float64]


class Plane:
    """Degrees stretched to metres around a shape.

    Straight lines stay straight, which a projection's would not.
    """

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
    shapely.prepare(territory)
    spots, load = different(_on_ground(territory, places), workload)
    ground = shapely.transform(territory, plane.to_metres)
    side_m = math.sqrt(ground.area / (cells * UNITS_A_CELL))
    limit = workload.sum() / cells * HEAVIEST_UNIT
    sites = sites_of(ground, plane.to_metres(spots), load, side_m, limit)
    edges = plane.to_degrees(borders_between(sites, ground).reshape(-1, 2)).reshape(-1, 2, 2)
    lines: list[BaseGeometry] = [*np.asarray(shapely.linestrings(edges)), shapely.boundary(territory)]
    lines += [shapely.boundary(shape) for shape in keep]
    noded = shapely.union_all(np.array(lines, dtype=object), grid_size=GRID_DEGREES)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    faces = faces[shapely.contains(territory, shapely.point_on_surface(faces))]
    spot, face = shapely.STRtree(faces).query_nearest(shapely.points(spots), all_matches=False)
    weights = np.bincount(face, weights=load[spot], minlength=len(faces)).astype(np.float64)
    flat = shapely.transform(faces, plane.to_metres)
    pairs, borders_m = _borders(faces, plane)
    middles = shapely.get_coordinates(shapely.centroid(flat))
    return Units(faces, weights, middles, shapely.area(flat), pairs, borders_m)


def different(places: Coordinates, workload: NDArray[np.float64]) -> tuple[Coordinates, NDArray[np.float64]]:
    """The places where there is work, what lies together (a tenth of a metre) as one."""
    spots, place = np.unique(places[workload > 0].round(_SAME_PLACE), axis=0, return_inverse=True)
    return spots, np.bincount(place.ravel(), weights=workload[workload > 0], minlength=len(spots)).astype(
        np.float64
    )


def _on_ground(territory: BaseGeometry, places: Coordinates) -> Coordinates:
    """The places, those outside moved to the ground's nearest point: they count for the cell there."""
    outside = ~shapely.intersects_xy(territory, places[:, 0], places[:, 1])
    if not outside.any():
        return places
    found = places.copy()
    way = shapely.shortest_line(shapely.points(places[outside]), territory)
    found[outside] = shapely.get_coordinates(way)[1::2]
    return found


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
