"""Voiding over HTTP: a wrong record of any kind, with a reason; and what was voided stays readable."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.core.api.authentication import actor, signed_in
from backend.core.api.conditional import if_match
from backend.core.api.context import reading, transaction
from backend.core.api.kinds import Change
from backend.core.api.shapes import values_of
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.kinds.declaration import RecordKind
from backend.core.kinds.registry import KINDS
from backend.core.services import voiding

blueprint = Blueprint("voids", __name__, url_prefix="/api/v1/voids", description="作废 · Voided records")


class Reason(Schema):
    """Why it is wrong."""

    reason = wire.Text(most=500, least=1, required=True)


class VoidOut(Schema):
    """A record that counts no more: voided, or merged into another (`kept_id`)."""

    kind = fields.String(required=True)
    id = fields.String(required=True)
    unit_id = fields.String(required=True)
    act = fields.String(required=True, metadata={"description": "record_voided, records_merged"})
    at = wire.Moment(required=True)
    by = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    kept_id = fields.String(required=True, allow_none=True)


class VoidedOut(VoidOut):
    """The same with what the record said at its end, and its history, newest first."""

    values = values_of("the record's fields", required=True)
    history = fields.List(fields.Nested(Change), required=True)


def _kind(name: str, record_id: Any) -> RecordKind:
    found = KINDS.get(name)
    if found is None:
        raise Problem("not_found", kind=name, id=str(record_id))
    return found


@blueprint.route("")
class Voids(MethodView):
    @blueprint.response(200, VoidOut(many=True))
    @signed_in
    def get(self) -> Any:
        """What was voided or merged in the asker's units, newest first."""
        with reading() as session:
            return voiding.list_voided(session, actor())


@blueprint.route("/<string:kind>/<uuid:record_id>")
class OneVoid(MethodView):
    @blueprint.response(200, VoidedOut)
    @signed_in
    def get(self, kind: str, record_id: Any) -> Any:
        """A voided record as it was at its end."""
        with reading() as session:
            return voiding.read_voided(session, actor(), _kind(kind, record_id), str(record_id))

    @blueprint.arguments(Reason(unknown=RAISE))
    @blueprint.response(204)
    @signed_in
    def put(self, body: dict[str, str], kind: str, record_id: Any) -> None:
        """Void a wrong record with a reason; If-Match is optional. It cannot be taken back."""
        found = _kind(kind, record_id)
        with transaction() as session:
            voiding.void_record(session, actor(), found, str(record_id), body["reason"], if_match())
