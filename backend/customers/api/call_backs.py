"""Call-backs by lot: an auditor draws visits, the hotline asks the customers."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import reading, transaction
from backend.core.kinds import wire
from backend.customers.kinds.call_back import OUTCOMES
from backend.customers.services import call_backs

blueprint = Blueprint(
    "call-back-samples",
    __name__,
    url_prefix="/api/v1/call-back-samples",
    description="回访抽查 · Call-backs by lot",
)


class SampleAsked(Schema):
    """Of which days, how many; a seed only to draw an old sample again."""

    from_day = wire.Day(required=True)
    until_day = wire.Day(required=True)
    count = fields.Integer(required=True, validate=Range(1, 500))
    seed = fields.String(load_default=None, allow_none=True, validate=Length(1, 64))


class SampleOut(Schema):
    """A sample; `visit_ids` in the order drawn."""

    id = fields.String(required=True)
    made_by = fields.String(required=True)
    made_at = wire.Moment(required=True)
    from_day = wire.DateIn(required=True)
    until_day = wire.DateIn(required=True)
    seed = fields.String(required=True)
    population = fields.Integer(required=True)
    visit_ids = fields.List(fields.String(), required=True)


class Drawn(Schema):
    """A visit that was drawn, and what its customer said."""

    visit_id = fields.String(required=True)
    customer = fields.String(required=True, allow_none=True)
    representative = fields.String(required=True, allow_none=True)
    ended_at = wire.Moment(required=True)
    summary = fields.String(required=True, allow_none=True)
    truth_grade = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, allow_none=True)
    said = fields.String(required=True, allow_none=True)
    asked_at = wire.Moment(required=True, allow_none=True)


class Said(Schema):
    """What the customer said."""

    outcome = wire.Choice(OUTCOMES, required=True)
    said = wire.Text(most=500, load_default=None, allow_none=True)


@blueprint.route("")
class Samples(MethodView):
    @blueprint.response(200, SampleOut(many=True))
    @signed_in
    def get(self) -> Any:
        """The samples of the asker's units, newest first."""
        with reading() as session:
            return call_backs.samples(session, actor())

    @blueprint.arguments(SampleAsked)
    @blueprint.response(201, SampleOut)
    @signed_in
    def post(self, asked: dict[str, Any]) -> Any:
        """Draw visits by lot; the seed is kept, so that anybody can draw them again."""
        days = (date.fromisoformat(asked["from_day"]), date.fromisoformat(asked["until_day"]))
        with transaction() as session:
            return call_backs.draw_sample(session, actor(), *days, asked["count"], asked["seed"])


@blueprint.route("/<uuid:sample_id>/visits")
class SampleVisits(MethodView):
    @blueprint.response(200, Drawn(many=True))
    @signed_in
    def get(self, sample_id: Any) -> Any:
        """The visits drawn, in the order drawn."""
        with reading() as session:
            return call_backs.visits_of(
                session, actor(), call_backs.find_sample(session, actor(), str(sample_id))
            )


@blueprint.route("/<uuid:sample_id>/visits/<uuid:visit_id>")
class SampleVisit(MethodView):
    @blueprint.arguments(Said)
    @blueprint.response(204)
    @signed_in
    def put(self, said: dict[str, Any], sample_id: Any, visit_id: Any) -> None:
        """Note what a customer said; a visit that was denied is doubtful, with that as its reason."""
        with transaction() as session:
            call_backs.note_answer(
                session, actor(), str(sample_id), str(visit_id), said["outcome"], said["said"]
            )
