"""Extracts all text of a response: archives opened, papers read, JSON unescaped, headers too."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import Any
from urllib.parse import unquote

import orjson
import pypdfium2  # type: ignore[import-untyped]

_MOST_DEPTH = 4


def said(response: Any) -> str:
    """The text of headers and body, in lower case."""
    headers = unquote("\n".join(f"{name}: {value}" for name, value in response.headers))
    data = b"" if response.is_streamed and response.mimetype == "text/event-stream" else response.get_data()
    return f"{headers}\n{text_of(data)}".lower()


def text_of(data: bytes, depth: int = 0) -> str:
    """What a person with the right program would find in these bytes."""
    found = [data.decode("utf-8", "replace")]
    if depth < _MOST_DEPTH:
        found += [text_of(part, depth + 1) for part in _parts(data)]
    return "\n".join(found)


def _parts(data: bytes) -> list[bytes]:
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [one.encode() for one in archive.namelist()] + [
                archive.read(one) for one in archive.namelist()
            ]
    if data[:2] == b"\x1f\x8b":
        return [gzip.decompress(data)]
    if data[:5] == b"%PDF-":
        return [_paper(data).encode()]
    if data[:1] in (b"{", b"["):
        try:
            return [unescaped(orjson.loads(data)).encode()] if b"\\" in data else []
        except orjson.JSONDecodeError:
            return []
    return []


def _paper(data: bytes) -> str:
    with_pages = pypdfium2.PdfDocument(data)
    pages = [page.get_textpage().get_text_bounded() for page in with_pages]
    about = [str(value) for value in with_pages.get_metadata_dict().values()]
    with_pages.close()
    # A line may be broken within a word.
    return "\n".join([*pages, *about, "".join("".join(pages).split())])


def unescaped(value: Any) -> str:
    """Every text in a JSON value, JSON within texts included."""
    if isinstance(value, dict):
        return "\n".join(f"{key}\n{unescaped(one)}" for key, one in value.items())
    if isinstance(value, list):
        return "\n".join(map(unescaped, value))
    return str(value)
