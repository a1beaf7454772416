"""Exports over HTTP: each kind as CSV, GeoJSON or history, and tables that can be imported again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema
from sqlalchemy.orm import Session

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import context, transaction
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.kinds.registry import KINDS
from backend.imports.services import exporting

blueprint = Blueprint("exports", __name__, url_prefix="/api/v1/exports", description="导出 · Exports")
FILE = {"type": "string", "format": "binary"}
_AS = {
    "csv": (exporting.kind_as_csv, "text/csv; charset=utf-8"),
    "geojson": (exporting.kind_as_geojson, "application/geo+json"),
    "history": (exporting.history_as_lines, "application/x-ndjson"),
}


class ExportQuery(Schema):
    """As what."""

    format = wire.Choice(
        {"csv": ("CSV", "CSV"), "geojson": ("GeoJSON", "GeoJSON"), "history": ("历史", "History")},
        load_default="csv",
    )


@blueprint.route("/kinds/<string:kind>")
class ExportedKind(MethodView):
    @blueprint.arguments(ExportQuery, location="query")
    @blueprint.response(200, FILE, content_type="application/octet-stream")
    @signed_in
    def get(self, query: dict[str, str], kind: str) -> Any:
        """Every record of a kind of the asker's units, piece by piece."""
        if kind not in KINDS:
            raise Problem("not_found", kind="kind", id=kind)
        if query["format"] == "geojson" and exporting.geometry_of(kind) is None:
            raise Problem("not_found", kind="geometry", id=kind)
        with transaction() as session:
            units = exporting.need_exporter(session, actor(), kind)
        write, media = _AS[query["format"]]
        ending = "jsonl" if query["format"] == "history" else query["format"]
        return _streamed(lambda session: write(session, kind, units), f"{kind}.{ending}", media)


@blueprint.route("/tables/<string:table>")
class ExportedTable(MethodView):
    @blueprint.response(200, FILE, content_type="text/csv")
    @signed_in
    def get(self, table: str) -> Any:
        """A table as it can be imported again, here or elsewhere."""
        if table not in exporting.TABLES:
            raise Problem("not_found", kind="table", id=table)
        with transaction() as session:
            units = exporting.need_exporter(session, actor(), table)
        return _streamed(
            lambda session: exporting.table_as_csv(session, table, units),
            f"{table}.csv",
            "text/csv; charset=utf-8",
        )


def _streamed(write: Any, name: str, media: str) -> Response:
    database = context().database

    def pieces() -> Iterator[bytes]:
        with database.snapshot() as session:
            yield from _written(session, write)

    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(pieces(), content_type=media, headers=headers)


def _written(session: Session, write: Any) -> Iterator[bytes]:
    yield from write(session)
