"""The API's OpenAPI document, finished: errors are problem+json, and addresses without a sign-in say so."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask, Response, jsonify
from flask_smorest import Api

from backend.core.api import gate, mutations, shapes
from backend.core.api.authentication import Who, documents
from backend.core.api.problems import ProblemDocument

PATH = "/api/v1/openapi.json"
_PROSE = ("summary", "description")
_PLACE = re.compile(r"<(?:[^:>]+:)?([^>]+)>")


class OurApi(Api):
    """flask-smorest with our errors: their schema, and our handlers instead of its own."""

    ERROR_SCHEMA = ProblemDocument

    def init_app(self, app: Flask, *, spec_kwargs: dict[str, Any] | None = None) -> None:
        """Also the shapes that no endpoint names by a schema of its own."""
        super().init_app(app, spec_kwargs=spec_kwargs)
        shapes.describe(self.spec, self.ma_plugin.converter)
        mutations.describe(self.spec)

    def _register_error_handlers(self) -> None:
        """`problems.install` has registered ours."""


def install(app: Flask, api: Api) -> None:
    """Serve the document; made once, when it is first asked for."""
    made: dict[str, Any] = {}

    @documents
    def serve() -> Response:
        if not made:
            made.update(finish(api.spec.to_dict(), _open_operations(app)))
        return jsonify(made)

    app.add_url_rule(PATH, "openapi", serve)


def _open_operations(app: Flask) -> set[tuple[str, str]]:
    """Path and method of whatever answers without a sign-in."""
    table = gate.table_of(app)
    return {
        (_PLACE.sub(r"{\1}", str(rule)), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if (access := table[rule.endpoint, method][0]).who is Who.ANYBODY and access.holds is None
    }


def finish(document: dict[str, Any], is_open: set[tuple[str, str]]) -> dict[str, Any]:
    """What flask-smorest cannot say by itself; `is_open` names the operations without a sign-in."""
    for response in document["components"].get("responses", {}).values():
        if "application/json" in response.get("content", {}):
            response["content"] = {"application/problem+json": response["content"]["application/json"]}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            # A docstring's lines end where our lines do, which is nobody else's matter.
            operation |= {name: " ".join(operation[name].split()) for name in _PROSE if name in operation}
            if (path, method) in is_open:
                operation["security"] = []
    return document
