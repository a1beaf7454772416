"""Conditional requests: an ETag is a record's version in quotes, and a change names the one it was made on.

What we gave out we take back: whoever compresses an answer, we or a proxy, writes so behind the tag or calls
it weak, and who types it by hand leaves the quotes out. Such a tag is the one that was given.
"""

from __future__ import annotations

import re

from flask import Flask, Response, request

from backend.core.api.problems import respond
from backend.core.errors import Problem
from backend.core.services.record_writer import Versions

_NAMES = "gzip|gz|zst|br|brotli|zstd|deflate|compress|dcb|dcz|identity"
_ENDS_IN_CODING = re.compile(rf"(?:(?:--?|[:;+._/])(?:x-)?(?:{_NAMES}))+$", re.IGNORECASE)
_WEAK = re.compile(r"^w/", re.IGNORECASE)
_QUOTES = re.compile(r"[\"'\\\s]")
_VERSION = re.compile(r"^[0-9]{1,18}$")
_ANY = "*"
_OF_A_BODY = ("content-length", "content-type", "content-encoding", "content-range", "content-disposition")


def install(app: Flask) -> None:
    """Answer reading requests that name a tag: 304 where nothing is new, changed_meanwhile where it is not
    that one."""
    # Judged on the plain tag, before anything is compressed.
    app.config["COMPRESS_EVALUATE_CONDITIONAL_REQUEST"] = False
    app.after_request(_judged)


def _judged(response: Response) -> Response:
    tag = response.get_etag()[0]
    if tag is None or response.status_code not in (200, 206) or request.method not in ("GET", "HEAD"):
        return response
    if "If-Match" in request.headers and named("If-Match", tag) is None:
        response.close()
        return respond(Problem("changed_meanwhile"))
    known = named("If-None-Match", tag)
    if known is None:
        return response
    response.close()
    kept = [(name, value) for name, value in response.headers if name.lower() not in _OF_A_BODY]
    unchanged = Response(status=304, headers=kept)
    if known != _ANY:
        # As the asker knows it: a cache looks for what it holds by this very text.
        unchanged.headers["ETag"] = known
    return unchanged


def named(header: str, tag: str) -> str | None:
    """How a header names this tag, written as it came; None where it names others. A star names any."""
    for one in _tags(header):
        if one == _ANY or plain(one) == tag:
            return one
    return None


def plain(tag: str) -> str:
    """A tag without quotes, weakness and coding, as it was given out first."""
    return _ENDS_IN_CODING.sub("", _QUOTES.sub("", _WEAK.sub("", tag.strip())))


def _tags(header: str) -> list[str]:
    """No tag of ours holds a comma."""
    return [found for one in request.headers.get(header, "").split(",") if (found := one.strip())]


def etag(version: int) -> dict[str, str]:
    """The header for a record's version."""
    return {"ETag": f'"{version}"'}


def if_match() -> Versions | None:
    """The versions named in If-Match, None for any; raises changed_meanwhile where none of them can be a
    version."""
    tags = _tags("If-Match")
    if "If-Match" not in request.headers or _ANY in tags:
        return None
    versions = frozenset(int(one) for one in map(plain, tags) if _VERSION.match(one))
    if not versions:
        raise Problem("changed_meanwhile")
    return versions


def need_if_match() -> Versions | None:
    """As `if_match`; raises version_needed without one."""
    if "If-Match" not in request.headers:
        raise Problem("version_needed")
    return if_match()
