"""KML and KMZ: the placemarks of all folders.

Pictures and links to elsewhere are left out and named, never opened.
"""

from __future__ import annotations

import codecs
import posixpath
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote
from xml.parsers import expat

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geo.errors import FileTooLarge, FileUnreadable, OpensElsewhere
from geo.findings import Finding, told, words
from geo.formats.rows import Drawn, Rows
from geo.formats.spelling import Speller, codec_of, keepable

_FOLDERS = {"Document", "Folder"}
_PICTURES = {
    "GroundOverlay": words("ground_overlay"),
    "PhotoOverlay": words("photo_overlay"),
    "ScreenOverlay": words("screen_overlay"),
}
_OWN = {"name": "Name", "description": "description"}
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.\- ]{1,40})["']""")
_OPENING = re.compile(r"\A<\?xml[^>]*\?>")
# A byte that is none of the declared encoding's goes through the parser as a letter of
# Unicode's private area.
_HELD = 0xF700
# What careless programs write and no parser takes: a bare `&`, names of HTML's own, control characters.
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BARE = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_ODD = re.compile("[\uf780-\uf7ff]")


def drawn(documents: Mapping[str, bytes], most_points: int) -> Drawn:
    """All placemarks of one document, or of those of an archive, the first before the others.

    Raises FileUnreadable, FileTooLarge; OpensElsewhere where there is nothing but links to elsewhere.
    """
    reading = _Reading(documents, most_points)
    for name in sorted(documents, key=lambda one: (one != "doc.kml", one.count("/"), one)):
        reading.document(name, [])
    if not reading.shapes and reading.outside:
        raise OpensElsewhere(f"NetworkLink {reading.outside[0][1][:60]}")
    for called, href in reading.outside:
        reading.findings.append(told("link", [called], address=href[:80]))
    # A folder may say its name behind what it holds.
    groups = [tuple(one for (one,) in folders if one) for folders in reading.folders]
    for row, group in zip(reading.rows, groups, strict=True):
        row |= {"folder": "/".join(group)} if group else {}
    columns = list(dict.fromkeys(["Name", *(name for row in reading.rows for name in row)]))
    rows = Rows(columns, dict(enumerate(reading.rows)), reading.findings)
    return Drawn(reading.shapes, rows, groups=groups)


def text_of(data: bytes) -> tuple[str, str]:
    """A document as text without its declaration, and the encoding it is in.

    Bytes that are none of it are held.
    """
    for bom, codec in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(bom):
            return _OPENING.sub("", data.decode(codec, "replace").lstrip("\ufeff\0 \t\r\n")), codec
    said = _DECLARED.search(data[:400])
    codec = (codec_of(said[1].decode("ascii")) if said else None) or "utf-8"
    if codec.startswith(("utf-16", "utf-32")):
        codec = "utf-8"
    text = data.decode(codec, "surrogateescape")
    held = {0xDC00 + byte: chr(_HELD + byte) for byte in range(0x80, 0x100)}
    return _OPENING.sub("", (text if text.isascii() else text.translate(held)).lstrip("\0 \t\r\n")), codec


def parsable(text: str) -> str:
    """A document without what would cost all of it for one sign; a declared entity stays."""
    text = _CONTROLS.sub("", text)
    if "&" not in text or "<!DOCTYPE" in text:
        return text
    parts = _CDATA.split(text)
    return "".join(one if n % 2 else _BARE.sub("&amp;", one) for n, one in enumerate(parts))


class _Reading:
    """Placemarks of several documents, each read once."""

    def __init__(self, documents: Mapping[str, bytes], most_points: int) -> None:
        self._documents, self._seen, self.left = documents, set[str](), most_points
        self.shapes: list[BaseGeometry | None] = []
        self.rows: list[dict[str, Any]] = []
        self.folders: list[list[list[str]]] = []
        self.findings: list[Finding] = []
        self.outside: list[tuple[str, str]] = []

    def document(self, name: str, folders: list[str]) -> None:
        """Read one document into `folders`, unless it was read before."""
        if name in self._seen:
            return
        self._seen.add(name)
        text, codec = text_of(self._documents[name])
        document = _Document(self, name, folders, Speller(codec, self.findings))
        parser = expat.ParserCreate()
        parser.buffer_text, parser.buffer_size = True, 1 << 20
        parser.StartElementHandler, parser.EndElementHandler = document.begin, document.end
        parser.CharacterDataHandler = document.words
        try:
            parser.Parse(parsable(text), True)
        except expat.ExpatError as error:
            raise FileUnreadable(name) from error

    def follow(self, name: str, href: str, called: str, folders: list[str]) -> None:
        """What a link of a document points at.

        Another document of the archive, or something that is not opened.
        """
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(href.partition("#")[0])))
        if path in self._documents:
            self.document(path, [*folders, called] if called else folders)
        elif href:
            self.outside.append((called or href[:40], href))


class _Document:
    """What the elements of one document say, one after the other."""

    def __init__(self, reading: _Reading, name: str, folders: list[str], speller: Speller) -> None:
        self._reading, self._name, self._speller = reading, name, speller
        self._path: list[str] = []
        self._folders = [[one] for one in folders]
        self._pieces: list[str] = []
        self._row: dict[str, Any] | None = None
        self._shapes: list[BaseGeometry] = []
        self._rings: list[tuple[str, Any]] = []
        self._is_broken = False
        self._field = ""
        self._aside: dict[str, str] | None = None
        self._links: list[tuple[str, str, list[str]]] = []

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        self._path.append(tag)
        self._pieces.clear()
        if tag in _FOLDERS:
            self._folders.append([""])
        elif tag == "Placemark":
            self._row, self._shapes, self._is_broken = {}, [], False
        elif tag in _PICTURES or tag == "NetworkLink":
            self._aside = {}
        elif tag in ("Data", "SimpleData"):
            self._field = attributes.get("name", "")
        elif tag == "Polygon":
            self._rings = []

    def words(self, text: str) -> None:
        self._pieces.append(text)

    def end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2]
        self._path.pop()
        above = self._path[-1] if self._path else ""
        if self._aside is not None:
            self._end_aside(tag)
        elif tag in _FOLDERS:
            self._folders.pop()
        elif tag == "name" and above in _FOLDERS:
            self._folders[-1][0] = self._said()
        elif self._row is not None:
            self._end_inside(tag, above)
        if tag == "kml" or not self._path:
            for href, called, folders in self._links:
                self._reading.follow(self._name, href, called, folders)
            self._links = []
        self._pieces.clear()

    def _said(self) -> str:
        """The words of an element."""
        text = "".join(self._pieces).strip()
        if _ODD.search(text):
            own = self._speller.declared or "utf-8"
            back = {_HELD + byte: chr(0xDC00 + byte) for byte in range(0x80, 0x100)}
            return self._speller.text(text.translate(back).encode(own, "surrogateescape"), self._name)
        return keepable(text)

    def _end_aside(self, tag: str) -> None:
        """Inside a picture or a link: only its name and where it points are of interest."""
        assert self._aside is not None
        if tag in ("name", "href"):
            self._aside.setdefault(tag, self._said())
        elif tag in _PICTURES:
            what = _PICTURES[tag]
            name = self._aside.get("name", "") or what.zh
            self._reading.findings.append(told("picture", [name], what=what))
            self._aside = None
        elif tag == "NetworkLink":
            folders = [one for (one,) in self._folders if one]
            self._links.append((self._aside.get("href", ""), self._aside.get("name", ""), folders))
            self._aside = None

    def _end_inside(self, tag: str, above: str) -> None:
        """Inside a placemark."""
        assert self._row is not None
        if tag == "Placemark":
            self._keep()
        elif above == "Placemark" and tag in _OWN:
            self._put(_OWN[tag], self._said())
        elif (tag == "value" and above == "Data") or tag == "SimpleData":
            self._put(self._field, self._said())
        elif above == "ExtendedData" and tag not in ("Data", "SchemaData"):
            self._put(tag, self._said())
        elif tag == "coordinates":
            self._place(above)
        elif tag == "Polygon":
            self._shape(
                lambda: shapely.Polygon(
                    self._outer(), [ring for kind, ring in self._rings if kind == "inner"]
                )
            )

    def _put(self, field: str, words: str) -> None:
        assert self._row is not None
        if field and words:
            self._row.setdefault(field, words)

    def _outer(self) -> Any:
        return next(ring for kind, ring in self._rings if kind == "outer")

    def _place(self, above: str) -> None:
        """Coordinates end: a ring of the polygon around them, or a shape of their own."""
        if "Polygon" in self._path:
            kind = "inner" if "innerBoundaryIs" in self._path else "outer"
            self._shape(lambda: self._rings.append((kind, self._places())))
        elif above == "Point":
            self._shape(lambda: shapely.Point(self._places()[0]))
        elif above in ("LineString", "LinearRing"):
            self._shape(lambda: shapely.LineString(self._places()))

    def _shape(self, make: Any) -> None:
        """What cannot be made breaks its own placemark alone."""
        try:
            shape = make()
        except (ValueError, StopIteration, IndexError, shapely.errors.ShapelyError):
            self._is_broken = True
            return
        if shape is not None:
            self._shapes.append(shape)

    def _places(self) -> Any:
        tokens = re.sub(r"\s*,\s*", ",", "".join(self._pieces)).split()
        self._reading.left -= len(tokens)
        if self._reading.left < 0:
            raise FileTooLarge(len(tokens))
        rows = [one.split(",") for one in tokens]
        with_height = bool(rows) and all(len(one) > 2 for one in rows)
        return np.array(
            [[float(n) for n in one[: 3 if with_height else 2]] for one in rows], dtype=np.float64
        )

    def _keep(self) -> None:
        assert self._row is not None
        row, self._row = self._row, None
        name = row.get("Name") or f"{len(self._reading.rows) + 1}"
        if self._is_broken:
            self._reading.findings.append(told("unreadable_shape", [name]))
            return
        self._reading.rows.append(row)
        self._reading.folders.append(list(self._folders))
        self._reading.shapes.append(_together(self._shapes))


def _together(shapes: list[BaseGeometry]) -> BaseGeometry | None:
    if len(shapes) < 2:
        return shapes[0] if shapes else None
    areas = [one for one in shapes if isinstance(one, shapely.Polygon)]
    return shapely.MultiPolygon(areas) if len(areas) == len(shapes) else shapely.GeometryCollection(shapes)
