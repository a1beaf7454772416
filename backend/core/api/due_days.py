"""Due days over HTTP: a supervisor moves one with a reason, which stays on the record beside the old day."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from marshmallow.validate import Length

from backend.core.api.authentication import actor, signed_in
from backend.core.api.conditional import etag, if_match
from backend.core.api.context import transaction
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.kinds.declaration import DueMove
from backend.core.kinds.registry import KINDS
from backend.core.services.due_moving import move_due

blueprint = Blueprint("due_days", __name__, url_prefix="/api/v1/due-days", description="期限 · Due days")


class DueDayIn(Schema):
    """The due fields to move, each with its new day or moment, and why."""

    now = fields.Dict(
        keys=wire.Text(most=40), values=wire.Text(most=40), required=True, validate=Length(min=1, max=10)
    )
    reason = wire.Text(most=500, required=True)


class DueDayOut(Schema):
    """The record's version, and every move so far."""

    id = fields.String(required=True)
    version = fields.Integer(required=True)
    due_moves = fields.List(fields.Nested(DueMove), required=True)


@blueprint.route("/<string:kind>/<uuid:record_id>")
class DueDay(MethodView):
    """The due day of one record."""

    @blueprint.arguments(DueDayIn)
    @blueprint.response(200, DueDayOut)
    @signed_in
    def put(self, given: dict[str, Any], kind: str, record_id: Any) -> Any:
        """Move it; If-Match is optional.

        Never by the owner of the record; an appointment by anybody of the office.
        """
        found = KINDS.get(kind)
        if found is None:
            raise Problem("not_found", kind=kind, id=str(record_id))
        with transaction() as session:
            stored = move_due(
                session, actor(), found, str(record_id), given["now"], given["reason"], if_match()
            )
        said = {"id": stored.id, "version": stored.version, "due_moves": stored.values.get("due_moves") or []}
        return said, etag(stored.version)
