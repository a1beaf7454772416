"""Canonical JSON (RFC 8785), in which a phone and the server hash bodies, sheets and what a device signs."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


def canonical_text(value: Any) -> str:
    """JSON with sorted keys, no spaces, and numbers as ECMAScript writes them."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return f"{{{','.join(f'{canonical_text(name)}:{canonical_text(value[name])}' for name in names)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(canonical_text, value))}]"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    return json.dumps(value, ensure_ascii=False)


def number_text(value: float) -> str:
    """A number as ECMAScript writes it: the shortest digits that give the same 64-bit number."""
    number = float(value)
    if not number:
        return "0"
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
