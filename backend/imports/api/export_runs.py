"""Exports over HTTP that a worker prepares as one archive: asked for, watched, downloaded, deleted."""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.views import MethodView
from marshmallow import RAISE, Schema, fields
from marshmallow.validate import Length

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import context, reading, transaction
from backend.core.api.shapes import JSON_VALUE, AnyOfShape
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.imports.api.exports import FILE, blueprint
from backend.imports.kinds.export_run import FORMS, STATES, ExportRun
from backend.imports.services import export_runs


class ExportContent(Schema):
    """A kind of record that can be taken away."""

    kind = fields.String(required=True)
    count = fields.Integer(required=True)
    has_places = fields.Boolean(required=True)


class ExportAsked(Schema):
    """Which kinds (none: all) in which forms."""

    kinds = fields.List(wire.Text(most=60), load_default=list, validate=Length(max=200))
    forms = fields.List(wire.Choice(FORMS), required=True, validate=Length(1, len(FORMS)))


class ExportOut(Schema):
    """An export: what it holds, how far it is, and until when its file can be had."""

    id = fields.String(required=True)
    unit_id = fields.String(required=True)
    kinds = fields.List(fields.String(), required=True)
    forms = fields.List(wire.Choice(FORMS), required=True)
    state = wire.Choice(STATES, required=True)
    done = fields.Integer(required=True)
    total = fields.Integer(required=True)
    size_bytes = fields.Integer(required=True, allow_none=True)
    problem = fields.Dict(keys=fields.String(), values=AnyOfShape(JSON_VALUE), required=True, allow_none=True)
    made_by_id = fields.String(required=True)
    made_at = wire.Moment(required=True)
    ended_at = wire.Moment(required=True, allow_none=True)
    expires_at = wire.Moment(required=True, allow_none=True)


def shown(run: ExportRun) -> dict[str, Any]:
    """A run as it is told of."""
    names = "kinds forms state done total size_bytes problem made_at ended_at expires_at"
    ids = {name: str(getattr(run, name)) for name in ("id", "unit_id", "made_by_id")}
    return ids | {name: getattr(run, name) for name in names.split()}


@blueprint.route("")
class Exports(MethodView):
    @blueprint.response(200, ExportOut(many=True))
    @signed_in
    def get(self) -> Any:
        """The newest exports of the asker's units."""
        with reading() as session:
            return [shown(one) for one in export_runs.list_exports(session, actor())]

    @blueprint.arguments(ExportAsked(unknown=RAISE))
    @blueprint.response(201, ExportOut)
    @signed_in
    def post(self, asked: dict[str, Any]) -> Any:
        """Have an archive made of the asker's units: a worker writes it; look until `state` is `ready`."""
        with transaction() as session:
            return shown(export_runs.begin_export(session, actor(), asked["kinds"], asked["forms"]))


@blueprint.route("/contents")
class ExportContents(MethodView):
    @blueprint.response(200, ExportContent(many=True))
    @signed_in
    def get(self) -> Any:
        """Which kinds there are, with the number of records in the asker's units."""
        with reading() as session:
            return export_runs.contents(session, actor())


@blueprint.route("/<uuid:export_id>")
class Export(MethodView):
    @blueprint.response(200, ExportOut)
    @signed_in
    def get(self, export_id: Any) -> Any:
        """How far it is."""
        with reading() as session:
            return shown(export_runs.read_export(session, actor(), str(export_id)))

    @blueprint.response(204)
    @signed_in
    def delete(self, export_id: Any) -> None:
        """Delete its file, or stop it being written."""
        with transaction() as session:
            export_runs.delete_export(session, context().blobs, actor(), str(export_id))


@blueprint.route("/<uuid:export_id>/file")
class ExportFile(MethodView):
    @blueprint.response(200, FILE, content_type="application/zip")
    @signed_in
    def get(self, export_id: Any) -> Any:
        """The archive (ZIP), while it lasts."""
        blobs = context().blobs
        with transaction() as session:
            run = export_runs.open_export(session, actor(), str(export_id))
            key, size, made_at = export_runs.key_of_export(run), run.size_bytes or 0, run.made_at
        if not blobs.has(key):
            raise Problem("export_not_ready", state="gone")
        headers = {
            "Content-Disposition": f'attachment; filename="wangge-{made_at:%Y%m%d}-{str(export_id)[:8]}.zip"',
            "Content-Length": str(size),
            "Cache-Control": "private, no-store",
        }
        return Response(blobs.read(key, 0, size), content_type="application/zip", headers=headers)
