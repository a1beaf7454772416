"""What is kept how long over HTTP: for administrators and auditors; set by the installation's address."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core.actor import Role
from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import context
from backend.core.api.shapes import InWords
from backend.core.installation import installed
from backend.core.queries import policy
from backend.core.queries.installation_row import refresh
from backend.core.retention import all_kept

blueprint = Blueprint(
    "retention", __name__, url_prefix="/api/v1/retention", description="保存期限 · Retention"
)
_SEES = frozenset({Role.ADMIN, Role.AUDITOR})


class RetainedOut(Schema):
    """A sort of data and how long it is kept; null days are for good.

    Where `least` is there, `PATCH /installation` sets it under `retention`, with a reason.
    """

    name = fields.String(required=True)
    words = fields.Nested(InWords, required=True)
    why = fields.Nested(InWords, required=True)
    days = fields.Integer(required=True, allow_none=True)
    least = fields.Integer(required=True, allow_none=True)
    most = fields.Integer(required=True, allow_none=True)
    is_set = fields.Boolean(
        required=True, metadata={"description": "by an administrator; else as the operator or the release"}
    )


@blueprint.route("")
class Retention(MethodView):
    @blueprint.response(200, RetainedOut(many=True))
    @signed_in
    def get(self) -> Any:
        """What is kept how long, and which of it an administrator may set."""
        policy.need_role(actor(), _SEES)
        refresh(context().database, 0)
        settings = context().settings
        return [
            {
                "name": one.name,
                "words": one.words.as_dict(),
                "why": one.why.as_dict(),
                "days": one.days(settings),
                "least": one.limits and one.limits[0],
                "most": one.limits and one.limits[1],
                "is_set": one.name in installed().retention,
            }
            for one in all_kept()
        ]
