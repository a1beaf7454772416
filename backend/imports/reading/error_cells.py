"""Finds the cells of a workbook (XLSX, XLSB, ODS) that hold an error (#N/A, #REF!): python-calamine gives
them as empty ones.

Without it an optional value that a formula could not work out would be left out and nobody told. Layouts of
the parts: ECMA-376 part 1, 18.3.1.4 (`c`, `t="e"`); MS-XLSB 2.4 (records) and 2.5.97.2 (`BErr`); OpenDocument
as LibreOffice writes it (`calcext:value-type`). Those of an XLS are found by `error_cells_xls`.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat

from backend.imports.reading.grids import Unreadable

# Row and column, both from 0 and both of the sheet, and the error's text.
Errors = dict[int, dict[int, str]]
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError)
_PIECE = 1 << 20
# An attribute that says so may lie across two pieces.
_OVERLAP = 40
_MARKED = re.compile(rb"""\s(?:t|calcext:value-type)=["'](?:e|error)["']""")
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ROW_HEADER, _CELL_ERROR, _FORMULA_ERROR, _SHEET = 0, 3, 11, 156
CODES = {0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!",
          0x2A: "#N/A", 0x2B: "#GETTING_DATA"}  # fmt: skip
# Of a row that is repeated so often the first times are looked at: what is beyond was never typed.
_MOST_REPEATED = 10_000


def errors_of(archive: zipfile.ZipFile, sheet: str) -> Errors:
    """The error cells of a sheet. Raises Unreadable (`table_broken`) where its part is no such."""
    parts = set(archive.namelist())
    try:
        if "content.xml" in parts:
            return _of_ods(archive, sheet)
        is_binary = "xl/workbook.bin" in parts
        names = _names_binary if is_binary else _names_xml
        path = _paths(archive, "bin" if is_binary else "xml").get(names(archive).get(sheet, ""), "")
        if path not in parts:
            return {}
        return _of_xlsb(archive.read(path)) if is_binary else _of_xlsx(archive, path)
    except (expat.ExpatError, ValueError, IndexError, KeyError, *BROKEN) as error:
        raise Unreadable("table_broken") from error


def column_of(letters: str) -> int:
    """The place of a column from 0 by its letters: A, Z, AA."""
    found = 0
    for one in letters:
        found = found * 26 + ord(one) - 64
    return found - 1


def records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Kind, beginning and length of the records of a part of an XLSB. Raises IndexError at an early end."""
    at, end = 0, len(data)
    while at < end:
        kind = data[at]
        at += 1
        if kind & 0x80:
            kind, at = kind & 0x7F | (data[at] & 0x7F) << 7, at + 1
        size = shift = 0
        while True:
            byte, at = data[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift == 28:
                break
        yield kind, at, size
        at += size


def _of_xlsx(archive: zipfile.ZipFile, path: str) -> Errors:
    if not _is_marked(archive, path):
        return {}
    found: Errors = {}
    row, column, text = -1, -1, ""
    is_error = is_value = False

    def begin(tag: str, given: dict[str, str]) -> None:
        nonlocal row, column, text, is_error, is_value
        tag = tag.rpartition(":")[2]
        if tag == "row":
            row, column = int(given["r"]) - 1 if "r" in given else row + 1, -1
        elif tag == "c":
            said = _CELL.fullmatch(given.get("r", ""))
            column = column_of(said[1]) if said else column + 1
            is_error, text = given.get("t") == "e", ""
        is_value = is_error and tag == "v"

    def words(piece: str) -> None:
        nonlocal text
        text += piece if is_value else ""

    def end(tag: str) -> None:
        nonlocal is_value
        if is_value and text:
            found.setdefault(row, {})[column] = text
        is_value = False

    parse(archive, path, begin, words, end)
    return found


def _of_ods(archive: zipfile.ZipFile, sheet: str) -> Errors:
    if not _is_marked(archive, "content.xml"):
        return {}
    found: Errors = {}
    is_asked = is_error = is_note = False
    row, column, rows, text = 0, 0, 1, ""
    wide = 1

    def begin(tag: str, given: dict[str, str]) -> None:
        nonlocal is_asked, is_error, is_note, row, column, rows, wide, text
        if tag == "table:table":
            is_asked, row = given.get("table:name") == sheet, 0
        elif tag == "table:table-row":
            column, rows = 0, int(given.get("table:number-rows-repeated", 1))
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            wide, text = int(given.get("table:number-columns-repeated", 1)), ""
            is_error = is_asked and given.get("calcext:value-type") == "error"
        is_note = is_note or tag == "office:annotation"

    def words(piece: str) -> None:
        nonlocal text
        text += piece if is_error and not is_note else ""

    def end(tag: str) -> None:
        nonlocal row, column, is_error, is_note
        is_note = is_note and tag != "office:annotation"
        if tag == "table:table-row":
            row += rows
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            for n in range(min(rows, _MOST_REPEATED) if is_error and text.strip() else 0):
                for place in range(column, column + min(wide, _MOST_REPEATED)):
                    found.setdefault(row + n, {})[place] = text.strip()
            column, is_error = column + wide, False

    parse(archive, "content.xml", begin, words, end)
    return found


def _of_xlsb(data: bytes) -> Errors:
    found: Errors = {}
    row = 0
    for kind, at, size in records(data):
        if kind == _ROW_HEADER:
            row = int.from_bytes(data[at : at + 4], "little")
        elif kind in (_CELL_ERROR, _FORMULA_ERROR) and size >= 9:
            column = int.from_bytes(data[at : at + 4], "little")
            found.setdefault(row, {})[column] = CODES.get(data[at + 8], "#VALUE!")
    return found


def _names_xml(archive: zipfile.ZipFile) -> dict[str, str]:
    """Name of each sheet -> the id of its part."""
    found: dict[str, str] = {}

    def begin(tag: str, given: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "sheet":
            part = next((value for name, value in given.items() if name.rpartition(":")[2] == "id"), "")
            found[given.get("name", "")] = part

    parse(archive, "xl/workbook.xml", begin)
    return found


def _names_binary(archive: zipfile.ZipFile) -> dict[str, str]:
    data, found = archive.read("xl/workbook.bin"), {}
    for kind, at, _ in records(data):
        if kind == _SHEET:
            part, after = _wide(data, at + 8)
            found[_wide(data, after)[0]] = part
    return found


def _wide(data: bytes, at: int) -> tuple[str, int]:
    """A text of an XLSB (its length, then UTF-16), and where it ends."""
    end = at + 4 + 2 * int.from_bytes(data[at : at + 4], "little")
    return data[at + 4 : end].decode("utf-16-le"), end


def _paths(archive: zipfile.ZipFile, ending: str) -> dict[str, str]:
    """Id of each part of a workbook -> its path in the archive."""
    found: dict[str, str] = {}

    def begin(tag: str, given: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "Relationship":
            found[given.get("Id", "")] = posixpath.normpath(
                posixpath.join("/xl", given.get("Target", ""))
            ).lstrip("/")

    parse(archive, f"xl/_rels/workbook.{ending}.rels", begin)
    return found


def _is_marked(archive: zipfile.ZipFile, path: str) -> bool:
    with archive.open(path) as stream:
        return any(_MARKED.search(piece) for piece in pieces_of(stream, _OVERLAP))


def pieces_of(stream: IO[bytes], overlap: int) -> Iterator[bytes]:
    """A part in pieces, each with the end of the one before it in front."""
    rest = b""
    while piece := stream.read(_PIECE):
        yield rest + piece
        rest = piece[-overlap:]


def parse(
    archive: zipfile.ZipFile,
    path: str,
    begin: Callable[[str, dict[str, str]], None],
    words: Callable[[str], None] | None = None,
    end: Callable[[str], None] | None = None,
) -> None:
    """Go through a part of a workbook. Raises expat.ExpatError, Unreadable (it has entities)."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = begin, words, end
    parser.StartDoctypeDeclHandler = _no_doctype
    with archive.open(path) as stream:
        while piece := stream.read(_PIECE):
            parser.Parse(piece, False)
    parser.Parse(b"", True)


def _no_doctype(*_: object) -> None:
    """No workbook has one; entities would be told in it."""
    raise Unreadable("table_broken")
