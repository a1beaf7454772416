"""Splits a JSON text at its brackets without parsing it.

What stands beside something unreadable is not lost with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)
_CLOSES = {b"]": b"[", b"}": b"{"}
_PLAIN = re.compile(rb'"([ !#-\[\]-~]*)"')
_COLON = re.compile(rb"\s*:\s*")


def cut(data: bytes, member: str) -> tuple[bytes, list[bytes]] | None:
    """An object's text with this list emptied, and the list's items as they came.

    None where it cannot be cut.
    """
    items: list[bytes] = []
    name, begin, end = b'"%s"' % member.encode(), None, None
    for token, at, depth in _tokens(data):
        if depth < 0:
            return None
        if begin is None and depth == 1 and token == name and (colon := _COLON.match(data, at + len(token))):
            begin = colon.end() + 1 if data[colon.end() : colon.end() + 1] == b"[" else None
            since = begin or 0
        elif begin is not None and end is None and at >= begin and depth <= 2 and token in (b",", b"]"):
            if (depth, token) not in ((2, b","), (1, b"]")):
                continue
            items.append(data[since:at].strip())
            since, end = at + 1, at if token == b"]" else None
    if begin is None or end is None:
        return None
    if items == [b""]:
        items = []
    return (data[:begin] + data[end:], items) if all(items) else None


def texts_of(data: bytes) -> dict[str, str]:
    """The plain texts among an object's own members, as far as they can be made out."""
    found: dict[str, str] = {}
    for token, at, depth in _tokens(data):
        key = _PLAIN.fullmatch(token) if depth == 1 else None
        colon = _COLON.match(data, at + len(token)) if key else None
        value = _PLAIN.match(data, colon.end()) if colon else None
        if key and value:
            found[key[1].decode()] = value[1].decode()
    return found


def _tokens(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each string, bracket and comma, where it stands, and how deep it is after it.

    -1 where brackets do not match.
    """
    opened: list[bytes] = []
    for match in _TOKEN.finditer(data):
        token = match[0]
        if token in (b"[", b"{"):
            opened.append(token)
        elif token in _CLOSES and (not opened or opened.pop() != _CLOSES[token]):
            yield token, match.start(), -1
            return
        yield token, match.start(), len(opened)
