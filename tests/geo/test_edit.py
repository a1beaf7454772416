"""Editing cells by hand: cover stays exact, few cells change, and what cannot be says why."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from geo.edit import Edited, merge, redraw, split
from geo.errors import LineDoesNotCross, NothingLeft, NotNeighbours
from geo.shapes import coverage_of

ROW: list[BaseGeometry] = [shapely.box(n, 0, n + 1, 1) for n in range(4)]
GROUND = shapely.box(0, 0, 4, 1)


def after(edited: Edited) -> list[BaseGeometry]:
    """All cells once the edit holds."""
    cells: dict[int, BaseGeometry | None] = dict(enumerate(ROW)) | edited
    return [shape for _, shape in sorted(cells.items()) if shape is not None]


def exact(cells: list[BaseGeometry]) -> bool:
    return coverage_of(GROUND, cells).is_exact and bool(
        shapely.coverage_is_valid(np.array(cells, dtype=object))
    )


def test_a_line_splits_a_cell_and_the_larger_side_stays() -> None:
    edited = split(ROW, 1, shapely.LineString([(1.3, -1), (1.3, 2)]))
    assert edited[1].area == pytest.approx(0.7)  # type: ignore[union-attr]
    assert edited[4].area == pytest.approx(0.3)  # type: ignore[union-attr]
    assert exact(after(edited))
    assert set(edited) == {1, 4}


@given(st.floats(-0.3, 1.3), st.floats(-0.3, 1.3), st.floats(0.1, 0.9))
@settings(max_examples=60, deadline=None)
def test_any_line_through_splits_exactly(top: float, bottom: float, bend: float) -> None:
    line = shapely.LineString([(2 + bottom, -0.5), (2 + bend, 0.5), (2 + top, 1.5)])
    try:
        edited = split(ROW, 2, line)
    except LineDoesNotCross:
        assert (
            not shapely.crosses(line, ROW[2])
            or len(shapely.get_parts(shapely.intersection(line, ROW[2]))) > 1
        )
        return
    assert exact(after(edited))


@pytest.mark.parametrize(
    "line",
    [[(1.3, 0.2), (1.3, 0.8)], [(5, 0), (5, 1)], [(1, 0), (1, 1)]],
    ids=["inside", "elsewhere", "along"],
)
def test_a_line_that_does_not_cross_is_refused(line: list[tuple[float, float]]) -> None:
    with pytest.raises(LineDoesNotCross):
        split(ROW, 1, shapely.LineString(line))


def test_neighbours_are_merged_into_the_first() -> None:
    edited = merge(ROW, [2, 1, 3])
    assert edited[1] is None
    assert edited[3] is None
    assert exact(after(edited))
    assert edited[2].area == pytest.approx(3)  # type: ignore[union-attr]


def test_what_does_not_touch_is_not_merged() -> None:
    with pytest.raises(NotNeighbours):
        merge(ROW, [0, 2])


def test_a_border_is_moved_by_drawing_the_cell_anew() -> None:
    edited = redraw(ROW, 1, shapely.box(1.2, 0, 2.5, 1))
    assert exact(after(edited))
    assert edited[1].bounds == (1.2, 0, 2.5, 1)  # type: ignore[union-attr]
    assert edited[0].area == pytest.approx(1.2)  # type: ignore[union-attr]
    assert edited[2].area == pytest.approx(0.5)  # type: ignore[union-attr]
    assert 3 not in edited


def test_a_new_cell_is_drawn_over_others() -> None:
    edited = redraw(ROW, None, shapely.box(0.6, 0.2, 1.4, 0.8))
    assert exact(after(edited))
    assert set(edited) == {0, 1, 4}


def test_ground_outside_is_not_taken() -> None:
    edited = redraw(ROW, 3, shapely.box(3, -1, 9, 2))
    assert exact(after(edited))
    with pytest.raises(NothingLeft):
        redraw(ROW, 3, shapely.box(7, 0, 8, 1))


def test_a_cell_may_not_be_swallowed_by_drawing() -> None:
    with pytest.raises(NothingLeft):
        redraw(ROW, 1, shapely.box(0.5, 0, 3.5, 1))


@given(st.floats(0.2, 3.0), st.floats(0.15, 0.9), st.floats(0, 0.6), st.floats(0.2, 0.9))
@settings(max_examples=60, deadline=None)
def test_whatever_is_drawn_the_ground_is_covered_once(
    west: float, wide: float, south: float, high: float
) -> None:
    shape = shapely.box(west, south, west + wide, south + high)
    try:
        edited = redraw(ROW, None, shape)
    except NothingLeft:
        return
    assert exact(after(edited))


def test_slanting_borders_are_cut_too() -> None:
    corners = [(120.123, 36.017), (120.301, 36.094), (120.277, 36.283), (120.101, 36.219)]
    cell = shapely.Polygon(corners)
    edited = split([cell], 0, shapely.LineString([(120.19, 30), (120.21, 40)]))
    parts = [shape for shape in edited.values() if shape is not None]
    assert len(parts) == 2
    assert sum(part.area for part in parts) == pytest.approx(cell.area, rel=1e-5)
    assert shapely.coverage_is_valid(np.array(parts, dtype=object))
