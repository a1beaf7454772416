"""HTTP API of setting up an empty installation by the token that the server's terminal shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.core.api.authentication import KIB, public
from backend.core.api.context import reading, transaction
from backend.core.kinds.installation import PostValues
from backend.setup.queries import page_token as kept_token
from backend.setup.queries.emptiness import is_empty
from backend.setup.services import page_token
from backend.setup.services.holiday_calendars import countries
from backend.setup.services.setting_up import set_up
from backend.setup.services.wanted import Wanted, default_posts, places

blueprint = Blueprint("setup", __name__, url_prefix="/api/v1/setup", description="初始设置 · Setting up")
_by_token = public("public_per_address", most_bytes=64 * KIB, holds=page_token.need_token)


class Setting(Schema):
    """Whether this installation was set up; while it was not, what may be chosen for it."""

    is_set_up = fields.Boolean(required=True)
    has_token = fields.Boolean(
        required=True, metadata={"description": "whether a token was given out that still opens the page"}
    )
    time_zones = fields.List(fields.String(), required=True)
    countries = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        required=True,
        metadata={"description": "countries whose holidays are known, each with its parts"},
    )
    posts = fields.List(fields.Nested(PostValues), required=True)


class SetUpOut(Schema):
    """What was made; the password is shown once and changed at the first sign-in."""

    units = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    staff_id = fields.String(required=True)
    staff_number = fields.String(required=True)
    password = fields.String(required=True)


@blueprint.route("")
class Setup(MethodView):
    @blueprint.response(200, Setting)
    @public("pages_per_address")
    def get(self) -> Any:
        """Whether this installation was set up, and what may be chosen."""
        with reading() as session:
            is_new = is_empty(session)
            has_token = is_new and kept_token.is_open(session, page_token.MOST_TRIES)
        return {
            "is_set_up": not is_new,
            "has_token": has_token,
            "time_zones": places() if is_new else [],
            "countries": countries() if is_new else {},
            "posts": default_posts() if is_new else [],
        }

    @blueprint.arguments(Wanted(unknown=RAISE))
    @blueprint.response(201, SetUpOut)
    @_by_token
    def post(self, body: dict[str, Any]) -> Any:
        """Set it up, once; the token stands where others have their own."""
        with transaction() as session:
            return asdict(set_up(session, body, request.remote_addr))
