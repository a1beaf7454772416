"""Map files: GeoJSON, GeoPackage, Shapefile, KML and KMZ in and out, by GDAL (pyogrio).

A file comes as bytes with its name. What cannot be known is asked for (the coordinate system of a file that does not
say, the layer where there are several) and never guessed.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from confined.limits import MEGABYTE, Limits
from confined.reader import Reader, Stopped
from geo import errors
from geo.errors import FileTooLarge, GeoError, ReadersBusy, ReadingStopped, ReadingTooLong, ReadingTooMuch

MOST_BYTES = 100_000_000
LIMITS = Limits(answer=96 * MEGABYTE)
_STOPPED = {"time": ReadingTooLong, "memory": ReadingTooMuch, "answer": ReadingTooMuch, "busy": ReadersBusy}
FORMATS = {
    "geojson": ("GeoJSON", ".geojson", "application/geo+json"),
    "gpkg": ("GPKG", ".gpkg", "application/geopackage+sqlite3"),
    "shp": ("ESRI Shapefile", ".shp", "application/zip"),
    "kml": ("LIBKML", ".kml", "application/vnd.google-earth.kml+xml"),
    "kmz": ("LIBKML", ".kmz", "application/vnd.google-earth.kmz"),
}


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of a map file: its shape in degrees (lng, lat), and what else the file says of it."""

    shape: BaseGeometry
    fields: dict[str, Any]


def read_map(data: bytes, name: str, *, crs: str | None = None, layer: str | None = None) -> list[Feature]:
    """Every feature of a map file, in degrees. `crs` is for files that do not say theirs; one that does is believed.

    Read by `geo.mapfile_reader` in a confined process: whatever the file holds, no other file, address or query is
    opened for it. Raises FileUnreadable, FileTooLarge, LayerNeeded, CrsMissing, UnknownCrs, OpensElsewhere,
    ReadingStopped.
    """
    if len(data) > MOST_BYTES:
        raise FileTooLarge(len(data))
    try:
        with Reader("geo.mapfile_reader", LIMITS) as reader:
            head, body = reader.ask({"name": name, "crs": crs, "layer": layer}, data)
    except Stopped as stopped:
        raise _STOPPED.get(stopped.why, ReadingStopped)() from stopped
    if "problem" in head:
        raise _problem(head)
    ends = np.cumsum([0, *head["sizes"]])
    shapes = shapely.from_wkb([body[a:b] or None for a, b in pairwise(ends)])
    return [
        Feature(shape if shape is not None else shapely.Point(), fields)
        for shape, fields in zip(shapes, head["fields"], strict=True)
    ]


def _problem(head: dict[str, Any]) -> GeoError:
    """The reader's problem by its name, which is one of ours or nothing."""
    known = getattr(errors, str(head["problem"]), None)
    if isinstance(known, type) and issubclass(known, GeoError):
        return known(*head.get("args", ()))
    return ReadingStopped()


def write_map(features: Sequence[Feature], layer: str, format_: str) -> bytes:
    """A map file of features that share one type of geometry; `format_` is one of FORMATS. A Shapefile comes zipped."""
    driver, suffix, _ = FORMATS[format_]
    names = list(features[0].fields) if features else ["name"]
    columns = [np.array([_text(one.fields.get(name)) for one in features], dtype=object) for name in names]
    kind = features[0].shape.geom_type if features else "Point"
    with tempfile.TemporaryDirectory(prefix="wangge-map-") as folder:
        path = Path(folder) / f"{layer}{suffix}"
        pyogrio.raw.write(
            path,
            shapely.to_wkb(np.array([one.shape for one in features], dtype=object)),
            columns,
            names,
            layer=layer if format_ == "gpkg" else None,
            driver=driver,
            geometry_type=kind,
            crs="EPSG:4326",
            encoding="UTF-8",
        )
        return _zipped(Path(folder)) if format_ == "shp" else path.read_bytes()


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return buffer.getvalue()
