"""Positions over HTTP: sent by phones within a shift, read with a reason, every look shown to the person."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import context, reading, transaction
from backend.core.kinds import wire
from backend.core.retention import days_of
from backend.people.kinds.position import EVENTS
from backend.people.services import positions
from backend.people.services.positions import Fix
from sync.change import parse_moment

blueprint = Blueprint("positions", __name__, url_prefix="/api/v1/positions", description="位置 · Positions")
OUTCOMES = ("kept", "off_shift", "too_old", "in_the_future")


class FixIn(Schema):
    """A position at a work event (WGS-84)."""

    event = wire.Choice(EVENTS, required=True)
    at = wire.Moment(required=True)
    lng = fields.Float(required=True, validate=Range(-180, 180), allow_nan=False)
    lat = fields.Float(required=True, validate=Range(-90, 90), allow_nan=False)
    accuracy_m = fields.Float(load_default=None, allow_none=True, validate=Range(0, 100_000), allow_nan=False)
    of_kind = fields.String(
        load_default=None, allow_none=True, validate=OneOf(("work_order", "visit", "survey"))
    )
    of_id = wire.Id(load_default=None, allow_none=True)


class FixesIn(Schema):
    """What a phone tells after a sync."""

    positions = fields.List(fields.Nested(FixIn), required=True, validate=Length(1, 500))


class FixesOut(Schema):
    """One outcome each, in the order given."""

    outcomes = fields.List(fields.String(validate=OneOf(OUTCOMES)), required=True)


class Whose(Schema):
    """Whose positions of which day, and why a colleague looks."""

    staff_id = wire.Id(load_default=None)
    day = wire.Day(required=True)
    reason = wire.Text(most=200, load_default=None)


class FixOut(Schema):
    """A position; to about a hundred metres (`is_exact` false) once the shift is over and somebody else
    looks."""

    event = fields.String(required=True)
    at = wire.Moment(required=True)
    lng = fields.Float(required=True)
    lat = fields.Float(required=True)
    accuracy_m = fields.Float(required=True, allow_none=True)
    is_exact = fields.Boolean(required=True)
    of_kind = fields.String(required=True, allow_none=True)
    of_id = fields.String(required=True, allow_none=True)


class LookOut(Schema):
    """Somebody's look at my positions."""

    at = wire.Moment(required=True)
    by = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)


@blueprint.route("")
class Positions(MethodView):
    @blueprint.arguments(FixesIn)
    @blueprint.response(200, FixesOut)
    @signed_in
    def post(self, given: dict[str, Any]) -> Any:
        """Tell positions at work events; what lies outside a shift is refused and stored nowhere."""
        fixes = [Fix(**one | {"at": parse_moment(one["at"])}) for one in given["positions"]]
        with transaction() as session:
            return {
                "outcomes": positions.keep_positions(
                    session, actor(), fixes, days_of("position_days", context().settings.position_days)
                )
            }

    @blueprint.arguments(Whose, location="query")
    @blueprint.response(200, FixOut(many=True))
    @signed_in
    def get(self, whose: dict[str, Any]) -> Any:
        """A day's positions: one's own, or a colleague's with a reason, which they can read."""
        staff_id = whose["staff_id"] or actor().id
        with transaction() as session:
            return positions.trace_of(
                session, actor(), staff_id, date.fromisoformat(whose["day"]), whose["reason"]
            )


@blueprint.route("/looks")
class Looks(MethodView):
    @blueprint.response(200, LookOut(many=True))
    @signed_in
    def get(self) -> Any:
        """Who looked at my positions, when and why."""
        with reading() as session:
            return positions.looks_at(session, actor())
