"""Errors as problem+json: every one with its code, its sentence and what to do, in both languages."""

from __future__ import annotations

from typing import Any

import orjson
import structlog
from flask import Flask, Response, request
from marshmallow import INCLUDE, Schema, ValidationError, fields
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from backend.api.house import house
from backend.api.limits import asking_network
from backend.errors import Problem, WrongSecret, as_document

log = structlog.get_logger(__name__)
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
    faults = fields.List(fields.Dict(), metadata={"description": "one entry per field"})


def respond(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """A problem as a response."""
    document = as_document(problem, request.path)
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
    wait_s = house().guesses.wrong_token(asking_network(), problem.secret)
    return respond(Problem("too_many_tries", retry_after_s=wait_s) if wait_s else problem)


def _from_http(error: HTTPException) -> Response:
    """werkzeug's and smorest's own errors, with their faults spread out by field."""
    code = _BY_STATUS.get(error.code or 500, "server_error" if (error.code or 500) >= 500 else "bad_json")
    detail: dict[str, Any] = {}
    messages = getattr(error, "data", {}).get("messages") if hasattr(error, "data") else None
    if messages:
        detail["faults"] = list(_flat(messages))
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    if error.code == 405 and getattr(error, "valid_methods", None):
        headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
    return respond(Problem(code, **detail), headers)


def faults_of(error: ValidationError) -> list[dict[str, str]]:
    """A schema's complaints, one entry per field."""
    return list(_flat(error.messages))


def _flat(messages: Any, path: str = "") -> Any:
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(messages, list):
        for value in messages:
            yield from _flat(value, path)
    else:
        field = path.removeprefix("json.").removeprefix("query.")
        yield {"field": field, "code": "invalid", "zh": "格式或取值不对", "en": str(messages)}


def _not_ready(error: Exception) -> Response:
    log.error("database.away", error=type(error).__name__)
    return respond(Problem("not_ready"), {"Retry-After": "5"})


def _too_deep(_error: Exception) -> Response:
    """JSON nested a hundred thousand deep."""
    return respond(Problem("bad_json"))


def _unexpected(error: Exception) -> Response:
    log.exception("request.failed", error=type(error).__name__)
    return respond(Problem("server_error"))
