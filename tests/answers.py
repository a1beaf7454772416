"""Answers of the board, plans and ground against the document: held for every answer that a test gets.

They are given out as they were made (`Shaped` in `backend/core/kinds/wire.py`), so nothing else sees that
they have the shape which the document promises.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
from werkzeug.wrappers import Response

HELD = ("/dispatch/", "/territory/", "/ogc/")
_DOCUMENT = Path(__file__).parents[1] / "mobile_api_spec/openapi.json"


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_DOCUMENT.read_text(encoding="utf-8"))
    return document


@cache
def _addresses() -> list[tuple[re.Pattern[str], str]]:
    """Those without a place to fill in come first: `plans` is no id."""
    found = [one for one in _document()["paths"] if one.removeprefix("/api/v1").startswith(HELD)]
    return [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", one)), one)
        for one in sorted(found, key=lambda one: one.count("{"))
    ]


@cache
def _validator(address: str, method: str, status: str, media_type: str) -> Any:
    """Of one answer; None where the document gives it no schema."""
    content = _document()["paths"][address][method]["responses"][status].get("content", {})
    schema = content[media_type].get("schema") if content else None
    components = {"components": _document()["components"]}
    return None if schema is None else jsonschema_rs.validator_for(schema | components)


def hold(method: str, path: str, response: Response) -> bool:
    """Raise where a good answer is not what the document says of it; whether there was something to hold."""
    path = f"/api/v1{urlsplit(path).path}"
    address = next((one for pattern, one in _addresses() if pattern.fullmatch(path)), None)
    if address is None or response.status_code >= 300 or "json" not in response.mimetype:
        return False
    validator = _validator(address, method.lower(), str(response.status_code), response.mimetype)
    if validator is not None:
        validator.validate(json.loads(response.data))
    return validator is not None
