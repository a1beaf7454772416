"""Evidence over HTTP: one-time confirmation links, and phones as witnesses of the seals."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range, Regexp

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import context, reading, transaction
from backend.core.kinds import wire
from backend.evidence.services import confirming, witnessing

blueprint = Blueprint("evidence", __name__, url_prefix="/api/v1/evidence", description="证据 · Evidence")


class ConfirmationAsked(Schema):
    """For which job, how long the link shall hold, and how it gets to the customer."""

    work_order_id = fields.UUID(required=True)
    hours = fields.Integer(validate=Range(1, 720), load_default=168)
    way = fields.String(
        validate=OneOf(("link_to_ledger", "link_handed")),
        load_default=None,
        metadata={"description": "sent to the customer's number on the ledger, or handed on by the office"},
    )


class ConfirmationLink(Schema):
    """A link for the customer: shown once where it is handed on, else only the end of the number it was
    sent to."""

    url = fields.String(required=True, allow_none=True)
    until = wire.Moment(required=True)
    way = fields.String(required=True)
    number_end = fields.String(required=True, allow_none=True)


@blueprint.route("/confirmations")
class Confirmations(MethodView):
    @blueprint.arguments(ConfirmationAsked)
    @blueprint.response(201, ConfirmationLink)
    @signed_in
    def post(self, asked: dict[str, Any]) -> Any:
        """A one-time link with which a customer who was away confirms the service sheet; earlier links end.

        Whoever did the job never sees it: theirs goes to the customer's number.
        """
        can_send = context().settings.can_send_links
        with transaction() as session:
            link = confirming.make_link(
                session, actor(), str(asked["work_order_id"]), asked["hours"], asked["way"], can_send=can_send
            )
        # Behind the fragment sign, so that no server and no proxy writes it into a log.
        url = f"/confirm#{link.token}" if link.token else None
        return {"url": url, "until": link.until, "way": link.way, "number_end": link.number_end}


class SealHeld(Schema):
    """A seal: its number and its hash (hex)."""

    number = fields.Integer(required=True, validate=Range(0, 2**63 - 1))
    hash = fields.String(required=True, validate=Regexp("^[0-9a-f]{64}$"))


class SealsHeld(Schema):
    """Seals a phone holds."""

    seals = fields.List(fields.Nested(SealHeld), required=True, validate=Length(max=200))


class SealsCompared(Schema):
    """Which of them differ here, and the newest one to keep."""

    differ = fields.List(fields.Integer(), required=True)
    newest = fields.Nested(SealHeld, required=True, allow_none=True)


@blueprint.route("/seals/witness")
class Witness(MethodView):
    @blueprint.arguments(SealsHeld)
    @blueprint.response(200, SealsCompared)
    @signed_in
    def post(self, held: dict[str, Any]) -> Any:
        """Say which seals this phone holds, and get the newest; one that differs is an alarm for
        administrators."""
        seals = [witnessing.Held(**one) for one in held["seals"]]
        with transaction() as session:
            differ = witnessing.compare_seals(session, actor(), seals)
        with reading() as session:
            newest = witnessing.newest_seal(session)
        return {"differ": differ, "newest": newest and {"number": newest.number, "hash": newest.hash.hex()}}
