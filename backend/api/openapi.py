"""The API's OpenAPI document, finished: errors are problem+json, and addresses without a sign-in say so."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, jsonify
from flask_smorest import Api

from backend.api.problems import ProblemDocument

PATH = "/api/v1/openapi.json"
_OPEN = {("/api/v1/sessions", "post"), ("/api/v1/sessions/refresh", "post"), ("/api/v1/public/responsible", "get")}


class OurApi(Api):
    """flask-smorest with our errors: their schema, and our handlers instead of its own."""

    ERROR_SCHEMA = ProblemDocument

    def _register_error_handlers(self) -> None:
        """`problems.install` has registered ours."""


def install(app: Flask, api: Api) -> None:
    """Serve the document; made once, when it is first asked for."""
    made: dict[str, Any] = {}

    def serve() -> Response:
        if not made:
            made.update(finish(api.spec.to_dict()))
        return jsonify(made)

    app.add_url_rule(PATH, "openapi", serve)


def finish(document: dict[str, Any]) -> dict[str, Any]:
    """What flask-smorest cannot say by itself."""
    for response in document["components"].get("responses", {}).values():
        if "application/json" in response.get("content", {}):
            response["content"] = {"application/problem+json": response["content"]["application/json"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if (path, method) in _OPEN:
                operation["security"] = []
    return document
