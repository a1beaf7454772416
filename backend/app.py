"""The composition root: builds the Flask application and chooses its real database, stores and counters."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Flask
from flask.json.provider import JSONProvider
from flask_compress import Compress
from flask_smorest import Blueprint
from werkzeug.middleware.proxy_fix import ProxyFix

from backend.core import capabilities, config
from backend.core.api import conditional, docs, gate, kinds, openapi, operations, pages, problems
from backend.core.api.context import AppContext
from backend.core.blobs.store import open_blobs
from backend.core.blobs.upload_files import Parts
from backend.core.db import Database, make_engine
from backend.core.keys import CURSORS
from backend.core.kinds.registry import KINDS
from backend.core.services.contacts import Contacts
from backend.core.services.guessing import Guesses, counters_at
from backend.queue.tasks import make_wake
from sync.cursor import CursorSeal

MOST_BODY_BYTES = 8 * 1024 * 1024


class FastJson(JSONProvider):
    """orjson for what flask itself reads and writes."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        """JSON text."""
        return orjson.dumps(obj, default=str).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Values of JSON text."""
        return orjson.loads(s)


def create_app(settings: config.Settings | None = None, database: Database | None = None) -> Flask:
    """The web application on a database that has been migrated."""
    settings = settings or config.read()
    app = Flask("wangge", static_folder=None)
    app.json = FastJson(app)
    app.config.update(
        _smorest(),
        MAX_CONTENT_LENGTH=MOST_BODY_BYTES,
        COMPRESS_MIMETYPES=["application/json", "text/html", "text/css", "text/javascript"],
    )
    if settings.proxies:
        behind = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)
        app.wsgi_app = behind  # type: ignore[method-assign]
    app.extensions["wangge"] = make_context(settings, database)
    Compress(app)
    conditional.install(app)
    problems.install(app)
    operations.install(app)
    _register(app)
    gate.install(app, _counters(settings))
    return app


def load() -> None:
    """Every module of the application; nothing is made of them yet."""
    _blueprints()


def make_context(settings: config.Settings, database: Database | None = None) -> AppContext:
    """The real adapters for these settings."""
    database = database or Database(make_engine(settings.database_url, **settings.connections()))
    return AppContext(
        settings=settings,
        database=database,
        contacts=Contacts(database),
        seal=CursorSeal(lambda: settings.keys.secrets(CURSORS)),
        blobs=open_blobs(settings.objects_url),
        parts=Parts(settings.home / "uploads"),
        wake=make_wake(settings),
        guesses=Guesses(counters_at(_counters(settings)) if settings.limits_enabled else None),
    )


def _register(app: Flask) -> None:
    # Found first: shapes of the document name one another across modules.
    blueprints = _blueprints()
    api = openapi.OurApi(app)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    for kind in KINDS.values():
        api.register_blueprint(kinds.make_blueprint(kind))
    docs.install(app)
    pages.install(app)
    openapi.install(app, api)


def _blueprints() -> list[Blueprint]:
    """Those that the capabilities' `api` modules hold; one may be held, and added to, by several."""
    modules = list(capabilities.modules("api"))
    held = [one for module in modules for one in vars(module).values() if isinstance(one, Blueprint)]
    return list(dict.fromkeys(held))


def _smorest() -> dict[str, Any]:
    return {
        "API_TITLE": "网格 Wangge",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "API_SPEC_OPTIONS": {
            "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
            "security": [{"bearer": []}],
        },
    }


def _counters(settings: config.Settings) -> str:
    """Counted in the broker, which all processes share; in memory where there is none, and while it is
    away."""
    url = settings.broker_url
    is_shared = url.startswith(("redis", "rediss", "valkey"))
    return url.replace("redis+socket://", "redis+unix://") if is_shared else "memory://"
