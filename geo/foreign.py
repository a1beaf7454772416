"""Detects a map file's format by its content, and whether it would send its reader elsewhere.

Nothing is opened to find out.

An address that is only data (an icon, an overlay's picture, a schema's location)
refuses nothing: no reader opens it.
"""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from xml.parsers import expat

from geo.errors import FileUnreadable, OpensElsewhere
from geo.formats.kml import parsable, text_of

# A kind -> the suffix it is read under, and GDAL's driver for it: no other sees the file.
# Text is read without GDAL.
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "geojson": (".geojson", ()),
    "gpkg": (".gpkg", ("GPKG",)),
    "shp": (".shp", ("ESRI Shapefile",)),
    "kml": (".kml", ()),
}
_SERVICE = re.compile(
    rb"<(?:\w+:)?(OGR\w+DataSource|VRTDataset|OGRVRT\w*|GDALTileIndexDataset|GDAL_WMT?S"
    rb"|GMLASConfiguration|\w*_?Capabilities)\b"
)
# Views that the standard itself names; no layer is read from them.
_STANDARD_VIEWS = {"st_spatial_ref_sys", "st_geometry_columns", "spatial_ref_sys", "geometry_columns"}
_INDEX = re.compile(
    r"CREATE\s+VIRTUAL\s+TABLE\s+(?:\"(?:[^\"]|\"\")*\"|\[[^\]]*\]|`[^`]*`|'(?:[^']|'')*'|\w+)"
    r"\s+USING\s+\"?(?:rtree|rtree_i32|fts[345])\"?\s*\(",
    re.IGNORECASE,
)
_GRID = re.compile(r"(?:grids|init|file|catalog)\s*=\s*@?[^\s,\"+]*(?:[/\\]|\.\.|:)", re.IGNORECASE)
_MOST_CRS = 65_536


def _spelt(word: str) -> str:
    """A pattern for a JSON word in small or large letters, whichever of them are written as numbers."""
    return "".join(rf"(?:{one}|\\u00{ord(one):02x}|\\u00{ord(one.upper()):02x})" for one in word)


_CRS = re.compile(rf'"(?i:{_spelt("crs")})"\s*:\s*(?={{)'.encode())


def kind_of(data: bytes, name: str) -> str:
    """Which of KINDS some bytes are (a KMZ is known by its members).

    Raises FileUnreadable, OpensElsewhere.
    """
    if data.startswith(b"SQLite format 3\0"):
        return "gpkg"
    if data.startswith(b"\x00\x00\x27\x0a"):
        return "shp"
    start = data[:4096].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
    if start == b"{":
        need_own_crs(data)
        return "geojson"
    if start == b"<":
        need_kml(data, name)
        return "kml"
    need_no_service(data, name)
    raise FileUnreadable(name)


def need_no_service(data: bytes, name: str) -> None:
    """Raises OpensElsewhere if bytes describe a source that lies elsewhere.

    GDAL's VRT, WFS, WMS and the like.
    """
    found = _SERVICE.search(data[:8192].replace(b"\0", b""))
    if found:
        raise OpensElsewhere(f"{name}: {found[1].decode('ascii', 'replace')}")


def need_own_crs(data: bytes) -> None:
    """Raises OpensElsewhere if a GeoJSON's coordinate system is a link to another document."""
    for match in _CRS.finditer(data):
        text = data[match.end() : match.end() + _MOST_CRS].decode("utf-8", "replace")
        try:
            crs, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError) as error:
            raise FileUnreadable("crs") from error
        if str(crs.get("type", "")).lower() not in ("name", "epsg", "ogc"):
            raise OpensElsewhere(f"crs: {str(crs.get('type'))[:20]}")
        need_plain_crs(json.dumps(crs))


def need_plain_crs(text: str) -> None:
    """Raises OpensElsewhere if a coordinate system names a file.

    A grid of shifts by its path, a table of systems.
    """
    if _GRID.search(text):
        raise OpensElsewhere(f"CRS: {text[:60]}")


def need_kml(data: bytes, name: str) -> None:
    """Raises FileUnreadable for other XML, OpensElsewhere for entities outside.

    Links refuse nothing: none is opened.
    """
    parser = expat.ParserCreate()
    roots: list[str] = []

    def begin(tag: str, _attributes: dict[str, str]) -> None:
        if not roots:
            roots.append(tag.rpartition(":")[2])
            if roots[0] != "kml":
                need_no_service(f"<{roots[0]} ".encode(), name)
                raise FileUnreadable(name)

    def entity(called: str, _is_parameter: bool, _value: str | None, *outside: str | None) -> None:
        if any(outside):
            raise OpensElsewhere(f"{name}: ENTITY {called[:40]}")

    parser.StartElementHandler, parser.EntityDeclHandler = begin, entity
    try:
        parser.Parse(parsable(text_of(data)[0]), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        need_no_service(data, name)
        raise FileUnreadable(name) from error


def need_no_queries(path: Path) -> None:
    """Raises OpensElsewhere for a GeoPackage whose tables are queries: views, and virtual tables but indexes.

    Triggers refuse nothing: they run on writing, and a file is only read.
    """
    try:
        database = sqlite3.connect(f"file:{path.as_posix()}?mode=ro&immutable=1", uri=True)
        try:
            rows = database.execute("SELECT type, name, sql, rootpage FROM sqlite_master").fetchall()
        finally:
            database.close()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise FileUnreadable(path.name) from error
    for kind, name, sql, page in rows:
        is_query = kind == "view" and str(name).lower() not in _STANDARD_VIEWS
        is_virtual = kind == "table" and not page and not _INDEX.match(str(sql))
        if is_query or is_virtual:
            raise OpensElsewhere(f"{'VIEW' if is_query else 'VIRTUAL TABLE'} {str(name)[:60]}")
