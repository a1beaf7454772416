"""Channels of messages over HTTP: which are open, what the others lack, and a message to try one."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import context, reading, transaction
from backend.core.kinds import wire
from backend.notices.api.messages import blueprint
from backend.notices.services import channel_tests
from backend.notices.services.channels.port import Outcome

STATES = {
    "open": ("可用", "Open"),
    "off": ("已配置，未启用", "Set, not switched on"),
    "begun": ("配置不全", "Set in part"),
    "unset": ("未配置", "Not set"),
}
OUTCOMES = {
    "sent": ("已交给渠道", "Taken"),
    "refused": ("被拒绝", "Refused"),
    "later": ("暂时没有接收", "Not taken now"),
    "unknown": ("不确定", "Nobody knows"),
}
assert set(OUTCOMES) == set(Outcome)


class ChannelOut(Schema):
    """A channel; `lacks` names what the operator has yet to give in the environment."""

    name = fields.String(required=True)
    state = wire.Choice(STATES, required=True)
    lacks = fields.List(fields.String(), required=True)
    address = fields.String(required=True, metadata={"description": "phone, wecom, dingtalk, email, group"})
    has_address = fields.Boolean(required=True, metadata={"description": "whether the asker has one"})


class TriedOut(Schema):
    """What the channel answered; `reason` is ours or the provider's code."""

    outcome = wire.Choice(OUTCOMES, required=True)
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
