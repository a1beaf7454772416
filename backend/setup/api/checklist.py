"""HTTP API of the checklist before the first phone."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import context, reading
from backend.core.api.shapes import InWords, word
from backend.setup.services.checklist import checklist
from backend.setup.services.checkup import State

blueprint = Blueprint(
    "checklist", __name__, url_prefix="/api/v1/checklist", description="开通检查 · Before the first phone"
)


class ChecklistLine(Schema):
    """One line: how it stands, how many lack it and of how many, what that means, and what mends it."""

    code = fields.String(required=True)
    state = word(State.OK, State.WARN, State.FAIL, State.SKIPPED)
    missing = fields.Integer(required=True)
    total = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "of how many; days since, for backups; null where that says nothing"},
    )
    title = fields.Nested(InWords, required=True)
    meaning = fields.Nested(InWords, required=True)
    mend = fields.Nested(InWords, required=True)
    page = fields.String(
        required=True, metadata={"description": "the console's page that mends it; empty for server settings"}
    )


@blueprint.route("")
class Checklist(MethodView):
    @blueprint.response(200, ChecklistLine(many=True))
    @signed_in
    def get(self) -> Any:
        """What this installation still lacks before phones go out; for administrators."""
        with reading() as session:
            return [one.as_dict() for one in checklist(session, context().settings, actor())]
