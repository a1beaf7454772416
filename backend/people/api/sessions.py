"""Signing in and out, refreshing, passwords, personal tokens."""

from __future__ import annotations

from dataclasses import asdict
from ipaddress import ip_address
from typing import Any
from uuid import UUID

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.core.api.authentication import KIB, actor, bearer_token, public, signed_in, signed_in_at_first
from backend.core.api.context import context, reading, transaction
from backend.core.api.limits import asking_network
from backend.core.comparing.phones import login_form
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.people.services import personal_tokens, sessions

blueprint = Blueprint("sessions", __name__, url_prefix="/api/v1/sessions", description="登录 · Signing in")
tokens = Blueprint(
    "tokens", __name__, url_prefix="/api/v1/tokens", description="个人只读令牌 · Personal read-only tokens"
)

# A device's public key is the longest part.
MOST_SIGN_IN_BYTES = 8 * KIB


class DeviceIn(Schema):
    """The phone or browser that signs in; its id is made once on the device."""

    id = wire.Id(required=True)
    name = wire.Text(most=100, least=1, required=True)
    secret = wire.Text(
        most=200,
        allow_none=True,
        metadata={"description": "what an earlier sign-in on this device gave as `device_secret`"},
    )
    public_key = wire.Text(most=2000, allow_none=True)
    app_version = wire.Text(most=60, allow_none=True)


class SignIn(Schema):
    """Staff number or phone number, and password."""

    login = wire.Text(most=50, least=1, required=True)
    password = wire.Text(most=200, least=1, required=True)
    device = fields.Nested(DeviceIn, required=True)


class Refresh(Schema):
    """A refresh token and the device it is bound to."""

    refresh_token = wire.Text(most=200, least=1, required=True)
    device_id = wire.Id(required=True)


class SignedIn(Schema):
    """Tokens, shown once."""

    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    expires_in_s = fields.Integer(required=True)
    staff_id = fields.String(required=True)
    unit_id = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    device_id = fields.String(required=True)
    device_revoked = fields.Boolean(required=True)
    must_change_password = fields.Boolean(
        required=True,
        metadata={
            "description": "somebody else gave this password: until it is changed, everything but "
            "`PUT /sessions/password` answers password_change_needed"
        },
    )
    device_secret = fields.String(
        allow_none=True,
        metadata={
            "description": "given at a sign-in that showed none: keep it with the device's id and show "
            "it from then on"
        },
    )


class Password(Schema):
    """The old and the new password."""

    old = wire.Text(most=200, required=True)
    new = wire.Text(most=200, required=True)


class PersonalToken(Schema):
    """A token for another program; `token` is shown once, at its making."""

    id = fields.String(dump_only=True)
    label = wire.Text(most=100, least=1, required=True)
    days = wire.Whole(least=1, most=366, load_default=90, load_only=True)
    token = fields.String(dump_only=True)
    expires_at = wire.Moment(dump_only=True)
    targets = fields.List(
        fields.String(),
        dump_only=True,
        allow_none=True,
        metadata={"description": "of a feed: what it imports; it may do nothing else"},
    )


@blueprint.route("")
class Sessions(MethodView):
    @blueprint.arguments(SignIn(unknown=RAISE))
    @blueprint.response(201, SignedIn)
    @public("pages_per_address", most_bytes=MOST_SIGN_IN_BYTES)
    def post(self, body: dict[str, Any]) -> Any:
        """Sign in and register this device.

        Wrong tries make the next one wait, by account, address and device.
        """
        near = ip_address(request.remote_addr or "0.0.0.0").is_loopback
        login, device = body["login"], body["device"]
        with reading() as session:
            is_known = sessions.is_known(session, login, device)
        if not is_known:
            context().guesses.need_room(context().settings.sign_in_per_address, asking_network())
        source = str(UUID(device["id"])) if is_known else asking_network()
        with (
            context().guesses.one_try("sign-in", login_form(login), source, is_known=is_known),
            transaction() as session,
        ):
            made = sessions.sign_in(
                session, context().settings, login, body["password"], device, from_this_machine=near
            )
        return asdict(made)

    @blueprint.response(204)
    @signed_in_at_first
    def delete(self) -> None:
        """Sign out: this sign-in's tokens end."""
        with transaction() as session:
            sessions.sign_out(session, bearer_token())


@blueprint.route("/refresh")
class Refreshing(MethodView):
    @blueprint.arguments(Refresh(unknown=RAISE))
    @blueprint.response(200, SignedIn)
    @public("pages_per_address", most_bytes=MOST_SIGN_IN_BYTES)
    def post(self, body: dict[str, Any]) -> Any:
        """New tokens; the old refresh token works until the new one is first used.

        Shown later it ends the sign-in.
        """
        with transaction() as session:
            made = sessions.refresh(
                session, context().settings, body["refresh_token"], body["device_id"], request.remote_addr
            )
        if made is None:
            raise Problem("refresh_ended")
        return asdict(made)


@blueprint.route("/password")
class Passwords(MethodView):
    @blueprint.arguments(Password(unknown=RAISE))
    @blueprint.response(204)
    @signed_in_at_first
    def put(self, body: dict[str, Any]) -> None:
        """Change the password; every other sign-in and every personal token ends."""
        with context().guesses.one_try("password", actor().id, asking_network()), transaction() as session:
            sessions.change_password(session, actor(), bearer_token(), body["old"], body["new"])


@tokens.route("")
class Tokens(MethodView):
    @tokens.response(200, PersonalToken(many=True))
    @signed_in
    def get(self) -> Any:
        """My tokens, without their secrets."""
        with reading() as session:
            return personal_tokens.personal_tokens(session, actor())

    @tokens.arguments(PersonalToken(unknown=RAISE))
    @tokens.response(201, PersonalToken)
    @signed_in
    def post(self, body: dict[str, Any]) -> Any:
        """A new read-only token."""
        with transaction() as session:
            return personal_tokens.make_personal_token(session, actor(), body["label"], body["days"])


@tokens.route("/<uuid:token_id>")
class TokenById(MethodView):
    @tokens.response(204)
    @signed_in
    def delete(self, token_id: Any) -> None:
        """End a token."""
        with transaction() as session:
            personal_tokens.revoke_personal_token(session, actor(), str(token_id))
