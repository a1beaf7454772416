"""Frames between the server and a sandboxed reader: a bounded JSON head and bytes, never objects."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

_SIZES = struct.Struct(">II")
MOST_HEAD = 1 << 26
Head = dict[str, Any]


class Broken(Exception):
    """The other end went away, or sent something that is no frame."""


def packed(head: Head, body: bytes = b"") -> bytes:
    """A frame as bytes; what JSON does not know goes as its text."""
    return opening(head, len(body)) + body


def opening(head: Head, size: int) -> bytes:
    """What goes before a body of `size` bytes."""
    text = json.dumps(head, default=str).encode()
    return _SIZES.pack(len(text), size) + text


def unpacked(data: bytes) -> tuple[Head, bytes]:
    """Head and body of bytes that are exactly one frame. Raises Broken."""
    if len(data) < _SIZES.size:
        raise Broken("too short")
    head, body = _SIZES.unpack_from(data)
    if len(data) != _SIZES.size + head + body:
        raise Broken("sizes do not fit")
    return _head(data[_SIZES.size : _SIZES.size + head]), data[_SIZES.size + head :]


def read(stream: BinaryIO, most: int) -> tuple[Head, bytes] | None:
    """The next frame of a stream, None at its end. Raises Broken, also for one larger than `most` bytes."""
    sizes = stream.read(_SIZES.size)
    if not sizes:
        return None
    if len(sizes) < _SIZES.size:
        raise Broken("cut short")
    head, body = _SIZES.unpack(sizes)
    if head > MOST_HEAD or body > most:
        raise Broken("too large")
    text, data = stream.read(head), stream.read(body)
    if len(text) < head or len(data) < body:
        raise Broken("cut short")
    return _head(text), data


def _head(text: bytes) -> Head:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Broken("no JSON") from error
    if not isinstance(found, dict):
        raise Broken("no head")
    return found
