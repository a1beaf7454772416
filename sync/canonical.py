"""Canonical JSON, the same bytes in every language: RFC 8785, as ECMAScript writes it.

What others hash too, bodies and sheets, has this form. Where only the server hashes
(`sync.change.canonical`), orjson's spelling of numbers is kept: what was sealed must hash as it did.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import orjson

_WHOLE = 2**53


def canonical_json(value: Any) -> bytes:
    """The canonical bytes; raises TypeError for what JSON cannot say."""
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return text if _is_usual(value) else _written(orjson.loads(text)).encode()


def _is_usual(value: Any) -> bool:
    """Whether orjson writes it as ECMAScript does: most values are texts, small whole numbers and places.

    Every body that is written comes by here: nothing is called for a text.
    """
    kind = type(value)
    if kind is float:
        return 1e-3 < abs(value) < 1e15 and not value.is_integer()
    if kind is int:
        return bool(-_WHOLE <= value <= _WHOLE)
    if kind is dict:
        for one in value.values():
            if type(one) is not str and one is not None and not _is_usual(one):
                return False
        return "".join(value).isascii()
    if kind is list:
        return all(map(_is_usual, value))
    return kind is str or value is None or kind is bool


def _written(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return f"{{{','.join(f'{_written(name)}:{_written(value[name])}' for name in names)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return orjson.dumps(value).decode()


def number_text(value: float) -> str:
    """A number as ECMAScript writes it: the shortest digits that give the same 64-bit number."""
    number = float(value)
    if not number:
        return "0"
    if isinstance(value, int) and int(number) != value:
        return str(value)  # Of before such a number was refused: it stays what it was.
    sign, digits, exponent = Decimal(repr(number)).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    point = len(text) + exponent
    text = text.rstrip("0")
    if len(text) <= point <= 21:
        told = text + "0" * (point - len(text))
    elif 0 < point <= 21:
        told = f"{text[:point]}.{text[point:]}"
    elif -6 < point <= 0:
        told = f"0.{'0' * -point}{text}"
    else:
        told = f"{text[0]}{'.' if text[1:] else ''}{text[1:]}e{point - 1:+d}"
    return f"-{told}" if sign else told
