"""Serves the built pages of `web/`: console at `/`, phone app at `/m`, and the public's pages."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from flask import Blueprint, Flask, Response, redirect, request, send_file
from werkzeug.security import safe_join

from backend.core.api.authentication import public
from backend.core.api.context import context
from backend.core.errors import Problem

blueprint = Blueprint("pages", __name__)
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_for_everybody = public("pages_per_address")
_FOREVER = "public, max-age=31536000, immutable"
mimetypes.add_type("application/manifest+json", ".webmanifest")
for suffix in (".js", ".mjs"):
    mimetypes.add_type("text/javascript", suffix)


def install(app: Flask) -> None:
    """The pages; a server whose pages were not built leads to the API's documents."""
    app.register_blueprint(blueprint)


@blueprint.get("/")
@blueprint.get("/console/<path:name>")
@_for_everybody
def console(name: str = "index.html") -> Response:
    """The dispatcher's console."""
    if not _root().is_dir():
        return redirect("/docs")  # type: ignore[return-value]
    return _page("console", name)


@blueprint.get("/m/")
@blueprint.get("/m/<path:name>")
@_for_everybody
def phone(name: str = "index.html") -> Response:
    """The phone app; an address without a point in it is one of its screens."""
    return _page("phone", name)


@blueprint.get("/who")
@_for_everybody
def who() -> Response:
    """Who is responsible for my address."""
    return _page("console", "who.html")


@blueprint.get("/verify")
@_for_everybody
def verify() -> Response:
    """Is a service sheet genuine and unchanged?"""
    return _page("console", "verify.html")


@blueprint.get("/confirm")
@_for_everybody
def confirm() -> Response:
    """A customer who was away confirms a service sheet."""
    return _page("console", "confirm.html")


@blueprint.get("/contractor")
@_for_everybody
def contractor() -> Response:
    """A contractor's crew does one job."""
    return _page("console", "contractor.html")


@blueprint.get("/setup")
@_for_everybody
def setup() -> Response:
    """An empty installation is set up, by the token that the server's terminal shows."""
    return _page("console", "setup.html")


def _root() -> Path:
    return context().settings.web_root


def _page(app: str, name: str) -> Response:
    path = safe_join(str(_root() / app), name if "." in name else "index.html")
    if path is None or not Path(path).is_file():
        raise Problem("not_found", path=f"/{name}"[:200])
    response = _compressed(Path(path))
    # Names of assets carry the hash of their content; everything else is asked for again at each visit.
    response.headers["Cache-Control"] = _FOREVER if "/assets/" in f"/{name}" else "no-cache"
    return response


def _compressed(path: Path) -> Response:
    """The file as the browser can take it: compressed once, when it was built."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    for encoding, suffix in _ENCODINGS:
        smaller = path.with_name(path.name + suffix)
        if request.accept_encodings.quality(encoding) > 0 and smaller.is_file():
            response = send_file(smaller, mimetype=kind, conditional=True, max_age=None)
            response.headers["Content-Encoding"] = encoding
            break
    else:
        response = send_file(path, mimetype=kind, conditional=True, max_age=None)
    response.headers["Vary"] = "Accept-Encoding"
    return response
