"""The audit trail over HTTP: who did what, before and after, found by person, act, kind and time."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import reading
from backend.core.api.shapes import JSON_VALUE, AnyOfShape
from backend.core.kinds import wire
from backend.core.kinds.administrative_act import ACTS
from backend.people.services.audit_trail import look_through

blueprint = Blueprint(
    "audit_trail", __name__, url_prefix="/api/v1/audit-trail", description="审计 · Audit trail"
)


class Wanted(Schema):
    """What to look for; what is left out is any. `before` is where the page before ended."""

    act = wire.Choice(ACTS, load_default=None)
    by_staff_id = wire.Id(load_default=None)
    subject_kind = wire.Text(most=60, load_default=None)
    from_at = wire.Moment(load_default=None)
    until_at = wire.Moment(load_default=None)
    before = wire.Id(load_default=None)


class ActOut(Schema):
    """One act; `subject` is the name of the person that it concerns, where it is one."""

    id = fields.String(required=True)
    act = fields.String(required=True)
    acted_at = wire.Moment(required=True)
    by_staff_id = fields.String(required=True, allow_none=True)
    by = fields.String(required=True, allow_none=True)
    network_address = fields.String(required=True, allow_none=True)
    subject_kind = fields.String(required=True, allow_none=True)
    subject_id = fields.String(required=True, allow_none=True)
    subject = fields.String(required=True, allow_none=True)
    before = AnyOfShape(JSON_VALUE, required=True, allow_none=True)
    after = AnyOfShape(JSON_VALUE, required=True, allow_none=True)


class TrailPage(Schema):
    """Newest first, and where the next page begins."""

    rows = fields.List(fields.Nested(ActOut), required=True)
    next = fields.String(required=True, allow_none=True)


@blueprint.route("")
class Trail(MethodView):
    @blueprint.arguments(Wanted, location="query")
    @blueprint.response(200, TrailPage)
    @signed_in
    def get(self, wanted: dict[str, Any]) -> Any:
        """Acts of the asker's units, newest first."""
        with reading() as session:
            return look_through(session, actor(), wanted)
