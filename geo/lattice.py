"""Regular grids over a territory: squares, hexagons and H3 cells, cut at its border exactly.

Corners are laid out in metres and kept in degrees, so that neighbours share the very same corners. Only
members that the border cuts are noded against it, all at once (Hobby 1999, as in JTS's OverlayNG), so that
two of them agree on every cut; each piece becomes a cell of its own.
"""

from __future__ import annotations

import math

import h3
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.errors import NothingInside, TooManyCells
from geo.measure import LocalMetres

Shapes = NDArray[np.object_]
MOST_CELLS = 200_000
# Two corners of neighbours are rounded alike (1e-9 degrees: a tenth of a millimetre).
_DIGITS = 9
_HEX = np.array([(math.cos(a), math.sin(a)) for a in np.radians([30, 90, 150, 210, 270, 330])])
_SQUARE = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float64)


def squares(territory: BaseGeometry, side_m: float) -> Shapes:
    """Square cells of `side_m`, cut at the border. Raises TooManyCells, NothingInside."""
    metres = LocalMetres(territory)
    west, south, east, north = _bounds_m(territory, metres, side_m**2)
    x, y = np.meshgrid(np.arange(west, east, side_m), np.arange(south, north, side_m))
    corners = np.stack([x.ravel(), y.ravel()], 1)[:, None, :] + side_m * _SQUARE[None, :, :]
    return clip(_in_degrees(corners, metres), territory)


def hexagons(territory: BaseGeometry, radius_m: float) -> Shapes:
    """Hexagons whose corners lie `radius_m` from their middle, cut at the border.

    Raises TooManyCells, NothingInside.
    """
    metres = LocalMetres(territory)
    bounds = _bounds_m(territory, metres, 2.598 * radius_m**2)
    return clip(_in_degrees(hexagon_corners(bounds, radius_m), metres), territory)


def h3_cells(territory: BaseGeometry, resolution: int) -> Shapes:
    """H3 cells (Uber's hexagons, known to other systems by their ids), cut at the border.

    Raises as `squares`.

    Members are taken where they overlap: H3's own centre mode leaves the border uncovered. A MultiPolygon is
    asked part by part, which names cells on two parts twice.
    """
    metres = LocalMetres(territory)
    _bounds_m(territory, metres, h3.average_hexagon_area(resolution, unit="m^2"))
    found: set[str] = set()
    for part in shapely.get_parts(territory):
        found |= set(h3.h3shape_to_cells_experimental(h3.geo_to_h3shape(part), resolution, contain="overlap"))
    rings = [[(lng, lat) for lat, lng in h3.cell_to_boundary(cell)] for cell in sorted(found)]
    return clip(
        np.array([shapely.Polygon(np.round(ring, _DIGITS)) for ring in rings], dtype=object), territory
    )


def hexagon_corners(bounds: tuple[float, float, float, float], radius_m: float) -> NDArray[np.float64]:
    """Corners (n, 6, 2) of the hexagons that cover a box in metres."""
    west, south, east, north = bounds
    dx, dy = math.sqrt(3) * radius_m, 1.5 * radius_m
    column, row = np.meshgrid(
        np.arange(-1, int((east - west) / dx) + 2), np.arange(-1, int((north - south) / dy) + 2)
    )
    x, y = west + (column + 0.5 * (row % 2)) * dx, south + row * dy
    # Shared corners are rounded alike, so that neighbours' edges are the same edges.
    return np.round(np.stack([x.ravel(), y.ravel()], 1)[:, None, :] + radius_m * _HEX[None, :, :], 3)


def clip(lattice: Shapes, territory: BaseGeometry) -> Shapes:
    """Members of a lattice inside a territory.

    Those its border cuts fall into pieces, each a cell of its own.

    Raises NothingInside when no member meets the territory.
    """
    shapely.prepare(territory)
    lattice = lattice[shapely.intersects(territory, lattice)]
    if len(lattice) == 0:
        raise NothingInside
    whole = shapely.contains_properly(territory, lattice)
    cut = lattice[~whole]
    edges = shapely.union_all([*shapely.boundary(cut), shapely.boundary(territory)])
    pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(edges)))
    inside = shapely.point_on_surface(pieces)
    # A piece may also be what the ring of cut members encloses: land that whole members cover.
    is_cut = np.zeros(len(pieces), dtype=bool)
    is_cut[shapely.STRtree(cut).query(inside, predicate="within")[0]] = True
    pieces = pieces[is_cut & shapely.contains(territory, inside)]
    return np.concatenate([lattice[whole], pieces])


def _in_degrees(corners_m: NDArray[np.float64], metres: LocalMetres) -> Shapes:
    corners = metres.points_to_degrees(corners_m.reshape(-1, 2)).round(_DIGITS).reshape(corners_m.shape)
    return np.asarray(shapely.polygons(corners), dtype=object)


def _bounds_m(
    territory: BaseGeometry, metres: LocalMetres, cell_area_m2: float
) -> tuple[float, float, float, float]:
    area = metres.to_metres(territory)
    if area.area / cell_area_m2 > MOST_CELLS:
        raise TooManyCells
    west, south, east, north = area.bounds
    return west, south, east, north


def merge_slivers(cells: Shapes, least_share: float = 0.05) -> Shapes:
    """Pieces below `least_share` of the median area join the neighbour with the longest shared border.

    A piece without neighbours (an islet) stays.
    """
    kept = list(cells)
    areas = shapely.area(cells)
    order = np.flatnonzero(areas < least_share * np.median(areas))
    tree = shapely.STRtree(cells)
    into: dict[int, int] = {}
    for small in order[np.argsort(areas[order])].tolist():
        near = [
            _root(into, int(n)) for n in tree.query(kept[small], predicate="intersects") if int(n) != small
        ]
        borders = [(_shared_border(kept[small], kept[n]), n) for n in near if n != small]
        length, neighbour = max(borders, default=(0.0, -1))
        if length > 0:
            kept[neighbour] = shapely.union(kept[neighbour], kept[small])
            into[small] = neighbour
    return np.array([shape for n, shape in enumerate(kept) if n not in into], dtype=object)


def _root(into: dict[int, int], cell: int) -> int:
    while cell in into:
        cell = into[cell]
    return cell


def _shared_border(one: BaseGeometry, other: BaseGeometry) -> float:
    return float(shapely.length(shapely.intersection(one.boundary, other.boundary)))
