"""Small truths about shapes: validity, parts, slivers, and an exact coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry


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


def coverage_of(territory: BaseGeometry, cells: Sequence[BaseGeometry], tolerance: float = 1e-9) -> Coverage:
    """Gaps and pairwise overlaps of cells against a territory; what is below `tolerance` of its area is rounding."""
    least = territory.area * tolerance
    tree = shapely.STRtree(list(cells))
    left, right = tree.query(list(cells), predicate="intersects")
    overlaps = []
    for i, j in zip(left[left < right], right[left < right], strict=True):
        area = shapely.intersection(cells[i], cells[j]).area
        if area > least:
            overlaps.append((int(i), int(j), float(area)))
    gaps = shapely.difference(territory, shapely.union_all(np.array(cells, dtype=object)))
    gap_area = float(gaps.area)
    return Coverage(gap_area if gap_area > least else 0.0, overlaps, gaps)


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
