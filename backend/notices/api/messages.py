"""Messages out over HTTP: what was sent, sending again, and the gateway's receipts."""

from __future__ import annotations

from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from backend.core.api.authentication import actor, public, signed_in
from backend.core.api.context import context, reading, transaction
from backend.core.api.shared_blueprints import public as public_blueprint
from backend.core.kinds import wire
from backend.notices.kinds.message import STATES
from backend.notices.kinds.message_settings import PARTIES
from backend.notices.services import results, sent_messages
from backend.notices.services.channels import open_channels

blueprint = Blueprint(
    "messages", __name__, url_prefix="/api/v1/messages", description="外发消息 · Messages out"
)


class MessagesAsked(Schema):
    """Which messages: of one state, channel, purpose or person; those wanted before a moment."""

    state = wire.Choice(STATES, load_default=None)
    channel = fields.String(load_default=None, validate=Length(1, 40))
    purpose = fields.String(load_default=None, validate=Length(1, 60))
    party_id = fields.UUID(load_default=None)
    before = wire.Moment(load_default=None)
    limit = fields.Integer(load_default=100, validate=Range(1, 500))


class MessageOut(Schema):
    """A message; neither its words nor the number it went to are kept. `due_at`: when it is tried next."""

    id = fields.String(required=True)
    number = fields.Integer(required=True)
    purpose = fields.String(required=True)
    channel = fields.String(required=True, metadata={"description": "empty where none could take it"})
    state = wire.Choice(STATES, required=True)
    reason = fields.String(required=True, allow_none=True)
    party_kind = wire.Choice(PARTIES, required=True, allow_none=True)
    party_id = fields.String(required=True, allow_none=True)
    party_name = fields.String(required=True, allow_none=True, metadata={"description": "of staff alone"})
    subject_kind = fields.String(required=True, allow_none=True)
    subject_id = fields.String(required=True, allow_none=True)
    address_masked = fields.String(required=True, allow_none=True)
    edition = fields.Integer(required=True, allow_none=True, metadata={"description": "0: the usual words"})
    language = fields.String(required=True, allow_none=True)
    repeats = fields.Integer(required=True)
    attempts = fields.Integer(required=True)
    wanted_at = wire.Moment(required=True)
    due_at = wire.Moment(required=True, allow_none=True)
    sent_at = wire.Moment(required=True, allow_none=True)
    ended_at = wire.Moment(required=True, allow_none=True)


class MessagesOut(Schema):
    """A page of them, newest first, and how many of each state in 30 days."""

    rows = fields.List(fields.Nested(MessageOut), required=True)
    has_more = fields.Boolean(required=True)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    channels = fields.List(
        fields.String(), required=True, metadata={"description": "those open now: their keys are given"}
    )


@blueprint.route("")
class Messages(MethodView):
    @blueprint.arguments(MessagesAsked, location="query")
    @blueprint.response(200, MessagesOut)
    @signed_in
    def get(self, asked: dict[str, Any]) -> Any:
        """What left the house or was to, of the asker's units; for administrators and the service centre."""
        party_id = asked["party_id"] and str(asked["party_id"])
        with reading() as session:
            found = sent_messages.sent_messages(session, actor(), asked | {"party_id": party_id})
        return found | {"channels": sorted(open_channels(context().settings))}


@blueprint.route("/<uuid:message_id>/again")
class MessageAgain(MethodView):
    @blueprint.response(204)
    @signed_in
    def post(self, message_id: Any) -> None:
        """Have one sent again that failed, or of which nobody knows whether it went."""
        with transaction() as session:
            sent_messages.send_again(session, actor(), str(message_id), open_channels(context().settings))


@public_blueprint.route("/messages/receipts")
class MessageReceipts(MethodView):
    @public_blueprint.response(204)
    @public("public_per_address")
    def post(self) -> None:
        """What became of a message, by the operator's gateway: `{"id", "state", "reason"}`, state `delivered`
        or `failed`, with `X-Wangge-Timestamp` (seconds since 1970, at most 300 off) and
        `X-Wangge-Signature: sha256=<HMAC-SHA256 of "<timestamp>.<body>">`. Each is taken once."""
        signed = (request.headers.get(f"X-Wangge-{name}", "") for name in ("Timestamp", "Signature"))
        body, secret = request.get_data(), context().settings.notify_secret
        with transaction() as session:
            results.take_receipt(session, secret, body, *signed)
