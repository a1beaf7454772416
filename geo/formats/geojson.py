"""GeoJSON read as it is written.

Numbers keep their digits, and a broken shape leaves out its own row alone.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import FileTooLarge, FileUnreadable
from geo.findings import Finding, told
from geo.formats.rows import Drawn, Rows
from geo.formats.spelling import GB, Speller, keepable

_DEEPEST = 32
_BROKEN = (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError)
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class _Written(float):
    """A number that Python would write otherwise than the file does."""

    __slots__ = ("text",)
    text: str


def drawn(data: bytes, most_points: int) -> Drawn:
    """Shapes and rows of a FeatureCollection, a Feature or a bare geometry.

    Raises FileUnreadable, FileTooLarge.
    """
    findings: list[Finding] = []
    root, speller = _parsed(data, findings)
    features, shaper = _features(root), _Shaper(most_points)
    names = dict.fromkeys(
        str(k) for one in features if isinstance(one.get("properties"), dict) for k in one["properties"]
    )
    spelt = {name: speller(name) for name in names}
    is_named = any(isinstance(one.get("id"), str) for one in features) and "id" not in names
    # A word beside a row's properties is its code; a mere number only if that is asked for.
    key = None if "id" in names else "id"
    shapes: list[BaseGeometry | None] = []
    rows: dict[int, dict[str, Any]] = {}
    for n, one in enumerate(features, start=1):
        given = one.get("properties")
        fields = (
            {spelt[str(k)]: _plain(v, speller) for k, v in given.items()} if isinstance(given, dict) else {}
        )
        if key and one.get("id") is not None:
            fields[key] = _plain(one["id"], speller)
        fields = {k: v for k, v in fields.items() if v is not None}
        try:
            shape = shaper.shape(one.get("geometry"))
        except _BROKEN:
            called = next((str(v) for k, v in fields.items() if k.lower() in ("name", "名称")), str(n))
            findings.append(told("unreadable_shape", [called]))
            continue
        rows[len(shapes)] = fields
        shapes.append(shape)
    columns = list(dict.fromkeys([*spelt.values(), *(["id"] if is_named else [])]))
    own = keepable(root["name"]) if isinstance(root.get("name"), str) else None
    return Drawn(shapes, Rows(columns, rows, findings, None if is_named else key), _crs(root), name=own)


def _parsed(data: bytes, findings: list[Finding]) -> tuple[Any, Callable[[str], str]]:
    """The document, and what makes its texts readable: bytes that are no UTF-8 are guessed value by value."""
    codec = next((name for bom, name in _BOMS.items() if data.startswith(bom)), "utf-8")
    speller = Speller("utf-8", findings)
    try:
        return _loaded(data.decode(codec)), keepable
    except UnicodeDecodeError:
        pass

    def spelt(text: str) -> str:
        raw = text.encode("utf-8", "surrogateescape") if not text.isascii() else b""
        return speller.text(raw, "GeoJSON") if raw else text

    try:
        return _loaded(data.decode("utf-8", "surrogateescape")), spelt
    except FileUnreadable:
        findings.append(told("not_utf8", []))
        return _loaded(data.decode(GB, "ignore")), keepable


def _loaded(text: str) -> Any:
    try:
        return json.loads(text.lstrip("\ufeff\0 \t\r\n"), parse_float=_number, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise FileUnreadable(str(error)[:100]) from error


def _number(text: str) -> float:
    value = float(text)
    if repr(value) == text:
        return value
    written = _Written(value)
    written.text = text
    return written


def _plain(value: Any, speller: Callable[[str], str]) -> Any:
    """A property's value as it is shown: words, numbers, or the JSON of what holds several."""
    if isinstance(value, str):
        return speller(value)
    if isinstance(value, _Written):
        # The letters of an exponent are the writer's, not the code's.
        return (
            format(Decimal(value.text), "f")
            if "e" in value.text.lower() and abs(value) < 1e18
            else value.text
        )
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return str(value)
    return json.dumps(value, ensure_ascii=True) if isinstance(value, dict | list) else value


def _features(root: Any) -> list[dict[str, Any]]:
    kind = root.get("type") if isinstance(root, dict) else None
    if kind == "FeatureCollection" and isinstance(root.get("features"), list):
        return [one for one in root["features"] if isinstance(one, dict)]
    if kind == "Feature":
        return [root]
    if kind in _KINDS or kind == "GeometryCollection":
        return [{"geometry": root}]
    raise FileUnreadable(str(kind)[:40])


def _crs(root: dict[str, Any]) -> str | None:
    given = root.get("crs")
    about = given.get("properties") if isinstance(given, dict) else None
    if not isinstance(about, dict):
        return None
    name = about.get("name") or (f"EPSG:{about['code']}" if "code" in about else None)
    return str(name)[:2000] if name else None


class _Shaper:
    """Builds shapes of coordinates, and counts their points."""

    def __init__(self, most: int) -> None:
        self._most, self._points = most, 0

    def shape(self, geometry: Any, depth: int = 0) -> BaseGeometry | None:
        """A shapely geometry, None for nothing. Raises ValueError and the like for what is none."""
        if geometry is None:
            return None
        if depth > _DEEPEST:
            raise FileUnreadable("GeometryCollection")
        if geometry["type"] == "GeometryCollection":
            parts = [self.shape(one, depth + 1) for one in geometry.get("geometries") or ()]
            return shapely.GeometryCollection([one for one in parts if one is not None])
        make = _KINDS[geometry["type"]]
        coordinates = geometry.get("coordinates")
        return make(self, coordinates) if coordinates else None

    def places(self, given: Any) -> Any:
        """Positions as an array of two columns, or of three where there are heights."""
        self._points += len(given)
        if self._points > self._most:
            raise FileTooLarge(self._points)
        with_height = bool(given) and all(len(one) > 2 for one in given)
        return np.array([one[: 3 if with_height else 2] for one in given], dtype=np.float64)

    def polygon(self, rings: Any) -> shapely.Polygon:
        """A polygon of rings, the first outside."""
        return shapely.Polygon(self.places(rings[0]), [self.places(one) for one in rings[1:] if len(one) > 2])


_KINDS: dict[str, Callable[[_Shaper, Any], BaseGeometry]] = {
    "Point": lambda self, c: shapely.Point(self.places([c])[0]),
    "MultiPoint": lambda self, c: shapely.MultiPoint(self.places(c)),
    "LineString": lambda self, c: shapely.LineString(self.places(c)),
    "MultiLineString": lambda self, c: shapely.MultiLineString([self.places(one) for one in c]),
    "Polygon": lambda self, c: self.polygon(c),
    "MultiPolygon": lambda self, c: shapely.MultiPolygon([self.polygon(one) for one in c if one]),
}
