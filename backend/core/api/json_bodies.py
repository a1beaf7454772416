"""Reads JSON bodies strictly: bounded depth, no NaN or infinity, no key twice; anything else is bad_json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import flask
from webargs import missing
from webargs.flaskparser import FlaskParser, is_json_request

from backend.core.errors import Problem
from backend.core.kinds.wire import is_keepable
from backend.core.sentences import fault
from sync.wire import MOST_DEPTH, depth_of

# Text and numbers that need a look: half characters, NUL, numbers beyond 64 bits.
_SUSPECT = re.compile(rb"\\u(?:[dD][89a-fA-F]|0000)|\d{19}|\d[eE]\+?\d{3}")


class BodyParser(FlaskParser):
    """webargs' parser with our way of reading JSON."""

    def _raw_load_json(self, req: flask.Request) -> Any:
        if not is_json_request(req):
            return missing
        data = req.get_data(cache=True)
        return read_json(data) if data else missing


def read_json(data: bytes) -> Any:
    """The values of a JSON text. Raises bad_json, which says why."""
    if depth_of(data) > MOST_DEPTH:
        raise Problem("bad_json", faults=[fault("", "core.too_deep", most=MOST_DEPTH)])
    try:
        found = json.loads(data.decode(), parse_constant=_no_number, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise Problem("bad_json", faults=[fault("", "core.unreadable")]) from None
    if _SUSPECT.search(data) and (bad := next(_unkeepable(found), None)) is not None:
        raise Problem("invalid", faults=[fault(bad, "core.unkeepable")])
    return found


def _unkeepable(value: Any, path: str = "") -> Iterator[str]:
    """Where something stands that cannot be kept."""
    if not is_keepable(value):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            below = f"{path}.{key}" if path else key
            yield from _unkeepable(key, below)
            yield from _unkeepable(item, below)
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield from _unkeepable(item, f"{path}.{n}" if path else str(n))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)
