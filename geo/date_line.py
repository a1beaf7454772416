"""Shapes that cross the 180th meridian: made continuous for work, and cut there for storage.

A shape may come cut at the line, with longitudes beyond 180, or with a jump from 180 to -180 inside a ring.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geo.errors import CrossesDateLine, OutsideTheEarth

_WEST, _EAST = shapely.box(-540, -90, 180, 90), shapely.box(180, -90, 540, 90)


def unwrapped(shape: BaseGeometry, name: str) -> BaseGeometry:
    """A shape whose rings run on where they jump over the line.

    Raises OutsideTheEarth, CrossesDateLine with `name`.
    """
    bounds = np.array(shape.bounds)
    if (
        not np.isfinite(bounds).all()
        or np.abs(bounds[[0, 2]]).max() > 360
        or np.abs(bounds[[1, 3]]).max() > 90
    ):
        raise OutsideTheEarth(name)
    if bounds[2] - bounds[0] <= 180:
        return shape
    return MultiPolygon([_continuous(part, name) for part in _polygons(shape)])


def _polygons(shape: BaseGeometry) -> list[Polygon]:
    if isinstance(shape, Polygon):
        return [shape] if not shape.is_empty else []
    return [one for part in getattr(shape, "geoms", ()) for one in _polygons(part)]


def _continuous(polygon: Polygon, name: str) -> Polygon:
    if polygon.bounds[2] - polygon.bounds[0] <= 180:
        return polygon
    shell = _ring(polygon.exterior, name)
    middle = (shell[:, 0].min() + shell[:, 0].max()) / 2
    holes = [_near(_ring(one, name), middle) for one in polygon.interiors]
    return Polygon(shell, holes)


def _ring(ring: BaseGeometry, name: str) -> NDArray[np.float64]:
    xy = shapely.get_coordinates(ring)
    xy[1:, 0] -= 360 * np.cumsum(np.round(np.diff(xy[:, 0]) / 360))
    if abs(xy[-1, 0] - xy[0, 0]) > 180 or np.ptp(xy[:, 0]) > 180:
        raise CrossesDateLine(name)
    return xy


def _near(xy: NDArray[np.float64], middle: float) -> NDArray[np.float64]:
    own = (xy[:, 0].min() + xy[:, 0].max()) / 2
    return np.asarray(xy + np.array([360 * np.round((middle - own) / 360), 0]))


def side_by_side(shapes: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """The same shapes in one run of longitudes, broken where none of them is.

    Neighbours across the line touch.
    """
    parts = [_polygons(shape) for shape in shapes]
    boxes = np.array([one.bounds for own in parts for one in own]).reshape(-1, 4)
    if not len(boxes):
        return list(shapes)
    start = _emptiest(boxes[:, 0], boxes[:, 2])
    return [_placed(shape, own, start) for shape, own in zip(shapes, parts, strict=True)]


def _emptiest(west: NDArray[np.float64], east: NDArray[np.float64]) -> float:
    """Where to begin: -180 if nothing lies across the line, else the middle of the widest empty stretch."""
    turns = np.floor((west + 180) / 360) * 360
    west, east = west - turns, east - turns
    order = np.argsort(west)
    west, reach = west[order], np.maximum.accumulate(east[order])
    gaps = np.append(west[1:], west[0] + 360) - reach
    widest = int(np.argmax(gaps))
    begin = float(reach[widest] + gaps[widest] / 2)
    is_across = reach[-1] > 180 or (reach[-1] == 180 and west[0] == -180)
    return (begin + 180) % 360 - 180 if is_across else -180.0


def _placed(shape: BaseGeometry, parts: Sequence[Polygon], start: float) -> BaseGeometry:
    shifts = [-360 * np.floor(((one.bounds[0] + one.bounds[2]) / 2 - start) / 360) for one in parts]
    if not any(shifts):
        return shape
    # What was cut at the line is whole again while it is worked with.
    whole = shapely.union_all([_shifted(one, by) for one, by in zip(parts, shifts, strict=True)])
    return MultiPolygon(_polygons(whole))


def _shifted(polygon: BaseGeometry, by: float) -> BaseGeometry:
    return shapely.transform(polygon, lambda xy: xy + np.array([by, 0])) if by else polygon


def crosses(shape: BaseGeometry) -> bool:
    """Whether a part lies on both sides of the line."""
    return any(one.bounds[0] < turn < one.bounds[2] for one in _polygons(shape) for turn in (-180, 180))


def cut(shape: BaseGeometry) -> BaseGeometry:
    """A shape of one run of longitudes with what lies beyond 180 put behind -180, cut exactly at the line."""
    west, _, east, _ = shape.bounds
    if west >= -180 and east <= 180:
        return shape
    if west >= 180:
        return _rounded(_shifted(shape, -360))
    pieces = [shapely.intersection(shape, _WEST), _shifted(shapely.intersection(shape, _EAST), -360)]
    return _rounded(MultiPolygon([one for piece in pieces for one in _polygons(piece)]))


def _rounded(shape: BaseGeometry) -> BaseGeometry:
    """Turned round the earth a figure loses its last digits."""
    return shapely.transform(shape, lambda xy: xy.round(9))
