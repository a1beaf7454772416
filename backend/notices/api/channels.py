"""Channels of messages over HTTP: which are open, what the others lack, and a message to try one."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import context, reading, transaction
from backend.core.kinds import wire
from backend.notices.api.messages import blueprint
from backend.notices.kinds.message_settings import CHANNEL_STATES, TRY_OUTCOMES
from backend.notices.services import channel_tests


class ChannelOut(Schema):
    """A channel; `lacks` names what the operator has yet to give in the environment."""

    name = fields.String(required=True)
    state = wire.Choice(CHANNEL_STATES, required=True)
    lacks = fields.List(fields.String(), required=True)
    address = fields.String(required=True, metadata={"description": "phone, wecom, dingtalk, email, group"})
    has_address = fields.Boolean(required=True, metadata={"description": "whether the asker has one"})


class TriedOut(Schema):
    """What the channel answered; `reason` is ours or the provider's code."""

    outcome = wire.Choice(TRY_OUTCOMES, required=True)
    reason = fields.String(required=True, allow_none=True)


@blueprint.route("/channels")
class Channels(MethodView):
    @blueprint.response(200, ChannelOut(many=True))
    @signed_in
    def get(self) -> Any:
        """Which channels are open and what the others lack: for administrators of the topmost unit."""
        with reading() as session:
            return channel_tests.seen_channels(session, context().settings, actor())


@blueprint.route("/channels/<string:name>/try")
class TryChannel(MethodView):
    @blueprint.response(200, TriedOut)
    @signed_in
    def post(self, name: str) -> Any:
        """Send the asker a message by this channel, now: to their own address and nobody else's."""
        settings = context().settings
        with transaction() as session:
            letter = channel_tests.try_letter(session, settings, actor(), name)
        answer = channel_tests.try_channel(settings, name, letter)
        return {"outcome": answer.outcome.value, "reason": answer.reason}
