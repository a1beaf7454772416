"""Error responses as problem+json: code, sentence and remedy, in both languages."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson
import structlog
from flask import Flask, Response, request
from marshmallow import INCLUDE, Schema, ValidationError, fields
from psycopg.errors import DiskFull
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from backend.core.api.context import context
from backend.core.api.limits import asking_network
from backend.core.api.shapes import FaultOut
from backend.core.errors import Problem, WrongSecret, as_document
from backend.core.kinds.complaints import in_chinese

log = structlog.get_logger(__name__)
MOST_FAULTS, MOST_LISTED, MOST_LETTERS = 20, 100, 300
_BY_STATUS = {
    400: "bad_json",
    401: "not_signed_in",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    412: "changed_meanwhile",
    413: "too_large",
    415: "unsupported_media",
    422: "invalid",
    428: "version_needed",
    429: "too_many",
}


class ProblemDocument(Schema):
    """RFC 9457, with our code, the English sentence and the remedy."""

    class Meta:
        """What else a person must know stands beside these."""

        unknown = INCLUDE

    type = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    title = fields.String(required=True)
    title_en = fields.String(required=True)
    remedy = fields.String(required=True)
    remedy_en = fields.String(required=True)
    instance = fields.String()
    faults = fields.List(
        fields.Nested(FaultOut), metadata={"description": f"one entry per field, {MOST_FAULTS} at most"}
    )
    more_faults = fields.Integer(metadata={"description": "how many more there are"})


def respond(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """A problem as a response."""
    document = bounded(as_document(problem, request.path))
    if "retry_after_s" in problem.detail:
        headers = {**(headers or {}), "Retry-After": str(problem.detail["retry_after_s"])}
    body = orjson.dumps(document, default=str)
    return Response(body, document["status"], headers, mimetype="application/problem+json")


def install(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(Problem, respond)
    app.register_error_handler(WrongSecret, _wrong_secret)
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(OperationalError, _not_ready)
    app.register_error_handler(PoolTimeout, _not_ready)
    app.register_error_handler(RecursionError, _too_deep)
    app.register_error_handler(Exception, _unexpected)


def _wrong_secret(problem: WrongSecret) -> Response:
    """A token, link or refresh token that was never given out, wherever it was shown: counted as a guess."""
    wait_s = context().guesses.wrong_token(asking_network(), problem.secret)
    return respond(Problem("too_many_tries", retry_after_s=wait_s) if wait_s else problem)


def _from_http(error: HTTPException) -> Response:
    """werkzeug's and smorest's own errors, with their faults spread out by field."""
    code = _BY_STATUS.get(error.code or 500, "server_error" if (error.code or 500) >= 500 else "bad_json")
    detail: dict[str, Any] = {}
    messages = getattr(error, "data", {}).get("messages") if hasattr(error, "data") else None
    if messages:
        detail |= _counted(_flat(messages))
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    if error.code == 405 and getattr(error, "valid_methods", None):
        headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
    return respond(Problem(code, **detail), headers)


def invalid(error: ValidationError) -> Problem:
    """A schema's complaints, one entry per field."""
    return Problem("invalid", **_counted(_flat(error.messages)))


def bounded(document: dict[str, Any]) -> dict[str, Any]:
    """The document as it may go out: 20 faults and how many more, no list and no text that what came in
    made long."""
    found = {}
    for name, value in document.items():
        if name in found:
            continue  # How many more: counted with what it is of.
        most = MOST_FAULTS if name == "faults" else MOST_LISTED
        found[name] = _short(value, most)
        if isinstance(value, list | tuple) and len(value) > most:
            found[f"more_{name}"] = len(value) - most + document.get(f"more_{name}", 0)
    return found


def _short(value: Any, most: int = MOST_LISTED) -> Any:
    if isinstance(value, str):
        # Half characters, which JSON can name and UTF-8 cannot, came with somebody's keys.
        text = value.encode(errors="replace").decode()
        return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return f"about 2^{value.bit_length()}"
    if isinstance(value, dict):
        return {_short(str(key)): _short(item) for key, item in list(value.items())[:MOST_LISTED]}
    if isinstance(value, list | tuple | set | frozenset):
        return [_short(item) for item in islice(value, most)]
    return value


def _counted(faults: Iterator[dict[str, str]]) -> dict[str, Any]:
    """The first faults, and how many more: a body of a megabyte can hold a hundred thousand."""
    first = list(islice(faults, MOST_FAULTS))
    more = sum(1 for _ in faults)
    return {"faults": first} | ({"more_faults": more} if more else {})


def _flat(messages: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(messages, list):
        for value in messages:
            yield from _flat(value, path)
    else:
        field = path.removeprefix("json.").removeprefix("query.")
        yield {"field": field, "code": "invalid", "zh": in_chinese(str(messages)), "en": str(messages)}


def _not_ready(error: Exception) -> Response:
    if isinstance(getattr(error, "orig", None), DiskFull):
        return _disk_full(error)
    log.error("database.away", error=type(error).__name__)
    return respond(Problem("not_ready"), {"Retry-After": "5"})


def _too_deep(_error: Exception) -> Response:
    """JSON nested a hundred thousand deep."""
    return respond(Problem("bad_json"))


def _disk_full(error: Exception) -> Response:
    log.error("disk.full", error=type(error).__name__)
    return respond(Problem("server_disk_full"))


def _unexpected(error: Exception) -> Response:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(error)
    log.exception("request.failed", error=type(error).__name__)
    return respond(Problem("server_error"))
