"""HTTP API of alarms: how each stands, which ring, what rang before, and their thresholds."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from marshmallow.validate import Range

from backend.alarms.services import seeing
from backend.alarms.services.table import Unit
from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import reading, transaction
from backend.core.api.shapes import InWords, word
from backend.core.kinds import wire

blueprint = Blueprint("alarms", __name__, url_prefix="/api/v1/alarms", description="系统告警 · Alarms")


class AlarmOut(Schema):
    """An alarm: what it is and means, how it stands, and from where on it rings."""

    code = fields.String(required=True)
    metric = fields.String(required=True, metadata={"description": "its name in /metrics"})
    unit = word(Unit.SECONDS, Unit.BYTES, Unit.COUNT)
    title = fields.Nested(InWords, required=True)
    ringing = fields.Nested(InWords, required=True, metadata={"description": "what is wrong while it rings"})
    meaning = fields.Nested(InWords, required=True)
    remedy = fields.Nested(InWords, required=True)
    page = fields.String(
        required=True, metadata={"description": "the console's page that mends it; empty: on the server"}
    )
    is_grave = fields.Boolean(required=True)
    is_urgent = fields.Boolean(required=True, metadata={"description": "quiet hours do not hold messages"})
    is_low = fields.Boolean(required=True, metadata={"description": "it rings below its threshold"})
    is_ringing = fields.Boolean(required=True)
    value = fields.Float(
        required=True, allow_none=True, metadata={"description": "null: not measured, or never"}
    )
    said = fields.Nested(InWords, required=True, allow_none=True)
    threshold = fields.Float(required=True)
    usual_threshold = fields.Float(required=True)
    is_own_threshold = fields.Boolean(required=True)
    since = wire.Moment(required=True, allow_none=True)


class RingingOut(Schema):
    """An alarm that rang at the last look."""

    code = fields.String(required=True)
    title = fields.Nested(InWords, required=True)
    since = wire.Moment(required=True)


class PastOut(Schema):
    """An occurrence: its value and threshold when it began, and how many were told."""

    code = fields.String(required=True)
    title = fields.Nested(InWords, required=True)
    value = fields.Nested(InWords, required=True)
    threshold = fields.Nested(InWords, required=True)
    told = fields.Integer(required=True)
    began_at = wire.Moment(required=True)
    ended_at = wire.Moment(required=True, allow_none=True)


class ThresholdSet(Schema):
    """A threshold in the unit of the metric; null for the usual one."""

    threshold = fields.Float(required=True, allow_none=True, allow_nan=False, validate=Range(min=0, max=1e15))


@blueprint.route("")
class Alarms(MethodView):
    @blueprint.response(200, AlarmOut(many=True))
    @signed_in
    def get(self) -> Any:
        """How every alarm stands; for administrators."""
        with reading() as session:
            return seeing.seen_alarms(session, actor())


@blueprint.route("/ringing")
class Ringing(MethodView):
    @blueprint.response(200, RingingOut(many=True))
    @signed_in
    def get(self) -> Any:
        """Those that ring; for administrators."""
        with reading() as session:
            return seeing.ringing_alarms(session, actor())


@blueprint.route("/past")
class Past(MethodView):
    @blueprint.response(200, PastOut(many=True))
    @signed_in
    def get(self) -> Any:
        """What rang lately, newest first; for administrators."""
        with reading() as session:
            return seeing.past_alarms(session, actor())


@blueprint.route("/<string:code>/threshold")
class Threshold(MethodView):
    @blueprint.arguments(ThresholdSet)
    @blueprint.response(204)
    @signed_in
    def put(self, given: dict[str, Any], code: str) -> None:
        """Set from where on an alarm rings; for administrators of the topmost unit."""
        with transaction() as session:
            seeing.set_threshold(session, actor(), code, given["threshold"])
