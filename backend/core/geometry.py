"""Converts between GeoJSON, PostGIS and shapely; axis order is always longitude, latitude."""

from __future__ import annotations

from typing import Any

import orjson
import shapely
from geoalchemy2 import Geometry
from shapely.geometry.base import BaseGeometry

WGS84 = 4326


def point_column() -> Geometry:
    """A place: a WGS-84 point with a spatial index."""
    return Geometry("POINT", srid=WGS84, spatial_index=False)


def area_column() -> Geometry:
    """An area: WGS-84 polygons with a spatial index."""
    return Geometry("MULTIPOLYGON", srid=WGS84, spatial_index=False)


def shape_of(geojson: dict[str, Any]) -> BaseGeometry:
    """A shapely geometry of a GeoJSON object."""
    return shapely.from_geojson(orjson.dumps(geojson))


def geojson_of(shape: BaseGeometry, digits: int = 7) -> dict[str, Any]:
    """GeoJSON with coordinates rounded to centimetres."""
    rounded = shapely.transform(shape, lambda xy: xy.round(digits))
    result: dict[str, Any] = orjson.loads(shapely.to_geojson(rounded))
    return result


def point(lng: float, lat: float) -> dict[str, Any]:
    """A GeoJSON point."""
    return {"type": "Point", "coordinates": [round(float(lng), 7), round(float(lat), 7)]}


def lng_lat(geojson: dict[str, Any]) -> tuple[float, float]:
    """The two coordinates of a GeoJSON point."""
    lng, lat = geojson["coordinates"][:2]
    return float(lng), float(lat)
