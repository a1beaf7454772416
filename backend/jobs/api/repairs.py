"""How pipe repairs went, by class of diameter."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import reading
from backend.core.api.shared_blueprints import territory as blueprint
from backend.core.kinds import wire
from backend.core.queries import policy
from backend.jobs.queries.repairs import repairs_by_diameter


class DaysIn(Schema):
    """Days, both included."""

    since = wire.DateIn(required=True)
    until = wire.DateIn(required=True)


class RepairsOut(Schema):
    """One class of diameter."""

    diameter = fields.String(required=True)
    repairs = fields.Integer(required=True)
    in_time = fields.Integer(required=True)
    minutes_to_done = fields.Integer(required=True, allow_none=True)
    minutes_without_water = fields.Integer(required=True, allow_none=True)


@blueprint.route("/repairs")
class Repairs(MethodView):
    @blueprint.arguments(DaysIn, location="query")
    @blueprint.response(200, RepairsOut(many=True))
    @signed_in
    def get(self, span: dict[str, Any]) -> Any:
        """Finished pipe repairs by class of diameter, and how many were in time."""
        with reading() as session:
            return repairs_by_diameter(session, policy.office_units(session, actor()), **span)
