"""Lays out printed maps: a conformal projection around the middle, round scales, and views for pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from geo.errors import NothingInside

Shapes = NDArray[np.object_]
Box = tuple[float, float, float, float]
# Scales people expect, times a power of ten.
_ROUND = (
    1,
    1.1,
    1.2,
    1.25,
    1.3,
    1.4,
    1.5,
    1.6,
    1.75,
    2,
    2.25,
    2.5,
    2.75,
    3,
    3.5,
    4,
    4.5,
    5,
    5.5,
    6,
    6.5,
    7,
    7.5,
    8,
    9,
    10,
)
_FINEST, _MARGIN_MM = 200, 3.0
# What is finer than this on paper no printer shows.
_FINE_MM = 0.03
MOST_VIEWS = 60
_FEW = 3


def plane_around(shapes: Sequence[BaseGeometry]) -> Shapes:
    """Shapes in degrees as metres (east, north) on a stereographic plane around their middle.

    180° is no border.

    True to angles everywhere, to scale within 0.01 % at 100 km from the middle. Raises NothingInside.
    """
    found = np.asarray(shapes, dtype=object)
    degrees = shapely.get_coordinates(found)
    if len(degrees) == 0:
        raise NothingInside
    lng, lat = np.radians(degrees).T
    x, y, z = (np.cos(lat) * np.cos(lng)).mean(), (np.cos(lat) * np.sin(lng)).mean(), np.sin(lat).mean()
    middle = np.degrees([np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))])
    plane = f"+proj=stere +lat_0={middle[1]:.6f} +lon_0={middle[0]:.6f} +datum=WGS84 +units=m"
    to_plane = Transformer.from_crs("EPSG:4326", plane, always_xy=True)
    moved = shapely.transform(found, lambda xy: np.column_stack(to_plane.transform(xy[:, 0], xy[:, 1])))
    return np.asarray(shapely.make_valid(moved), dtype=object)


@dataclass(frozen=True, slots=True)
class View:
    """What a frame of so many millimetres shows: the plane around a place (metres), 1 : scale."""

    east: float
    north: float
    scale: int
    width: float
    height: float

    @property
    def box(self) -> Box:
        """Its ground in metres: west, south, east, north."""
        x, y = self.width * self.scale / 2000, self.height * self.scale / 2000
        return self.east - x, self.north - y, self.east + x, self.north + y

    def on_paper(self, shapes: Shapes) -> Shapes:
        """Shapes as millimetres from the frame's upper left, cut at the frame and as fine as paper shows."""
        west, _, _, north = self.box
        inside = shapely.clip_by_rect(shapes, *self.box)
        factor = 1000 / self.scale
        moved = shapely.transform(
            inside, lambda xy: np.column_stack([xy[:, 0] - west, north - xy[:, 1]]) * factor
        )
        return np.asarray(shapely.simplify(moved, _FINE_MM), dtype=object)


def around(boxes: NDArray[np.float64]) -> Box:
    """The box around all of these (n, 4)."""
    west, south = np.nanmin(boxes[:, :2], axis=0).tolist()
    east, north = np.nanmax(boxes[:, 2:], axis=0).tolist()
    return west, south, east, north


def round_scale(least: float) -> int:
    """The finest round scale that is not finer than 1 : least."""
    least = max(least, _FINEST)
    power = 10.0 ** int(log10(least))
    return round(next(step * power for step in _ROUND if step * power >= least * (1 - 1e-9)))


def view_of(box: Box, frames: Sequence[tuple[float, float]]) -> View:
    """The view of a box in metres at the finest round scale that one of these frames (mm) allows."""
    west, south, east, north = box
    scales = [
        round_scale(
            1000 * max((east - west) / (width - 2 * _MARGIN_MM), (north - south) / (height - 2 * _MARGIN_MM))
        )
        for width, height in frames
    ]
    best = int(np.argmin(scales))
    return View((west + east) / 2, (south + north) / 2, scales[best], *frames[best])


def bar_of(scale: int, most_mm: float) -> tuple[float, int]:
    """Metres of a scale bar no longer than this, and in how many parts it is drawn.

    1, 2 or 5 times a power of ten.
    """
    most = most_mm * scale / 1000
    power = 10.0 ** int(np.floor(np.log10(most)))
    step = next(one for one in (5, 2, 1) if one * power <= most * (1 + 1e-9))
    return step * power, {1: 2, 2: 4, 5: 5}[step]


def views_of(
    boxes: NDArray[np.float64],
    members: Sequence[int],
    frames: Sequence[tuple[float, float]],
    fits: Callable[[View, Sequence[int]], bool],
) -> Iterator[tuple[View, list[int]]]:
    """Views of these members (rows of boxes in metres).

    Halved along the longer way until each view fits or holds few.
    """
    waiting, made = [list(members)] if members else [], 0
    while waiting:
        group = waiting.pop()
        box, (west, south, east, north) = boxes[group], around(boxes[group])
        view = view_of((west, south, east, north), frames)
        if len(group) <= _FEW or made + len(waiting) + 1 >= MOST_VIEWS or fits(view, group):
            made += 1
            yield view, group
            continue
        axis = 0 if east - west >= north - south else 1
        middles = box[:, axis] + box[:, axis + 2]
        # West before east, north before south: the order in which people read.
        order = np.argsort(middles if axis == 0 else -middles, kind="stable")
        half = len(group) // 2
        waiting += [[group[n] for n in order[half:]], [group[n] for n in order[:half]]]
