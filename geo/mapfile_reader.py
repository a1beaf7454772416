"""The confined side of reading a map file.

Unpacked, judged by content, opened by one driver, put into degrees.

Whoever reads files of strangers starts this in a process of its own; the working folder
is empty and private to one file.
"""

from __future__ import annotations

import ctypes
import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyogrio._ogr
import pyproj.datadir
import shapely
from shapely.geometry.base import BaseGeometry

from geo import foreign
from geo.datum import known_crs, reprojected
from geo.errors import (
    CrsMissing,
    FileTooLarge,
    FileUnreadable,
    GeoError,
    LayerMissing,
    LayerNeeded,
)
from geo.findings import Finding, told
from geo.formats import dbf, geojson, gpkg, kml
from geo.formats.rows import Drawn, Rows
from geo.formats.spelling import keepable
from geo.mapfile_archive import READ, unzipped

MOST_POINTS = 1_500_000
MOST_ROWS = 200_000
# How many places of a file go along as they stand in it, for whoever asks which system they are in.
SAMPLE = 200
FOLDERS = (pyproj.datadir.get_data_dir(),)
_LISTED = str.maketrans(dict.fromkeys(",，、;；|", "\n"))


@dataclass(frozen=True, slots=True)
class _Source:
    """A file in the working folder (or a KML archive's documents), its kind, and its sender's name for it."""

    path: Path
    kind: str
    name: str
    documents: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer by its names, the folders in it, and how it is read, for these or whole."""

    name: str
    longer: tuple[str, ...]
    groups: frozenset[str]
    read: Callable[[frozenset[str]], Drawn]


def answer(question: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Rows of a map file: `fields` and the sizes of their WKB in the head, the WKB itself behind.

    Where it cannot be read, the problem instead.
    """
    try:
        return _answered(data, str(question["name"]), question.get("crs"), question.get("layer"))
    except GeoError as error:
        return {"problem": type(error).__name__, "args": [_short(one) for one in error.args]}, b""


def _short(value: object) -> object:
    return value if isinstance(value, int) else keepable(str(value))[:200]


def _answered(
    data: bytes, name: str, crs: str | None, layer: str | Sequence[str] | None
) -> tuple[dict[str, Any], bytes]:
    foreign.need_plain_crs(crs or "")
    with _drivers() as opened_by:
        chosen = _chosen(_layers(_sources(data, name), opened_by), layer)
        read = [one.read(groups) for one, groups in chosen]
    findings = [one for part in read for one in part.rows.findings]
    shapes: list[BaseGeometry | None] = []
    sample: list[list[float]] = []
    used = ""
    for part in read:
        own, is_said = _crs_of(part, crs, name, findings)
        sample += _sample(part.shapes, SAMPLE // len(read) + 1)
        shapes += _in_degrees(part.shapes, own)
        used = used or own
    _need_few(shapes)
    fields = [part.rows.rows.get(n, {}) for part in read for n in range(len(part.shapes))]
    packed = [shapely.to_wkb(shape) if shape is not None else b"" for shape in shapes]
    head = {
        "fields": fields,
        "sizes": [len(one) for one in packed],
        "crs": used,
        "is_said": is_said,
        "sample": sample,
        "columns": list(dict.fromkeys(name for part in read for name in part.rows.columns)),
        "keys": [part.rows.key for part in read if part.rows.key],
        "findings": [[one.code, one.zones, one.zh, one.en] for one in findings],
    }
    return head, b"".join(packed)


def _need_few(shapes: Sequence[BaseGeometry | None]) -> None:
    points = int(shapely.get_num_coordinates(np.array(shapes, dtype=object)).sum()) if shapes else 0
    if points > MOST_POINTS or len(shapes) > MOST_ROWS:
        raise FileTooLarge(max(points, len(shapes)))


def _sample(shapes: Sequence[BaseGeometry | None], most: int) -> list[list[float]]:
    solid = [one for one in shapes if one is not None and not one.is_empty]
    boxes = shapely.bounds(np.array(solid[:: max(len(solid) // most, 1)], dtype=object)).reshape(-1, 4)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    return [[float(x), float(y)] for x, y in middles[np.isfinite(middles).all(axis=1)]]


def _crs_of(part: Drawn, given: str | None, name: str, findings: list[Finding]) -> tuple[str, bool]:
    """The system of a layer's coordinates, and whether the file says it. Raises CrsMissing.

    GeoJSON and KML are in degrees by their standards: what is given for one counts only
    where its figures are none.
    """
    if part.crs is not None:
        if given and (asked := known_crs(given)) and asked != known_crs(part.crs):
            label = part.crs if len(part.crs) < 60 else getattr(known_crs(part.crs), "name", "")
            findings.append(told("crs_unused", [], own=label, given=given))
        return part.crs, True
    if not part.is_degrees:
        if given is None:
            raise CrsMissing(name)
        return given, False
    if given is None:
        return "EPSG:4326", False
    asked = known_crs(given)
    if _look_like_degrees(part.shapes) and asked is not None and asked.is_projected:
        findings.append(told("crs_unused_degrees", [], given=given))
        return "EPSG:4326", False
    return given, False


def _look_like_degrees(shapes: Sequence[BaseGeometry | None]) -> bool:
    west, south, east, north = shapely.total_bounds(
        np.array([one for one in shapes if one is not None], dtype=object)
    )
    return not (west < -360 or east > 360 or south < -90 or north > 90)


def _in_degrees(shapes: list[BaseGeometry | None], crs: str) -> list[BaseGeometry | None]:
    moved = iter(reprojected([one for one in shapes if one is not None], crs))
    return [None if one is None else next(moved) for one in shapes]


def _sources(data: bytes, name: str) -> list[_Source]:
    """The map files inside what was sent, each checked, in the working folder; all its KML is one."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        try:
            members = unzipped(data)
        except (zipfile.BadZipFile, OSError, RuntimeError, EOFError, ValueError) as error:
            raise FileUnreadable(name) from error
        read = [path for path in sorted(members) if path.suffix.lower() in READ]
        found = [one for path in read if (one := _checked(path, path.as_posix())) is not None]
        documents = tuple(one.path for one in found if one.kind == "kml")
        found = [one for one in found if one.kind != "kml"]
        found += [_Source(documents[0], "kml", name, documents)] if documents else []
    else:
        kind = foreign.kind_of(data, name)
        path = Path(f"file{foreign.KINDS[kind][0]}")
        path.write_bytes(data)
        one = _checked(path, name)
        found = [one] if one is not None else []
    if not found:
        raise FileUnreadable(name)
    return found


def _checked(path: Path, name: str) -> _Source | None:
    """A file and its kind; None for a stranger. Raises OpensElsewhere."""
    try:
        kind = foreign.kind_of(path.read_bytes(), name)
        if kind == "gpkg":
            foreign.need_no_queries(path)
    except FileUnreadable:
        return None
    return _Source(path, kind, name, (path,))


@contextmanager
def _drivers() -> Iterator[Callable[[_Source], Any]]:
    """All of GDAL's drivers put aside.

    What comes back lets those of a source's kind open it, and no other.
    """
    # pyogrio cannot be told a driver for reading, so the library that it brings along is told itself.
    gdal = ctypes.CDLL(pyogrio._ogr.__file__)
    gdal.GDALGetDriver.restype = ctypes.c_void_p
    gdal.GDALGetDriverShortName.argtypes, gdal.GDALGetDriverShortName.restype = (
        [ctypes.c_void_p],
        ctypes.c_char_p,
    )
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


def _layers(sources: Sequence[_Source], opened_by: Callable[[_Source], Any]) -> list[_Layer]:
    """All layers of what was sent, in its order. Raises FileUnreadable where there is none."""
    layers = []
    for source in sources:
        if source.kind in ("kml", "geojson"):
            layers.append(_text_layer(source))
            continue
        try:
            with opened_by(source):
                listed = [str(name) for name, kind in pyogrio.list_layers(source.path) if kind is not None]
        except (RuntimeError, UnicodeDecodeError) as error:
            _need_memory(error)
            continue
        layers += [_table_layer(source, name, opened_by) for name in listed]
    if not layers:
        raise FileUnreadable(sources[0].name)
    return _told_apart(layers)


def _told_apart(layers: list[_Layer]) -> list[_Layer]:
    """Two folders of an archive may each hold a file of one name.

    Those have their longer names, as long as needed.
    """
    for n in range(2):
        often = Counter(one.name for one in layers)
        layers = [one if often[one.name] == 1 else replace(one, name=one.longer[n]) for one in layers]
    return layers


def _longer(path: Path, layer: str = "") -> tuple[str, str]:
    """What a layer is called where others have its name.

    Its file with its folders, then the file's ending too.
    """
    behind = f"/{layer}" if layer else ""
    return keepable(path.with_suffix("").as_posix() + behind), keepable(path.as_posix() + behind)


def _text_layer(source: _Source) -> _Layer:
    """GeoJSON and KML are read at once: what they hold is known only then."""
    if source.kind == "geojson":
        drawn = geojson.drawn(source.path.read_bytes(), MOST_POINTS)
        drawn.crs = drawn.crs if drawn.crs and known_crs(drawn.crs) else None
    else:
        drawn = kml.drawn({one.as_posix(): one.read_bytes() for one in source.documents}, MOST_POINTS)
    groups = frozenset(name for row in drawn.groups for name in row)

    stem = Path(source.name).stem

    def read(wanted: frozenset[str]) -> Drawn:
        return drawn if not wanted or stem in wanted - groups else drawn.within(wanted)

    return _Layer(drawn.name or stem, _longer(source.path), groups | {stem}, read)


def _table_layer(source: _Source, layer: str, opened_by: Callable[[_Source], Any]) -> _Layer:
    def read(_: frozenset[str]) -> Drawn:
        with opened_by(source):
            meta, numbers, wkb = _read(source.path, layer)
        rows = gpkg.rows_of(source.path, layer) if source.kind == "gpkg" else _records(source.path)
        try:
            shapes = list(shapely.from_wkb(wkb))
        except shapely.errors.ShapelyError as error:
            raise FileUnreadable(str(error)) from error
        rows.rows = {n: rows.rows.get(int(number), {}) for n, number in enumerate(numbers)}
        return Drawn(shapes, rows, _said_crs(meta["crs"]), is_degrees=False)

    if source.kind == "shp":
        name = keepable(Path(source.name).stem)
        return _Layer(name, _longer(source.path), frozenset({name}), read)
    return _Layer(layer, _longer(source.path, layer), frozenset({layer}), read)


def _said_crs(crs: str | None) -> str | None:
    """What a file says of its coordinates; a system that fits no place on the earth says nothing."""
    foreign.need_plain_crs(crs or "")
    known = known_crs(crs) if crs else None
    return None if known is not None and known.is_engineering else crs


def _records(path: Path) -> Rows:
    """The table that belongs to a Shapefile, whatever letters its ending is written in."""
    beside = {
        one.suffix.lower(): one for one in path.parent.iterdir() if one.stem.lower() == path.stem.lower()
    }
    if ".dbf" not in beside:
        return Rows([], {})
    said = beside[".cpg"].read_bytes()[:100] if ".cpg" in beside else None
    return dbf.rows_of(beside[".dbf"].read_bytes(), said)


def _chosen(
    layers: Sequence[_Layer], wanted: str | Sequence[str] | None
) -> list[tuple[_Layer, frozenset[str]]]:
    """The layers to read, each with the folders that are wanted of it: those named, or the only one."""
    groups = sorted(name for one in layers for name in one.groups)
    names = [one.name for one in layers]
    if not wanted:
        if len(layers) > 1:
            raise LayerNeeded(*sorted(names))
        return [(layers[0], frozenset())]
    asked = [wanted] if isinstance(wanted, str) else list(wanted)
    single = [
        part
        for one in asked
        for part in ([one] if one in (*names, *groups) else one.translate(_LISTED).split("\n"))
    ]
    found: dict[int, set[str]] = {}
    for name in (one.strip() for one in single if one.strip()):
        hits = [(n, "") for n, one in enumerate(layers) if one.name == name]
        hits = hits or [(n, name) for n, one in enumerate(layers) if name in one.groups]
        if not hits:
            raise LayerMissing(name, *sorted({*names, *groups}))
        for n, part in hits:
            found.setdefault(n, set()).add(part)
    return [(layers[n], frozenset() if "" in parts else frozenset(parts)) for n, parts in found.items()]


def _read(path: Path, layer: str) -> tuple[dict[str, Any], Any, Any]:
    """Meta, numbers of the rows, and their WKB.

    What the rows say is read by `geo.formats` as it is written.
    """
    try:
        meta, numbers, wkb, _ = pyogrio.raw.read(
            path, layer=layer, columns=[], return_fids=True, encoding="ISO-8859-1"
        )
    except (RuntimeError, ValueError) as error:
        _need_memory(error)
        raise FileUnreadable(str(error)) from error
    if wkb is None:
        raise FileUnreadable(path.name)
    return meta, numbers, wkb


def _need_memory(error: Exception) -> None:
    """What GDAL says of its own when an allocation fails. Raises MemoryError."""
    if "memory" in str(error).lower():
        raise MemoryError
