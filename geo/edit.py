"""Edits cells by hand: split by a line, merge, draw anew.

Each keeps the ground covered once, and touches few cells.

An edit takes all cells of the ground as (n) shapes and gives the changed ones alone:
index -> new shape, where indexes from n on are new cells, and a cell that ends is None.
Corners stay on the storing grid and are shared by neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import LineDoesNotCross, NothingLeft, NotNeighbours
from geo.shapes import GRID_DEGREES, as_multipolygon, on_grid

Edited = dict[int, BaseGeometry | None]


def split(cells: Sequence[BaseGeometry], cell: int, line: BaseGeometry) -> Edited:
    """One cell cut in two by a line: the larger side stays the cell, the smaller becomes a new one.

    Raises LineDoesNotCross unless the line runs from border to border.
    """
    whole, line = cells[cell], shapely.set_precision(shapely.force_2d(line), GRID_DEGREES)
    # Noded on the grid: a point computed on a slanting border would else lie beside it, and
    # nothing would be cut.
    edges = shapely.union_all([shapely.boundary(whole), line], grid_size=GRID_DEGREES)
    pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(edges)))
    pieces = pieces[shapely.contains(whole, shapely.point_on_surface(pieces))]
    if len(pieces) <= len(shapely.get_parts(whole)):
        raise LineDoesNotCross
    sides = _two_sides(list(pieces), line)
    sides.sort(key=lambda side: -side.area)
    return _settled(cells, {cell: sides[0], len(cells): sides[1]})


def _two_sides(pieces: Sequence[BaseGeometry], line: Any) -> list[BaseGeometry]:
    """Pieces sorted by the side of the line they lie on.

    A line of several bends is told by its own crossing pieces.
    """
    groups: list[list[BaseGeometry]] = [[], []]
    start, end = np.array(line.coords[0]), np.array(line.coords[-1])
    for piece in pieces:
        inside = shapely.point_on_surface(piece)
        near = shapely.line_locate_point(line, inside)
        before, after = (_on(line, at) for at in (max(near - 1e-6, 0), min(near + 1e-6, line.length)))
        along = after - before if np.any(after != before) else end - start
        off = np.array(inside.coords[0]) - before
        groups[int(along[0] * off[1] - along[1] * off[0] > 0)].append(piece)
    if not groups[0] or not groups[1]:
        groups = _in_turn(pieces)
    return [shapely.union_all(group) for group in groups]


def _in_turn(pieces: Sequence[BaseGeometry]) -> list[list[BaseGeometry]]:
    """Pieces of which each lies across a border from one of the other side.

    For a line that comes so near to itself that it says nothing of sides. What has no border with another
    stays with the largest.
    """
    side: dict[int, int] = {}
    order = sorted(range(len(pieces)), key=lambda n: -pieces[n].area)
    for first in order:
        queue = [] if first in side else [first]
        side.setdefault(first, 0)
        while queue:
            one = queue.pop()
            near = [n for n in order if n not in side and _shares_border(pieces[n], pieces[one])]
            side |= dict.fromkeys(near, 1 - side[one])
            queue += near
    return [[piece for n, piece in enumerate(pieces) if side[n] == here] for here in (0, 1)]


def _on(line: Any, at: float) -> np.ndarray[Any, Any]:
    return np.array(shapely.line_interpolate_point(line, at).coords[0])


def merge(cells: Sequence[BaseGeometry], chosen: Sequence[int]) -> Edited:
    """Several cells made one: the first stays, the others end.

    Raises NotNeighbours if they do not hang together.
    """
    first, *others = chosen
    left, group = set(others), [first]
    while left:
        # Neighbours share a border, not just a corner.
        near = {n for n in left if any(_shares_border(cells[n], cells[m]) for m in group)}
        if not near:
            raise NotNeighbours(*sorted(left))
        group += sorted(near)
        left -= near
    ended: Edited = dict.fromkeys(others)
    return ended | {first: as_multipolygon(shapely.union_all([cells[n] for n in group]))}


def _shares_border(one: BaseGeometry, other: BaseGeometry) -> bool:
    return bool(
        shapely.length(shapely.intersection(one, other)) > 0 or shapely.intersection(one, other).area > 0
    )


def redraw(cells: Sequence[BaseGeometry], cell: int | None, shape: BaseGeometry) -> Edited:
    """A cell's outline drawn anew (or a new cell drawn): it takes from its neighbours what the shape covers.

    What it gives up joins the neighbour with the longest shared border. Ground outside all cells is not
    taken. Raises NothingLeft if a cell (this one or another) would have no ground.
    """
    ground = shapely.union_all(np.array(cells, dtype=object))
    drawn = shapely.set_precision(shapely.make_valid(shapely.force_2d(shape)), GRID_DEGREES)
    wanted = as_multipolygon(shapely.intersection(drawn, ground))
    if wanted.is_empty:
        raise NothingLeft
    edited: Edited = {len(cells) if cell is None else cell: wanted}
    for n in shapely.STRtree(list(cells)).query(wanted, predicate="intersects").tolist():
        if n != cell and shapely.intersection(cells[n], wanted).area > 0:
            edited[n] = as_multipolygon(shapely.difference(cells[n], wanted))
    if cell is not None:
        _give_up(cells, cell, wanted, edited)
    if any(shape is None or shape.is_empty for shape in edited.values()):
        raise NothingLeft
    return _settled(cells, edited)


def _give_up(cells: Sequence[BaseGeometry], cell: int, wanted: BaseGeometry, edited: Edited) -> None:
    for piece in shapely.get_parts(as_multipolygon(shapely.difference(cells[cell], wanted))):
        near = [n for n in range(len(cells)) if n != cell and shapely.intersects(cells[n], piece)]
        borders = [(shapely.length(shapely.intersection(piece.boundary, cells[n].boundary)), n) for n in near]
        longest, taker = max(borders, default=(0.0, cell))
        taker = taker if longest > 0 else cell
        edited[taker] = as_multipolygon(shapely.union(edited.get(taker) or cells[taker], piece))


def _settled(cells: Sequence[BaseGeometry], edited: Mapping[int, BaseGeometry | None]) -> Edited:
    """The changed cells with corners on the grid, and neighbours that gain a corner on a shared border."""
    touched = {n: shape for n, shape in edited.items() if shape is not None}
    hull = shapely.union_all(list(touched.values()))
    around = [
        n
        for n in shapely.STRtree(list(cells)).query(hull, predicate="intersects").tolist()
        if n not in edited
    ]
    order = [*touched, *around]
    snapped = on_grid([*touched.values(), *(cells[n] for n in around)])
    found: Edited = {n: None for n, shape in edited.items() if shape is None}
    for n, shape in zip(order, snapped, strict=True):
        if n in touched or not _same(shape, cells[n]):
            found[n] = shape
    return found


def _same(one: BaseGeometry, other: BaseGeometry) -> bool:
    return bool(shapely.equals_exact(shapely.normalize(one), shapely.normalize(as_multipolygon(other))))
