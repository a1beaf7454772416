"""The installation's settings over HTTP: all of them for who is signed in, a few for anybody."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.core.api.authentication import actor, public, signed_in
from backend.core.api.conditional import etag, if_match
from backend.core.api.context import context, transaction
from backend.core.api.shared_blueprints import public as for_anybody
from backend.core.installation import Installation
from backend.core.kinds import wire
from backend.core.kinds.installation import (
    HotlineValues,
    InstallationValues,
    LimitValues,
    PostValues,
    RetentionValues,
    ViewValues,
)
from backend.core.queries.installation_row import refresh
from backend.core.services.installing import set_installation

blueprint = Blueprint(
    "installation", __name__, url_prefix="/api/v1/installation", description="本系统设置 · Installation"
)
_PUBLIC = ("name_zh", "name_en", "time_zone", "language", "currency", "length_unit", "hotlines")


class InstallationIn(InstallationValues):
    """What is to be set, and why, where that is asked for."""

    reason = wire.Text(most=500)


class PublicInstallationOut(Schema):
    """What a page needs before anybody has signed in.

    Amounts are whole numbers of the currency's smallest unit: `minor_digits` decimals.
    """

    name_zh = fields.String(required=True)
    name_en = fields.String(required=True)
    time_zone = fields.String(required=True, metadata={"description": "IANA"})
    language = fields.String(required=True)
    currency = fields.String(required=True, metadata={"description": "ISO 4217"})
    minor_digits = fields.Integer(required=True)
    length_unit = fields.String(required=True)
    hotlines = fields.List(fields.Nested(HotlineValues), required=True)


class InstallationOut(PublicInstallationOut):
    """What holds for the whole installation."""

    posts = fields.List(fields.Nested(PostValues), required=True)
    first_view = fields.Nested(ViewValues, required=True, allow_none=True)
    new_cell_code = fields.String(required=True)
    imported_cell_code = fields.String(required=True)
    limits = fields.Nested(LimitValues, required=True)
    retention = fields.Nested(RetentionValues, required=True)
    version = fields.Integer(required=True)


def _shown(installation: Installation) -> dict[str, Any]:
    return installation.values() | {"minor_digits": installation.minor_digits}


@blueprint.route("")
class InstallationSettings(MethodView):
    """Settings of the installation."""

    @blueprint.response(200, InstallationOut)
    @signed_in
    def get(self) -> Any:
        """Time zone, currency, language, posts, first view and limits."""
        found = refresh(context().database, 0)
        return _shown(found), etag(found.version)

    @blueprint.arguments(InstallationIn(unknown=RAISE))
    @blueprint.response(200, InstallationOut)
    @signed_in
    def patch(self, body: dict[str, Any]) -> Any:
        """Set some of them; If-Match is optional. For administrators of the topmost unit.

        Once there is work, another time zone needs a reason, and the currency stays. How long something is
        kept needs a reason always: what is over is deleted within the hour.
        """
        reason, versions = body.pop("reason", None), if_match()
        with transaction() as session:
            found = set_installation(session, actor(), body, reason=reason, version=versions)
        return _shown(found), etag(found.version)


@for_anybody.route("/installation")
class PublicInstallation(MethodView):
    """What a page needs before anybody has signed in."""

    @for_anybody.response(200, PublicInstallationOut)
    @public("pages_per_address")
    def get(self) -> Any:
        """Name, language, time zone, currency and hotlines."""
        found = _shown(refresh(context().database))
        return {name: found[name] for name in (*_PUBLIC, "minor_digits")}
