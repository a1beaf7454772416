"""Phones: their health, and reporting one lost."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import context, reading, transaction
from backend.core.kinds import wire
from backend.people.services import devices

blueprint = Blueprint("devices", __name__, url_prefix="/api/v1/devices", description="手机 · Phones")


class DeviceOut(Schema):
    """A phone and when it last spoke."""

    id = fields.String(required=True)
    unit_id = fields.String(required=True)
    name = fields.String(required=True)
    registered_at = wire.Moment(required=True)
    last_seen_at = wire.Moment(allow_none=True)
    app_version = fields.String(allow_none=True)
    waiting_count = fields.Integer(allow_none=True)
    storage_left_mb = fields.Integer(allow_none=True)
    last_failure_at = wire.Moment(allow_none=True)
    last_failure = fields.String(allow_none=True)
    revoked_at = wire.Moment(allow_none=True)
    people = fields.List(fields.String(), metadata={"description": "who has signed in on it, by name"})


@blueprint.route("")
class Devices(MethodView):
    @blueprint.response(200, DeviceOut(many=True))
    @signed_in
    def get(self) -> Any:
        """Phones of the asker's units."""
        context().contacts.flush()
        with reading() as session:
            return devices.list_devices(session, actor())


@blueprint.route("/<uuid:device_id>/revocation")
class Revocation(MethodView):
    @blueprint.response(200, DeviceOut)
    @signed_in
    def put(self, device_id: Any) -> Any:
        """Report a phone lost: it may hand in its work, then wipes itself."""
        with transaction() as session:
            return devices.revoke_device(session, actor(), str(device_id))
