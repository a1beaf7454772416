"""A forgotten PIN over HTTP: the phone keeps a half of its key here, and has it back after an approval.

Before it is open a phone has no token: its proof stands where others have their own.
"""

from __future__ import annotations

import base64
from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.core.api.authentication import actor, bearer_token, public, signed_in
from backend.core.api.context import context, reading, transaction
from backend.core.api.limits import asking_network
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.sentences import fault
from backend.people.services import phone_recovery

blueprint = Blueprint(
    "phone_recoveries",
    __name__,
    url_prefix="/api/v1/phone-recoveries",
    description="忘记开机码 · Forgotten PINs",
)
_by_phone = public("public_per_address", holds=phone_recovery.need_phone)


class HalfIn(Schema):
    """The server's half of the key to a phone's store, and what the phone will prove itself by."""

    half = wire.Text(most=44, least=44, required=True, metadata={"description": "32 bytes as base64"})
    proof = wire.Text(most=100, least=40, required=True, metadata={"description": "random, 32 bytes or more"})


class AskedOut(Schema):
    """A request of a phone, without its code, which the person reads out."""

    id = fields.String(required=True)
    staff_id = fields.String(required=True)
    name = fields.String(required=True)
    staff_number = fields.String(required=True)
    device = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, metadata={"description": "asked, approved, collected, ended"})
    asked_at = wire.Moment(required=True)
    approved_at = wire.Moment(required=True, allow_none=True)
    collected_at = wire.Moment(required=True, allow_none=True)


class Code(Schema):
    """What the phone shows."""

    code = wire.Text(most=6, least=6, required=True)


class RequestOut(Schema):
    """How far the phone's request is, and its code while it holds."""

    state = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)


class PresentPassword(Schema):
    """The password that the person has now."""

    password = wire.Text(most=200, least=1, required=True)


class HalfOut(Schema):
    """The server's half, as base64."""

    half = fields.String(required=True)


@blueprint.route("")
class Requests(MethodView):
    @blueprint.response(200, AskedOut(many=True))
    @signed_in
    def get(self) -> Any:
        """Phones of the administrator's units whose person asks for a new PIN."""
        with reading() as session:
            return phone_recovery.list_asked(session, actor())


@blueprint.route("/<uuid:recovery_id>")
class Keeping(MethodView):
    @blueprint.arguments(HalfIn(unknown=RAISE))
    @blueprint.response(204)
    @signed_in
    def put(self, body: dict[str, Any], recovery_id: Any) -> None:
        """Keep the server's half for this phone; the phone keeps the other and the wrapped key."""
        with transaction() as session:
            phone_recovery.keep_half(session, actor(), str(recovery_id), _bytes(body["half"]), body["proof"])


def _bytes(text: str) -> bytes:
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:  # Also signs that are none of its alphabet.
        found = b""
    if len(found) != phone_recovery.HALF_BYTES:
        raise Problem("invalid", faults=[fault("half", "people.half_length")])
    return found


@blueprint.route("/<uuid:recovery_id>/approval")
class Approval(MethodView):
    @blueprint.arguments(Code(unknown=RAISE))
    @blueprint.response(204)
    @signed_in
    def put(self, body: dict[str, Any], recovery_id: Any) -> None:
        """Let the phone that shows this code open with a new PIN."""
        tries = context().guesses.one_try("phone code", str(recovery_id), asking_network())
        with tries, transaction() as session:
            phone_recovery.approve(session, actor(), str(recovery_id), body["code"])


@blueprint.route("/mine")
class Mine(MethodView):
    @blueprint.response(200, RequestOut)
    @_by_phone
    def get(self) -> Any:
        """How far the phone's request is."""
        with reading() as session:
            return phone_recovery.look_at(session, bearer_token())

    @blueprint.response(200, RequestOut)
    @_by_phone
    def post(self) -> Any:
        """Ask for a new PIN: gives a code to read out to an administrator."""
        with transaction() as session:
            return phone_recovery.ask(session, bearer_token())


@blueprint.route("/mine/half")
class Half(MethodView):
    @blueprint.arguments(PresentPassword(unknown=RAISE))
    @blueprint.response(200, HalfOut)
    @_by_phone
    def post(self, body: dict[str, Any]) -> Any:
        """The server's half, once an administrator has approved, for who knows the person's password."""
        proof = bearer_token()
        with reading() as session:
            who = phone_recovery.login_of(session, proof)
        with context().guesses.one_try("password", who, asking_network()), transaction() as session:
            half = phone_recovery.collect(session, proof, body["password"], request.remote_addr)
        return {"half": base64.b64encode(half).decode()}
