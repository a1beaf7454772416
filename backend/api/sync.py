"""Pull and push."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.api.authentication import actor, signed_in_or_revoked
from backend.api.house import house, reading, transaction
from backend.errors import Problem
from backend.records import wire
from backend.services.devices import note_contact
from backend.services.syncing import MOST_MUTATIONS, PAGE_LINES, PullRequest, PushRequest, pull_page, push_batch
from sync.change import moment_text, parse_moment

blueprint = Blueprint("sync", __name__, url_prefix="/api/v1/sync", description="同步 · Sync; see protocol.md")


class PullBody(Schema):
    """Where a store stands."""

    store = wire.Id(required=True, metadata={"description": "one user's data on one device"})
    cursor = wire.Text(most=2_000_000, allow_none=True)
    have = fields.Dict(keys=fields.String(), values=wire.Whole(most=2**53), load_default=dict)
    limit = wire.Whole(least=1, most=PAGE_LINES, load_default=PAGE_LINES)
    waiting = wire.Whole(allow_none=True, metadata={"description": "how many mutations the phone still holds"})
    app_version = wire.Text(most=60, allow_none=True)


class Line(Schema):
    """A record or its removal (body null, `in` empty)."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    version = fields.Integer(required=True)
    in_ = fields.List(fields.String(), required=True, data_key="in")
    body = fields.Dict(required=True, allow_none=True)


class ScopeHeld(Schema):
    """A scope the user holds, and the day it ends, if it does."""

    scope = fields.String(required=True)
    until = fields.String(required=True, allow_none=True)


class PullPage(Schema):
    """One page."""

    epoch = fields.Integer(required=True)
    cursor = fields.String(required=True)
    more = fields.Boolean(required=True)
    complete = fields.Dict(required=True)
    drops = fields.List(fields.String(), required=True)
    scopes = fields.List(fields.Nested(ScopeHeld), required=True)
    server_time = fields.String(required=True)
    lines = fields.List(fields.Nested(Line), required=True)


class PushBody(Schema):
    """A batch; its mutations are read one by one, so that a bad one never stops the rest."""

    store = wire.Id(required=True)
    schema = wire.Whole(load_default=1)
    sent_at = fields.String(required=True, metadata={"format": "date-time"})
    boot = wire.Text(most=64, allow_none=True)
    monotonic_ms = wire.Whole(most=2**53, allow_none=True)
    mutations = fields.List(fields.Raw(allow_none=True), required=True, metadata={"maxItems": MOST_MUTATIONS})


class PushAnswer(Schema):
    """One outcome for each mutation, in the order sent."""

    outcomes = fields.List(fields.Dict(), required=True)
    server_time = fields.String(required=True)


@blueprint.route("/pull")
class Pull(MethodView):
    @blueprint.arguments(PullBody)
    @blueprint.response(200, PullPage)
    @signed_in_or_revoked
    def post(self, body: dict[str, Any]) -> Response:
        """The next page of what this store lacks."""
        asked = PullRequest(body["store"], body.get("cursor"), body["have"], body["limit"])
        with reading() as session:
            page = pull_page(session, actor(), house().seal, asked)
        if body.get("waiting") is not None or body.get("app_version"):
            with transaction() as session:
                note_contact(session, actor(), body.get("waiting"), body.get("app_version"))
        return Response(page, mimetype="application/json")


@blueprint.route("/push")
class Push(MethodView):
    @blueprint.arguments(PushBody)
    @blueprint.response(200, PushAnswer)
    @signed_in_or_revoked
    def post(self, body: dict[str, Any]) -> Response:
        """Hand in work; every mutation gets one outcome, after the commit."""
        if (request.content_length or 0) > house().settings.page_bytes:
            raise Problem("too_large", most_bytes=house().settings.page_bytes)
        asked = PushRequest(body.get("boot"), body.get("monotonic_ms"), _moment(body["sent_at"]), body["mutations"])
        outcomes = house().database.attempt(lambda session: push_batch(session, actor(), asked))
        answer = {"outcomes": outcomes, "server_time": moment_text(datetime.now(UTC))}
        return Response(orjson.dumps(answer), mimetype="application/json")


def _moment(value: str) -> datetime:
    """A clock that cannot be read proves nothing, but loses nothing: the receipt counts."""
    try:
        return parse_moment(value)
    except (ValueError, OverflowError):
        return datetime.now(UTC)
