"""Geometry helpers: validity, parts, slivers, and an exact coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

GRID_DEGREES = 1e-7


def as_multipolygon(shape: BaseGeometry) -> MultiPolygon:
    """A valid MultiPolygon of a shape's area."""
    valid = shapely.make_valid(shape)
    parts = [
        p
        for part in shapely.get_parts(valid)
        for p in shapely.get_parts(part)
        if isinstance(p, Polygon) and not p.is_empty
    ]
    return MultiPolygon(parts)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How well cells cover a territory; areas in the square of the shapes' unit."""

    gap_area: float
    overlaps: list[tuple[int, int, float]]
    gaps: BaseGeometry

    @property
    def is_exact(self) -> bool:
        """No overlap and no gap beyond rounding."""
        return not self.overlaps and self.gap_area == 0


def coverage_of(
    territory: BaseGeometry,
    cells: Sequence[BaseGeometry],
    tolerance: float = 1e-9,
    width: float = 2 * GRID_DEGREES,
) -> Coverage:
    """Gaps and pairwise overlaps of cells against a territory.

    What is below `tolerance` of its area is rounding, and so is what is not broader than `width`: a corner
    put on the storing grid bends its edges by half a centimetre, however long they are.
    """
    least = territory.area * tolerance
    tree = shapely.STRtree(list(cells))
    left, right = tree.query(list(cells), predicate="intersects")
    overlaps = []
    for i, j in zip(left[left < right], right[left < right], strict=True):
        area = broad_parts(shapely.intersection(cells[i], cells[j]), width).area
        if area > least:
            overlaps.append((int(i), int(j), float(area)))
    gaps = broad_parts(shapely.difference(territory, shapely.union_all(np.array(cells, dtype=object))), width)
    gap_area = float(gaps.area)
    return Coverage(gap_area if gap_area > least else 0.0, overlaps, gaps)


def broad_parts(shape: BaseGeometry, width: float) -> MultiPolygon:
    """The parts of a shape that are broader than this on the whole, in the shape's own unit."""
    parts = shapely.get_parts(as_multipolygon(shape))
    return MultiPolygon(list(parts[2 * shapely.area(parts) > width * shapely.length(parts)]))


def filled(shapes: Sequence[BaseGeometry]) -> BaseGeometry:
    """What shapes enclose together: their union without its holes."""
    union = shapely.union_all(np.array(shapes, dtype=object))
    return shapely.union_all([Polygon(part.exterior) for part in shapely.get_parts(as_multipolygon(union))])


def without_overlaps(cells: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Cells of which each point has one.

    What two share stays with the first (slivers of rounding, mostly).
    """
    found = list(cells)
    left, right = shapely.STRtree(found).query(found, predicate="overlaps")
    for i, j in zip(left[left < right].tolist(), right[left < right].tolist(), strict=True):
        found[j] = shapely.difference(found[j], found[i])
    return found


def fill_gaps(territory: BaseGeometry, cells: Sequence[BaseGeometry]) -> list[MultiPolygon]:
    """Cells that cover a territory whole: every gap (slivers of rounding) joins the cell nearest to it."""
    gaps = as_multipolygon(shapely.difference(territory, shapely.union_all(np.array(cells, dtype=object))))
    parts = shapely.get_parts(gaps)
    if len(parts) == 0:
        return [as_multipolygon(cell) for cell in cells]
    nearest = shapely.STRtree(list(cells)).query_nearest(parts, all_matches=False)[1]
    grown = list(cells)
    for index in np.unique(nearest):
        grown[index] = shapely.union_all([cells[index], *parts[nearest == index]])
    return [as_multipolygon(cell) for cell in grown]


def on_grid(cells: Sequence[BaseGeometry], grid: float = GRID_DEGREES) -> list[MultiPolygon]:
    """The same coverage with every corner on the storing grid (1e-7 degrees: a centimetre).

    Storing it then loses nothing.

    Borders are noded by snap rounding (Hobby 1999, as in JTS's OverlayNG), their faces given back to the cell
    each lies in; neighbours then share every corner, and rounding a shared corner opens no gap.
    """
    lines = shapely.union_all(shapely.boundary(np.array(cells, dtype=object)), grid_size=grid)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    inside = shapely.point_on_surface(faces)
    tree = shapely.STRtree(list(cells))
    owner = np.full(len(faces), -1)
    face, cell = tree.query(inside, predicate="within")
    owner[face] = cell
    # A sliver that rounding made lies in no cell; a real hole is wider than the grid and stays one.
    slivers = np.flatnonzero((owner < 0) & (shapely.area(faces) < 2 * grid * shapely.length(faces)))
    if len(slivers):
        owner[slivers] = tree.query_nearest(inside[slivers], all_matches=False)[1]
    digits = round(-np.log10(grid))
    merged = [
        as_multipolygon(shapely.union_all(faces[owner == k], grid_size=grid)) for k in range(len(cells))
    ]
    return [shapely.transform(shape, lambda xy: xy.round(digits)) for shape in merged]
