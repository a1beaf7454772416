"""Writes map files: GeoJSON, GeoPackage, Shapefile, KML and KMZ, by GDAL (pyogrio).

`mapfile_reader` reads them.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geo.findings import Finding

FORMATS = {
    "geojson": ("GeoJSON", ".geojson", "application/geo+json"),
    "gpkg": ("GPKG", ".gpkg", "application/geopackage+sqlite3"),
    "shp": ("ESRI Shapefile", ".shp", "application/zip"),
    "kml": ("LIBKML", ".kml", "application/vnd.google-earth.kml+xml"),
    "kmz": ("LIBKML", ".kmz", "application/vnd.google-earth.kmz"),
}

# A Shapefile's table keeps no more of a text.
MOST_SHP_BYTES = 254


@dataclass(frozen=True, slots=True)
class Feature:
    """One row of a map file: its shape in degrees (lng, lat), and what else the file says of it."""

    shape: BaseGeometry
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a file's coordinates come from.

    The system they were taken to be in, whether the file itself says so, and some of its
    places (x, y) as they stand in it.
    """

    crs: str
    is_said: bool
    sample: NDArray[np.float64]


class MapFile(list[Feature]):
    """The rows of a map file, with its columns, those that only number rows, and what was found."""

    def __init__(
        self,
        rows: Iterable[Feature] = (),
        columns: Sequence[str] | None = None,
        keys: Collection[str] = (),
        findings: Sequence[Finding] = (),
        origin: Origin | None = None,
    ) -> None:
        super().__init__(rows)
        given = dict.fromkeys(name for one in self for name in one.fields)
        self.columns = list(given if columns is None else columns)
        self.keys, self.findings, self.origin = frozenset(keys), list(findings), origin


def write_map(features: Sequence[Feature], layer: str, format_: str) -> bytes:
    """A map file of features that share one type of geometry; `format_` is one of FORMATS.

    A Shapefile comes zipped.
    """
    # It brings pandas along, a quarter of a second, and only who writes a file needs it: not every server.
    import pyogrio.raw

    driver, suffix, _ = FORMATS[format_]
    names = list(features[0].fields) if features else ["name"]
    most = MOST_SHP_BYTES if format_ == "shp" else None
    columns = [
        np.array([_text(one.fields.get(name), most) for one in features], dtype=object) for name in names
    ]
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


def _text(value: Any, most: int | None) -> str | None:
    return None if value is None else str(value) if most is None else whole_letters(str(value), most)


def whole_letters(text: str, most: int) -> str:
    """As much of a text as so many bytes of UTF-8 hold, without a piece of a letter at its end."""
    data = text.encode()
    return text if len(data) <= most else data[:most].decode(errors="ignore")


def _zipped(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, path.name)
    return buffer.getvalue()
