"""The API's documents: Swagger UI served by us, from a wheel, with no outside address."""

from __future__ import annotations

from pathlib import Path

import flask_swagger_ui
from flask import Blueprint, Flask, Response, send_from_directory

from backend.core.api.authentication import documents

# flask-swagger-ui carries Swagger UI 5; older wheels stop at 4, which cannot show OpenAPI 3.1.
_UI = Path(flask_swagger_ui.__file__).parent / "dist"
_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>网格 API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"><div id="ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></html>"""
_START = (
    'SwaggerUIBundle({url: "/api/v1/openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null});'
)

blueprint = Blueprint("docs", __name__, url_prefix="/docs")


def install(app: Flask) -> None:
    """The pages."""
    app.register_blueprint(blueprint)


@blueprint.get("")
@documents
def page() -> str:
    """The documents' page."""
    return _PAGE


@blueprint.get("/start.js")
@documents
def start() -> Response:
    """Our own few lines; the content policy allows no inline script."""
    return Response(_START, mimetype="text/javascript")


@blueprint.get("/<path:name>")
@documents
def asset(name: str) -> Response:
    """A file of the bundle."""
    return send_from_directory(_UI, name)
