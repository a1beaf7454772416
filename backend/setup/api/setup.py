"""HTTP API of setting up an empty installation by the token that the server's terminal shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.core.api.authentication import ANYTHING, KIB, MIB, public, takes
from backend.core.api.context import context, reading, transaction
from backend.core.api.shapes import InWords
from backend.core.geometry import shape_of
from backend.core.kinds import wire
from backend.core.kinds.installation import PostValues
from backend.setup.queries import page_token as kept_token
from backend.setup.queries.emptiness import is_empty
from backend.setup.services import page_token
from backend.setup.services.holiday_calendars import countries
from backend.setup.services.setting_up import set_up
from backend.setup.services.wanted import Wanted, default_posts, places
from backend.territory.services.first_ground import draw_first
from geo.measure import area_m2

blueprint = Blueprint("setup", __name__, url_prefix="/api/v1/setup", description="初始设置 · Setting up")
_SHOWN_CODES = 8
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


class TerritoryQuery(Schema):
    """What the map file does not say of itself."""

    filename = wire.Text(most=200, least=3, required=True)
    crs = wire.Text(most=2000, metadata={"description": "for a file without one, such as EPSG:4549"})
    datum = wire.Choice(
        {"wgs84": ("WGS-84", "WGS-84"), "gcj02": ("GCJ-02", "GCJ-02"), "bd09": ("BD-09", "BD-09")}
    )


class TerritoryFinding(InWords):
    """What was found in the file and perhaps mended, and how often."""

    code = fields.String(required=True)
    is_grave = fields.Boolean(required=True)
    count = fields.Integer(required=True)


class TerritoryOut(Schema):
    """Cells as they would be; nothing of them is there before the setup names `id`."""

    id = fields.String(required=True)
    cells = fields.Integer(required=True)
    area_km2 = fields.Float(required=True)
    codes = fields.List(fields.String(), required=True, metadata={"description": "the first ones"})
    findings = fields.List(fields.Nested(TerritoryFinding), required=True)


@blueprint.route("/territory")
class Territory(MethodView):
    @blueprint.arguments(TerritoryQuery, location="query")
    @blueprint.response(201, TerritoryOut)
    @takes(100 * MIB, ANYTHING)
    @_by_token
    def post(self, query: dict[str, Any]) -> Any:
        """Look at a map file of the cells, sent as the body: how many, and what was mended in it."""
        plan = draw_first(context().database, query, request.get_data())
        cells = [one for one in plan.cells or () if one["outline"]]
        return {
            "id": str(plan.id),
            "cells": len(cells),
            "area_km2": round(sum(area_m2(shape_of(one["outline"])) for one in cells) / 1e6, 2),
            "codes": [one["code"] for one in cells[:_SHOWN_CODES]],
            "findings": plan.findings or [],
        }


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
