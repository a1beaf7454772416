"""Map files: GeoJSON, GeoPackage, Shapefile, KML and KMZ in and out, by GDAL (pyogrio).

A file comes as bytes with its name. What cannot be known is asked for (the coordinate system of a file that does not
say, the layer where there are several) and never guessed.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio.errors
import shapely
from shapely.geometry.base import BaseGeometry

from geo.datum import reprojected
from geo.errors import CrsMissing, FileTooLarge, FileUnreadable, LayerNeeded

MOST_BYTES = 100_000_000
MOST_UNPACKED_BYTES = 400_000_000
MOST_MEMBERS = 1_000
MOST_POINTS = 1_500_000
# What GDAL gives every KML placemark.
_KML = {"timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon"}
_READ = {".geojson", ".json", ".gpkg", ".shp", ".kml"}
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

    Raises FileUnreadable, FileTooLarge, LayerNeeded, CrsMissing, UnknownCrs.
    """
    if len(data) > MOST_BYTES:
        raise FileTooLarge(len(data))
    with _unpacked(data, name) as paths:
        path, found = _layer(paths, layer)
        meta, wkb, columns = _read(path, found)
    shapes = shapely.from_wkb(wkb)
    if shapely.get_num_coordinates(shapes).sum() > MOST_POINTS:
        raise FileTooLarge(int(shapely.get_num_coordinates(shapes).sum()))
    own = meta["crs"] or crs
    if own is None:
        raise CrsMissing(name)
    if own not in {"EPSG:4326", "OGC:CRS84", "EPSG:4490"}:
        shapes = np.array(reprojected(shapes, own), dtype=object)
    rows = zip(*columns, strict=True) if columns else ([] for _ in shapes)
    names = meta["fields"]
    return [
        Feature(shape if shape is not None else shapely.Point(), _plain(dict(zip(names, row, strict=True))))
        for shape, row in zip(shapes, rows, strict=True)
    ]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Python values without numpy's, and without what is empty."""
    found = {name: value.item() if isinstance(value, np.generic) else value for name, value in row.items()}
    return {name: value for name, value in found.items() if value is not None and value == value and name not in _KML}


@contextmanager
def _unpacked(data: bytes, name: str) -> Iterator[list[Path]]:
    """The map files inside what was sent, on disk for as long as they are read."""
    with tempfile.TemporaryDirectory(prefix="wangge-map-") as folder:
        root = Path(folder)
        if zipfile.is_zipfile(io.BytesIO(data)):
            _unzip(data, root)
            if (root / "doc.kml").exists():
                # A KMZ's layers hang on its first document: GDAL puts them together from the archive.
                (root / "whole.kmz").write_bytes(data)
                yield [root / "whole.kmz"]
                return
        else:
            suffix = Path(name).suffix.lower()
            if suffix not in _READ:
                raise FileUnreadable(name)
            (root / f"file{suffix}").write_bytes(data)
        paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in _READ and path.is_file())
        if not paths:
            raise FileUnreadable(name)
        yield paths


def _unzip(data: bytes, root: Path) -> None:
    """Members that are small enough together; each under its own name, wherever it says it belongs."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        if len(members) > MOST_MEMBERS or sum(one.file_size for one in members) > MOST_UNPACKED_BYTES:
            raise FileTooLarge(sum(one.file_size for one in members))
        for one in members:
            target = (root / one.filename).resolve()
            if not target.is_relative_to(root.resolve()):
                raise FileUnreadable(one.filename)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(one) as source:
                _copy(source, target, one.file_size)


def _copy(source: Any, target: Path, declared: int) -> None:
    """A member may hold more than its directory says: that is a bomb."""
    content = source.read(declared + 1)
    if len(content) > declared:
        raise FileTooLarge(declared)
    target.write_bytes(content)


def _layer(paths: Sequence[Path], wanted: str | None) -> tuple[Path, str]:
    """The layer to read: the one that is named, or the only one."""
    layers = []
    for path in paths:
        try:
            layers += [(path, str(name)) for name, kind in pyogrio.list_layers(path) if kind is not None]
        except (pyogrio.errors.DataSourceError, UnicodeDecodeError):
            continue
    if not layers:
        raise FileUnreadable(paths[0].name)
    chosen = [one for one in layers if wanted in (None, one[1])]
    if len(chosen) != 1:
        raise LayerNeeded(*sorted(name for _, name in layers))
    return chosen[0]


def _read(path: Path, layer: str) -> tuple[dict[str, Any], Any, Any]:
    """Meta, WKB and columns; names in a Chinese Shapefile without .cpg are GBK where they are no UTF-8."""
    for encoding in (None, "GB18030"):
        try:
            meta, _, wkb, columns = pyogrio.raw.read(path, layer=layer, encoding=encoding)
        except UnicodeDecodeError:
            continue
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
            raise FileUnreadable(str(error)) from error
        if wkb is not None and not (encoding is None and _is_garbled(columns)):
            return meta, wkb, columns
    raise FileUnreadable(path.name)


def _is_garbled(columns: Sequence[Any]) -> bool:
    """Whether text was read byte by byte as Latin letters: many of them in a row are no European's name."""
    texts = [value for column in columns for value in column[:50] if isinstance(value, str)]
    odd = sum(1 for text in texts for letter in text if "\x80" <= letter <= "\xff")
    return odd > 2 * sum(len(text) for text in texts) / 3 > 0


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
