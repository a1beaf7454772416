"""Versions over HTTP: an ETag is a record's version in quotes, and a change names the one it was made on."""

from __future__ import annotations

import re

from flask import request

from backend.errors import Problem

_ETAG = re.compile(r'^\s*(?:W/)?"?(\d{1,18})"?\s*$')


def etag(version: int) -> dict[str, str]:
    """The header for a record's version."""
    return {"ETag": f'"{version}"'}


def if_match() -> int | None:
    """The version named in If-Match, or None; raises changed_meanwhile for one that cannot be a version."""
    header = request.headers.get("If-Match")
    if header is None:
        return None
    found = _ETAG.match(header)
    if found is None:
        raise Problem("changed_meanwhile")
    return int(found.group(1))


def need_if_match() -> int:
    """As `if_match`; raises version_needed without one."""
    version = if_match()
    if version is None:
        raise Problem("version_needed")
    return version
