"""The API's OpenAPI document, finished: errors are problem+json, and addresses without a sign-in say so."""

from __future__ import annotations

import re
from threading import Lock
from typing import Any

from flask import Flask, Response, jsonify
from flask_smorest import Api, Blueprint

from backend.core.api import gate, mutations, shapes
from backend.core.api.authentication import Who, documents
from backend.core.api.problems import ProblemDocument

PATH = "/api/v1/openapi.json"
_PROSE = ("summary", "description")
_PLACE = re.compile(r"<(?:[^:>]+:)?([^>]+)>")


class OurApi(Api):
    """flask-smorest with our errors: their schema, and our handlers instead of its own.

    It would describe every endpoint as the server starts, which took half of that time.
    """

    ERROR_SCHEMA = ProblemDocument

    def init_app(self, app: Flask, *, spec_kwargs: dict[str, Any] | None = None) -> None:
        """Nothing is described yet."""
        super().init_app(app, spec_kwargs=spec_kwargs)
        self._blueprints: list[Blueprint] = []

    def register_blueprint(
        self, blp: Blueprint, *, parameters: list[Any] | None = None, **options: Any
    ) -> None:
        """Its endpoints answer; what the document says of them is written with the document."""
        assert not parameters and not options, "nothing of ours names a blueprint anew"
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp)
        self._blueprints.append(blp)

    def described(self) -> dict[str, Any]:
        """The whole document, for the one who makes it: also the shapes that no endpoint names by a schema
        of its own."""
        shapes.describe(self.spec, self.ma_plugin.converter)
        mutations.describe(self.spec)
        for one in self._blueprints:
            one.register_views_in_doc(self, self._app, self.spec, name=one.name, parameters=None)
            self.spec.tag({"name": one.name, "description": one.description})
        document: dict[str, Any] = self.spec.to_dict()
        return document

    def _register_error_handlers(self) -> None:
        """`problems.install` has registered ours."""


def install(app: Flask, api: OurApi) -> None:
    """Serve the document; made once, when it is first asked for."""
    made: dict[str, Any] = {}
    making = Lock()

    @documents
    def serve() -> Response:
        with making:
            if not made:
                made.update(finish(api.described(), _open_operations(app)))
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
