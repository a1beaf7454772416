"""Versions over HTTP: an ETag is a record's version in quotes, and a change names the one it was made on.

Whoever compresses an answer, we or a proxy, writes so behind the tag: such a tag is the one that was given.
"""

from __future__ import annotations

import re

from flask import Flask, Response, request
from werkzeug.datastructures import ETags

from backend.api.problems import respond
from backend.errors import Problem

_CODING = r"[:-](?:gzip|br|zstd|deflate)"
_ETAG = re.compile(rf'^\s*(?:W/)?"?(\d{{1,18}})(?:{_CODING})?"?\s*$')
_ENDS_IN_CODING = re.compile(f"{_CODING}$")


def install(app: Flask) -> None:
    """Answer reading requests that name a tag: 304 where nothing is new, changed_meanwhile where it is not that one."""
    # Judged on the plain tag, before anything is compressed.
    app.config["COMPRESS_EVALUATE_CONDITIONAL_REQUEST"] = False
    app.after_request(_judged)


def _judged(response: Response) -> Response:
    tag = response.get_etag()[0]
    if tag is None or response.status_code != 200 or request.method not in ("GET", "HEAD"):
        return response
    if request.if_match and not _names(request.if_match, tag):
        return respond(Problem("changed_meanwhile"))
    if _names(request.if_none_match, tag):
        kept = {name: response.headers[name] for name in ("ETag", "Cache-Control", "Vary") if name in response.headers}
        return Response(status=304, headers=kept)
    return response


def _names(tags: ETags, tag: str) -> bool:
    named = {_ENDS_IN_CODING.sub("", one) for one in tags.as_set(include_weak=True)}
    return tags.star_tag or tag in named


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
