"""Places labels within cells on a map.

What of a cell's wordings fits inside it and where, and a short line to it where nothing does.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

MM_PER_POINT = 0.3528
# Between the letters and the cell's border, and between lines as a part of their size.
_AIR_MM, LEADING = 0.35, 0.16
_AIR = np.array([-1, -1, 1, 1]) * _AIR_MM
_WIDE, _NARROW = frozenset("WF"), frozenset(" .,:;'|!ijlI·-()")
_ACROSS = np.linspace(0, 1, 11)[1:-1]
_TURNS = np.linspace(0, 2 * np.pi, 16, endpoint=False)
# Places around a cell, the nearest first; letters are wide, so to the side they stand further off.
_AROUND = np.array(
    [(1.5 * r * np.cos(a), -r * np.sin(a)) for r in (2.5, 3.5, 5.0, 7.0, 10.0, 14.0) for a in _TURNS]
)


@dataclass(frozen=True, slots=True)
class Wording:
    """What may stand in a cell.

    Its lines, their size in points, and how much of what was wanted it says (0: all).
    """

    lines: tuple[str, ...]
    size: float
    rank: int

    @property
    def width(self) -> float:
        """Millimetres of the longest line."""
        return max(map(width_of, self.lines)) * self.size * MM_PER_POINT

    @property
    def height(self) -> float:
        """Millimetres of all lines."""
        lines = len(self.lines)
        return (lines + (lines - 1) * LEADING) * self.size * MM_PER_POINT


@dataclass(frozen=True, slots=True)
class Label:
    """A wording with its middle at a place of the paper (mm).

    `of` is what it points at where it stands outside.
    """

    x: float
    y: float
    wording: Wording
    of: tuple[float, float] | None = None


@lru_cache(maxsize=16_384)
def width_of(line: str) -> float:
    """The width of a line in its own size, rather a little too wide than too narrow."""
    return sum(_width(sign) for sign in line)


def _width(sign: str) -> float:
    if unicodedata.combining(sign):
        return 0.0
    if unicodedata.east_asian_width(sign) in _WIDE:
        return 1.02
    if sign in _NARROW:
        return 0.36
    if sign.isdigit():
        return 0.6
    return 0.92 if sign in "mwMW@%" else 0.7 if sign.isupper() else 0.62


def cut(line: str, most: float) -> str:
    """A line of at most this width (in its own size), with a sign where something is left out."""
    if width_of(line) <= most:
        return line
    while line and width_of(line) > most - 1:
        line = line[:-1]
    return line.rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Site:
    """A cell's largest part (mm), and places in it with room around them.

    The roomiest (its pole of inaccessibility) comes first.
    """

    part: Polygon
    places: NDArray[np.float64]


class Lettering:
    """The letters of one page: what stands there already is not written over."""

    def __init__(self, width: float, height: float) -> None:
        self._frame = (width, height)
        self._taken: list[tuple[float, float, float, float]] = []

    def inside(self, site: Site | None, wordings: Sequence[Wording]) -> Label | None:
        """The first of the wordings that fits into a cell, where it has most room."""
        if site is None:
            return None
        west, north, east, south = site.part.bounds
        for wording in wordings:
            width, height = wording.width, wording.height
            if width + 2 * _AIR_MM > east - west or height + 2 * _AIR_MM > south - north:
                continue
            half = np.array([width, height]) / 2
            boxes = np.hstack([site.places - half, site.places + half])
            air = shapely.box(*(boxes + _AIR).T)
            for n in np.flatnonzero(shapely.contains_properly(site.part, air)):
                if self._take(boxes[n]):
                    return Label(float(site.places[n, 0]), float(site.places[n, 1]), wording)
        return None

    def beside(
        self, site: Site | None, wordings: Sequence[Wording], ground: BaseGeometry, *, may_cover: bool = False
    ) -> Label | None:
        """The first of the wordings with room near a cell too small for it, as near as can be.

        Off the `ground`, or where it `may_cover` that; None where there is no room.
        """
        if site is None:
            return None
        of = shapely.point_on_surface(site.part)
        x, y = of.x + _AROUND[:, 0], of.y + _AROUND[:, 1]
        is_off = ~shapely.intersects_xy(ground, x, y)
        if not (is_off.any() or may_cover):
            return None
        spots = np.column_stack([x, y]) if may_cover else np.column_stack([x, y])[is_off]
        for wording in wordings:
            half = np.array([wording.width, wording.height]) / 2 + _AIR_MM
            boxes = np.hstack([spots - half, spots + half])
            covers = shapely.intersects(ground, shapely.box(*boxes.T))
            order = np.argsort(covers, kind="stable") if may_cover else np.flatnonzero(~covers)
            for n in order:
                if self._take(boxes[n]):
                    return Label(float(spots[n, 0]), float(spots[n, 1]), wording, (float(of.x), float(of.y)))
        return None

    def free(self, boxes: Sequence[tuple[float, float, float, float]]) -> int:
        """The first of these boxes nothing stands in (then it is taken), else the first."""
        return next((n for n, box in enumerate(boxes) if self._take(np.array(box))), 0)

    def _take(self, box: NDArray[np.float64]) -> bool:
        west, top, east, bottom = box.tolist()
        if west < 0 or top < 0 or east > self._frame[0] or bottom > self._frame[1]:
            return False
        if any(w < east and e > west and t < bottom and b > top for w, t, e, b in self._taken):
            return False
        self._taken.append((west, top, east, bottom))
        return True


def roomiest(shape: BaseGeometry) -> tuple[float, float]:
    """Where a name stands best: the place in a shape's largest part that is furthest from its border."""
    part = _largest(shape)
    if part is None:
        middle = shapely.Point(0, 0) if shape.is_empty else shapely.centroid(shape)
        return float(middle.x), float(middle.y)
    x, y = shapely.get_coordinates(shapely.maximum_inscribed_circle(part, max(part.length / 400, 1e-9)))[
        0
    ].tolist()
    return x, y


def _largest(shape: BaseGeometry) -> Polygon | None:
    parts = [one for one in shapely.get_parts(shape) if isinstance(one, Polygon) and not one.is_empty]
    return max(parts, key=lambda one: float(one.area), default=None)


def site_of(shape: BaseGeometry) -> Site | None:
    """Where letters can stand in a shape's largest part; None where it has no area."""
    part = _largest(shape)
    if part is None:
        return None
    west, south, east, north = part.bounds
    pole = shapely.get_coordinates(shapely.maximum_inscribed_circle(part, max(part.length / 400, 1e-3)))[:1]
    x, y = np.meshgrid(west + (east - west) * _ACROSS, south + (north - south) * _ACROSS)
    grid = np.column_stack([x.ravel(), y.ravel()])
    grid = grid[shapely.contains_xy(part, grid)]
    room = shapely.distance(shapely.points(grid), part.exterior)
    middle = shapely.get_coordinates(shapely.centroid(part))
    shapely.prepare(part)
    return Site(part, np.vstack([pole, middle, grid[np.argsort(-room, kind="stable")][:16]]))
