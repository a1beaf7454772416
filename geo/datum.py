"""Datums and projections: converts GCJ-02, BD-09 and projected coordinates to WGS-84 and back.

GCJ-02 and BD-09 have no published definition; these are the well-known approximations (eviltransform, 2013),
turned round by iteration to a millimetre.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from geo.errors import UnknownCrs
from geo.measure import Coordinates

_A, _EE = 6_378_245.0, 0.006_693_421_622_965_943
_X_PI = np.pi * 3000 / 180
# A fit this much better than the declared datum's is worth a word; coastlines drawn coarsely differ by less.
_CLEARLY_BETTER = 1.002
# What fits less of the smaller of the two is new ground, and no shifted one.
_GOOD = 0.9


class Datum(StrEnum):
    """What coordinates in degrees may be on; CGCS2000 is WGS-84 to a few centimetres."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


# What people call them.
DATUM_NAMES = {
    Datum.WGS84: ("WGS-84", "WGS-84"),
    Datum.GCJ02: ("GCJ-02（高德、腾讯）", "GCJ-02"),
    Datum.BD09: ("BD-09（百度）", "BD-09"),
}


def to_wgs84(places: Coordinates, datum: Datum) -> Coordinates:
    """(n, 2) degrees (lng, lat) of a datum as WGS-84."""
    if datum is Datum.WGS84:
        return places
    if datum is Datum.BD09:
        return _inverse(_wgs_to_bd, places)
    return _inverse(_wgs_to_gcj, places)


def from_wgs84(places: Coordinates, datum: Datum) -> Coordinates:
    """(n, 2) degrees of WGS-84 on another datum."""
    if datum is Datum.WGS84:
        return places
    return _wgs_to_gcj(places) if datum is Datum.GCJ02 else _wgs_to_bd(places)


def _inverse(forward: Callable[[Coordinates], Coordinates], places: Coordinates) -> Coordinates:
    found = places.copy()
    for _ in range(30):
        step = places - forward(found)
        found = found + step
        if len(step) == 0 or np.abs(step).max() < 1e-9:
            break
    return found


def _wgs_to_gcj(places: Coordinates) -> Coordinates:
    x, y = places[:, 0] - 105.0, places[:, 1] - 35.0
    waves = (20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)) * 2 / 3
    lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + waves
    lat += (20 * np.sin(np.pi * y) + 40 * np.sin(np.pi / 3 * y)) * 2 / 3
    lat += (160 * np.sin(np.pi / 12 * y) + 320 * np.sin(np.pi / 30 * y)) * 2 / 3
    lng = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + waves
    lng += (20 * np.sin(np.pi * x) + 40 * np.sin(np.pi / 3 * x)) * 2 / 3
    lng += (150 * np.sin(np.pi / 12 * x) + 300 * np.sin(np.pi / 30 * x)) * 2 / 3
    phi = np.radians(places[:, 1])
    magic = 1 - _EE * np.sin(phi) ** 2
    lat = lat * 180 / (_A * (1 - _EE) / (magic * np.sqrt(magic)) * np.pi)
    lng = lng * 180 / (_A / np.sqrt(magic) * np.cos(phi) * np.pi)
    in_china = (
        (places[:, 0] > 72.004)
        & (places[:, 0] < 137.8347)
        & (places[:, 1] > 0.8293)
        & (places[:, 1] < 55.8271)
    )
    return np.asarray(places + np.where(in_china[:, None], np.stack([lng, lat], 1), 0.0))


def _wgs_to_bd(places: Coordinates) -> Coordinates:
    x, y = _wgs_to_gcj(places).T
    z = np.hypot(x, y) + 0.00002 * np.sin(y * _X_PI)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * _X_PI)
    return np.stack([z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006], 1)


# Degrees that are WGS-84's, to a few centimetres.
_DEGREES = {"EPSG:4326", "OGC:CRS84", "EPSG:4490"}


def known_crs(said: str) -> CRS | None:
    """The coordinate system of a name, a number or WKT; None for what is none."""
    try:
        return CRS.from_user_input(said)
    except CRSError:
        return None


def reprojected(shapes: Sequence[BaseGeometry], crs: str) -> list[BaseGeometry]:
    """Shapes of any coordinate system pyproj knows (`EPSG:4549`, WKT) in degrees. Raises UnknownCrs."""
    if crs in _DEGREES:
        return list(shapes)
    try:
        transformer = Transformer.from_crs(CRS.from_user_input(crs), "EPSG:4326", always_xy=True)
    except CRSError as error:
        raise UnknownCrs(crs) from error
    return [
        shapely.transform(s, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))
        for s in shapes
    ]


def on_datum(shapes: Sequence[BaseGeometry], datum: Datum) -> list[BaseGeometry]:
    """Shapes in degrees of a datum as WGS-84."""
    return [shapely.transform(shape, lambda xy: to_wgs84(xy, datum)) for shape in shapes]


def suspected(shapes: Sequence[BaseGeometry], declared: Datum, reference: BaseGeometry) -> Datum | None:
    """Another datum that fits a reference (WGS-84) clearly better than the declared one, and well, else None.

    `shapes` are in the file's own degrees. Compared is the shared area: where neither touches the reference,
    nothing can be said, nor where new ground reaches beyond it however it is read.
    """
    whole = shapely.union_all(shapely.make_valid(list(shapes)))
    fit = {
        datum: shapely.intersection(shapely.make_valid(on_datum([whole], datum)[0]), reference).area
        for datum in Datum
    }
    best = max(fit, key=lambda datum: (fit[datum], datum is declared))
    is_good = fit[best] > _GOOD * min(whole.area, reference.area)
    return best if is_good and fit[best] > fit[declared] * _CLEARLY_BETTER else None
