"""The confined side of reading a map file: unpacked, judged by content, opened by one driver, put into degrees.

Whoever reads files of strangers starts this in a process of its own; the working folder is empty and private to one file.
"""

from __future__ import annotations

import ctypes
import io
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio._ogr
import pyproj.datadir
import shapely

from geo import foreign
from geo.datum import reprojected
from geo.errors import CrsMissing, FileTooLarge, FileUnreadable, GeoError, LayerNeeded, OpensElsewhere

MOST_UNPACKED_BYTES = 400_000_000
MOST_MEMBERS = 1_000
MOST_POINTS = 1_500_000
MOST_ROWS = 200_000
FOLDERS = (pyproj.datadir.get_data_dir(),)
_READ = {".geojson", ".json", ".gpkg", ".shp", ".kml"}
# What belongs to a Shapefile and changes what is read; indexes and the like only make reading faster, or break it.
_PARTS = {".shx", ".dbf", ".prj", ".cpg"}
# What GDAL gives every KML placemark.
_KML = {"timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility", "drawOrder", "icon"}
_DEGREES = {"EPSG:4326", "OGC:CRS84", "EPSG:4490"}
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class _Source:
    """A file in the working folder, which of foreign.KINDS it is, and what its sender calls it."""

    path: Path
    kind: str
    name: str


def answer(question: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Rows of a map file: `fields` and the sizes of their WKB in the head, the WKB itself behind; or the problem."""
    try:
        return _answered(data, str(question["name"]), question.get("crs"), question.get("layer"))
    except GeoError as error:
        return {"problem": type(error).__name__, "args": [_short(one) for one in error.args]}, b""


def _short(value: object) -> object:
    return value if isinstance(value, int) else str(value)[:200]


def _answered(data: bytes, name: str, crs: str | None, layer: str | None) -> tuple[dict[str, Any], bytes]:
    with _drivers() as opened_by:
        source, found = _layer(_sources(data, name), layer, opened_by)
        with opened_by(source):
            meta, wkb, columns = _read(source.path, found)
    try:
        shapes = shapely.from_wkb(wkb)
    except shapely.errors.ShapelyError as error:
        raise FileUnreadable(str(error)) from error
    points = int(shapely.get_num_coordinates(shapes).sum())
    if points > MOST_POINTS or len(shapes) > MOST_ROWS:
        raise FileTooLarge(max(points, len(shapes)))
    own = meta["crs"] or crs
    if own is None:
        raise CrsMissing(name)
    if own not in _DEGREES:
        foreign.need_plain_crs(own)
        shapes = np.array(reprojected(shapes, own), dtype=object)
    rows = zip(*columns, strict=True) if columns else ([] for _ in shapes)
    fields = [_plain(dict(zip(meta["fields"], row, strict=True))) for row in rows]
    packed = [shapely.to_wkb(shape) if shape is not None else b"" for shape in shapes]
    return {"fields": fields, "sizes": [len(one) for one in packed]}, b"".join(packed)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Python values without numpy's, and without what is empty."""
    found = {name: _value(value) for name, value in row.items()}
    return {name: value for name, value in found.items() if value is not None and value == value and name not in _KML}


def _value(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value.item() if isinstance(value, np.generic) else value


def _sources(data: bytes, name: str) -> list[_Source]:
    """The map files inside what was sent, each checked, in the working folder."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        try:
            members = _unzipped(data)
        except (zipfile.BadZipFile, OSError, RuntimeError, EOFError, ValueError) as error:
            raise FileUnreadable(name) from error
        if Path("doc.kml") in members:
            return [_repacked(members)]
        found = [_checked(path, path.as_posix()) for path in sorted(members) if path.suffix.lower() in _READ]
    else:
        kind = foreign.kind_of(data, name)
        path = Path(f"file{foreign.KINDS[kind][0]}")
        path.write_bytes(data)
        found = [_checked(path, name)]
    sources = [one for one in found if one is not None]
    if not sources:
        raise FileUnreadable(name)
    return sources


def _checked(path: Path, name: str) -> _Source | None:
    """A file and its kind; None for a stranger. Raises OpensElsewhere."""
    try:
        kind = foreign.kind_of(path.read_bytes(), name)
        if kind == "gpkg":
            foreign.need_no_queries(path)
    except FileUnreadable:
        return None
    return _Source(path, kind, name)


def _unzipped(data: bytes) -> set[Path]:
    """Members that are part of a map, each under its own name in the working folder, small enough together."""
    found = set()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [one for one in archive.infolist() if not one.is_dir()]
        if len(members) > MOST_MEMBERS or sum(one.file_size for one in members) > MOST_UNPACKED_BYTES:
            raise FileTooLarge(sum(one.file_size for one in members))
        for one in members:
            path = _own_path(one)
            with archive.open(one) as source:
                if path.suffix.lower() in _READ | _PARTS:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    _copy(source, path, one.file_size)
                    found.add(path)
                else:
                    foreign.need_no_service(source.read(8192), one.filename)
    return found


def _own_path(member: zipfile.ZipInfo) -> Path:
    """Where a member goes, below the working folder. Raises FileUnreadable, OpensElsewhere."""
    root = Path.cwd()
    if stat.S_ISLNK(member.external_attr >> 16) or member.filename.lower().endswith(".vrt"):
        raise OpensElsewhere(member.filename)
    path = (root / member.filename).resolve()
    if not path.is_relative_to(root) or path == root:
        raise FileUnreadable(member.filename)
    return path.relative_to(root)


def _copy(source: Any, target: Path, declared: int) -> None:
    """A member may hold more than its directory says: that is a bomb."""
    with target.open("wb") as file:
        while piece := source.read(_CHUNK):
            declared -= len(piece)
            if declared < 0:
                raise FileTooLarge(len(piece))
            file.write(piece)


def _repacked(members: set[Path]) -> _Source:
    """A KMZ's layers hang on its first document: GDAL puts them together from an archive, here of checked KML alone."""
    documents = {path.as_posix(): path.read_bytes() for path in sorted(members) if path.suffix.lower() == ".kml"}
    whole = Path("whole.kmz")
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in documents.items():
            foreign.need_kml(data, name, documents)
            archive.writestr(name, data)
    return _Source(whole, "kmz", whole.name)


@contextmanager
def _drivers() -> Iterator[Callable[[_Source], Any]]:
    """All of GDAL's drivers put aside; what comes back lets those of a source's kind open it, and no other."""
    # pyogrio cannot be told a driver for reading, so the library that it brings along is told itself.
    gdal = ctypes.CDLL(pyogrio._ogr.__file__)
    gdal.GDALGetDriver.restype = ctypes.c_void_p
    gdal.GDALGetDriverShortName.argtypes, gdal.GDALGetDriverShortName.restype = [ctypes.c_void_p], ctypes.c_char_p
    gdal.GDALRegisterDriver.argtypes = gdal.GDALDeregisterDriver.argtypes = [ctypes.c_void_p]
    handles = [gdal.GDALGetDriver(n) for n in range(gdal.GDALGetDriverCount())]
    names = {gdal.GDALGetDriverShortName(one).decode(): one for one in handles}
    for one in handles:
        gdal.GDALDeregisterDriver(one)

    @contextmanager
    def opened_by(source: _Source) -> Iterator[None]:
        own = [names[name] for name in foreign.KINDS[source.kind][1] if name in names]
        for one in own:
            gdal.GDALRegisterDriver(one)
        try:
            yield
        finally:
            for one in own:
                gdal.GDALDeregisterDriver(one)

    yield opened_by


def _layer(sources: Sequence[_Source], wanted: str | None, opened_by: Callable[[_Source], Any]) -> tuple[_Source, str]:
    """The layer to read: the one that is named, or the only one."""
    layers = []
    for source in sources:
        try:
            with opened_by(source):
                found = pyogrio.list_layers(source.path)
            layers += [(source, str(name)) for name, kind in found if kind is not None]
        except (RuntimeError, UnicodeDecodeError) as error:
            _need_memory(error)
    if not layers:
        raise FileUnreadable(sources[0].name)
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
        except (RuntimeError, ValueError) as error:
            _need_memory(error)
            raise FileUnreadable(str(error)) from error
        if wkb is not None and not (encoding is None and _is_garbled(columns)):
            return meta, wkb, columns
    raise FileUnreadable(path.name)


def _need_memory(error: Exception) -> None:
    """What GDAL says of its own when an allocation fails. Raises MemoryError."""
    if "memory" in str(error).lower():
        raise MemoryError


def _is_garbled(columns: Sequence[Any]) -> bool:
    """Whether text was read byte by byte as Latin letters: many of them in a row are no European's name."""
    texts = [value for column in columns for value in column[:50] if isinstance(value, str)]
    odd = sum(1 for text in texts for letter in text if "\x80" <= letter <= "\xff")
    return odd > 2 * sum(len(text) for text in texts) / 3 > 0
