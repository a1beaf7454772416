"""Lengths and areas in metres from degrees: a local projection, and great circles for distances."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

from geo.errors import NothingInside

EARTH_RADIUS_M = 6_371_008.8
Coordinates = NDArray[np.float64]


@lru_cache(maxsize=32)
def _transformer(zone: int, south: bool, to_metres: bool) -> Callable[..., tuple[Coordinates, Coordinates]]:
    utm = f"EPSG:{32700 + zone if south else 32600 + zone}"
    ends = ("EPSG:4326", utm) if to_metres else (utm, "EPSG:4326")
    transform: Callable[..., tuple[Coordinates, Coordinates]] = Transformer.from_crs(
        *ends, always_xy=True
    ).transform
    return transform


class LocalMetres:
    """The UTM zone around a shape: degrees (lng, lat) in, metres (east, north) out, and back."""

    def __init__(self, around: BaseGeometry) -> None:
        if around.is_empty:
            raise NothingInside
        center = _center(around)
        self._zone, self._south = int((center.x + 180) // 6) + 1, center.y < 0

    def to_metres(self, shape: BaseGeometry) -> BaseGeometry:
        """A shape in metres."""
        return shapely.transform(shape, lambda xy: self.points_to_metres(xy))

    def to_degrees(self, shape: BaseGeometry) -> BaseGeometry:
        """A shape in degrees."""
        return shapely.transform(shape, lambda xy: self.points_to_degrees(xy))

    def points_to_metres(self, lng_lat: Coordinates) -> Coordinates:
        """An (n, 2) array of degrees as metres."""
        return np.column_stack(_transformer(self._zone, self._south, True)(lng_lat[:, 0], lng_lat[:, 1]))

    def points_to_degrees(self, east_north: Coordinates) -> Coordinates:
        """An (n, 2) array of metres as degrees."""
        return np.column_stack(
            _transformer(self._zone, self._south, False)(east_north[:, 0], east_north[:, 1])
        )


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle metres between two (lng, lat) places."""
    a_lat, b_lat = radians(a[1]), radians(b[1])
    h = sin((a_lat - b_lat) / 2) ** 2 + cos(a_lat) * cos(b_lat) * sin(radians(a[0] - b[0]) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(min(h, 1.0)))


def distances_m(a: Coordinates, b: Coordinates) -> Coordinates:
    """Great-circle metres between every two places of an (n, 2) and an (m, 2) array of (lng, lat): (n, m)."""
    a_rad, b_rad = np.radians(a), np.radians(b)
    d_lng = a_rad[:, None, 0] - b_rad[None, :, 0]
    d_lat = a_rad[:, None, 1] - b_rad[None, :, 1]
    h = (
        np.sin(d_lat / 2) ** 2
        + np.cos(a_rad[:, None, 1]) * np.cos(b_rad[None, :, 1]) * np.sin(d_lng / 2) ** 2
    )
    found: Coordinates = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(h, 0, 1)))
    return found


def area_m2(shape: BaseGeometry) -> float:
    """Square metres of a shape in degrees, on the ellipsoid's equal-area plane around it."""
    if shape.is_empty:
        return 0.0
    if _is_wide(shape):
        return sum(area_m2(part) for part in shapely.get_parts(shape))
    center = shape.centroid
    to_plane = _equal_area(round(center.x), round(center.y))
    return float(shapely.transform(shape, lambda xy: np.column_stack(to_plane(xy[:, 0], xy[:, 1]))).area)


def _is_wide(shape: BaseGeometry) -> bool:
    """Whether a shape has parts on both sides of the 180th meridian, and so no middle between them."""
    west, _, east, _ = shape.bounds
    return east - west > 180 and len(getattr(shape, "geoms", ())) > 1


def _center(shape: BaseGeometry) -> shapely.Point:
    """A shape's middle; of one that is cut at the 180th meridian the middle of its largest part."""
    if _is_wide(shape):
        shape = max(shape.geoms, key=lambda part: part.area)  # type: ignore[attr-defined]
    return shape.centroid


@lru_cache(maxsize=32)
def _equal_area(lng: int, lat: int) -> Callable[..., tuple[Coordinates, Coordinates]]:
    plane = f"+proj=laea +lat_0={lat} +lon_0={lng} +datum=WGS84 +units=m"
    transform: Callable[..., tuple[Coordinates, Coordinates]] = Transformer.from_crs(
        "EPSG:4326", plane, always_xy=True
    ).transform
    return transform
