"""Feeds over HTTP: another program sends its file at night, by a token that may do nothing else."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields
from marshmallow.validate import Length

from backend.core.api.authentication import ANYTHING, MIB, actor, signed_in, signed_in_or_feed, takes
from backend.core.api.context import reading, transaction
from backend.core.api.shapes import JSON_VALUE, AnyOfShape
from backend.core.kinds import wire
from backend.imports.api.imports import ImportFileQuery
from backend.imports.kinds.import_run import STATES, ImportRun
from backend.imports.reading.tables import MOST_BYTES, read_table
from backend.imports.reading.targets import TARGETS
from backend.imports.services import feeding

blueprint = Blueprint(
    "feeds", __name__, url_prefix="/api/v1/imports", description="自动导入 · Imports by another program"
)


class FeedTokenIn(Schema):
    """What a feed's token is for."""

    label = wire.Text(most=100, least=1, required=True)
    days = wire.Whole(least=1, most=366, load_default=366)
    unit_id = wire.Id(required=True)
    targets = fields.List(
        wire.Choice({name: (one.zh, one.en) for name, one in TARGETS.items()}),
        required=True,
        validate=Length(1, len(TARGETS)),
    )


class FeedTokenMade(Schema):
    """A feed's token; `token` is shown once."""

    id = fields.String(required=True)
    token = fields.String(required=True)
    label = fields.String(required=True)
    unit_id = fields.String(required=True)
    targets = fields.List(fields.String(), required=True)
    expires_at = wire.Moment(required=True)


class FeedOut(Schema):
    """What becomes of a file; `is_repeat` where the last file was this one, and nothing was to be done."""

    id = fields.String(required=True)
    target = fields.String(required=True)
    filename = fields.String(required=True)
    file_sha256 = fields.String(required=True)
    state = wire.Choice(STATES, required=True)
    rows = fields.Integer(required=True)
    done = fields.Integer(required=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    problem = fields.Dict(keys=fields.String(), values=AnyOfShape(JSON_VALUE), required=True, allow_none=True)
    is_repeat = fields.Boolean(required=True)


def _shown(run: ImportRun, *, is_repeat: bool = False) -> dict[str, Any]:
    names = ("target", "filename", "file_sha256", "state", "rows", "done", "counts", "problem")
    return {name: getattr(run, name) for name in names} | {"id": str(run.id), "is_repeat": is_repeat}


@blueprint.route("/feed-tokens")
class FeedTokens(MethodView):
    @blueprint.arguments(FeedTokenIn(unknown=RAISE))
    @blueprint.response(201, FeedTokenMade)
    @signed_in
    def post(self, body: dict[str, Any]) -> Any:
        """A token that sends files to be imported, and may do nothing else; ended like a personal token."""
        with transaction() as session:
            return feeding.make_feed_token(session, actor(), **body)


@blueprint.route("/feeds")
class Feeds(MethodView):
    @blueprint.arguments(ImportFileQuery, location="query")
    @blueprint.response(202, FeedOut)
    @takes(min(MOST_BYTES, 300 * MIB), ANYTHING)
    @signed_in_or_feed
    def post(self, query: dict[str, Any]) -> Any:
        """A table as the body, taken by the mapping that was used last for a file of its columns.

        A worker checks and writes it; look again until `state` is `applied`. Where much of it is refused it
        stays `checked`, and an administrator is told.
        """
        given = query["unit_id"], query["target"]
        with reading() as session:
            feeding.need_feeder(session, actor(), *given)
        data = request.get_data()
        table = read_table(data, query["filename"], sheet=query.get("sheet"), encoding=query.get("encoding"))
        with transaction() as session:
            fed = feeding.feed_file(session, actor(), *given, query["filename"], data, table)
            return _shown(fed.run, is_repeat=fed.is_repeat)


@blueprint.route("/feeds/<uuid:run_id>")
class Feed(MethodView):
    @blueprint.response(200, FeedOut)
    @signed_in_or_feed
    def get(self, run_id: Any) -> Any:
        """How far a file is, with its counts."""
        with reading() as session:
            return _shown(feeding.read_feed(session, actor(), str(run_id)))
