"""Accounts: who may sign in, and as what."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields
from marshmallow.validate import Length

from backend.core.actor import ROLE_LABELS
from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import reading, transaction
from backend.core.kinds import wire
from backend.people.services import accounts

blueprint = Blueprint("accounts", __name__, url_prefix="/api/v1/accounts", description="账号 · Accounts")


def roles_given() -> fields.List[Any]:
    """A list of roles, at least one."""
    of = wire.Choice({str(role): labels for role, labels in ROLE_LABELS.items()})
    return fields.List(of, required=True, validate=Length(1, 8))


class AccountIn(Schema):
    """A way in: roles, a first password, and a phone number to sign in with beside the staff number."""

    phone = wire.Text(most=30, least=6, allow_none=True)
    password = wire.Text(most=200, least=10, required=True)
    roles = roles_given()
    must_change_password = fields.Boolean(
        load_default=False,
        metadata={"description": "the password is good for choosing one's own, at the first sign-in"},
    )


class AccountChange(Schema):
    """Other roles or another number; the password stays."""

    phone = wire.Text(most=30, least=6, allow_none=True, load_default=None)
    roles = roles_given()


class AccountOut(Schema):
    """A member of staff and their account, where they have one."""

    staff_id = fields.String(required=True)
    unit_id = fields.String(required=True)
    staff_number = fields.String(required=True)
    name = fields.String(required=True)
    post = fields.String(required=True)
    works = fields.Boolean(required=True, metadata={"description": "their staff record is active"})
    has_account = fields.Boolean(required=True)
    is_active = fields.Boolean(required=True, metadata={"description": "the account is open"})
    roles = fields.List(fields.String(), required=True)
    phone = fields.String(required=True, allow_none=True)
    is_demo = fields.Boolean(required=True)
    must_change_password = fields.Boolean(required=True)
    last_seen_at = wire.Moment(required=True, allow_none=True)


class TokenOut(Schema):
    """A personal token of somebody, without its secret."""

    id = fields.String(required=True)
    staff_id = fields.String(required=True)
    name = fields.String(required=True)
    staff_number = fields.String(required=True)
    label = fields.String(required=True, allow_none=True)
    issued_at = wire.Moment(required=True)
    expires_at = wire.Moment(required=True)
    targets = fields.List(
        fields.String(),
        required=True,
        allow_none=True,
        metadata={"description": "of a feed: what it imports; it may do nothing else"},
    )


@blueprint.route("")
class AllAccounts(MethodView):
    @blueprint.response(200, AccountOut(many=True))
    @signed_in
    def get(self) -> Any:
        """Everybody of the administrator's units, with their account."""
        with reading() as session:
            return accounts.list_accounts(session, actor())


@blueprint.route("/tokens")
class AllTokens(MethodView):
    @blueprint.response(200, TokenOut(many=True))
    @signed_in
    def get(self) -> Any:
        """Personal tokens of the administrator's units, without their secrets."""
        with reading() as session:
            return accounts.list_tokens(session, actor())


@blueprint.route("/<uuid:staff_id>/tokens/<uuid:token_id>")
class OneToken(MethodView):
    @blueprint.response(204)
    @signed_in
    def delete(self, staff_id: Any, token_id: Any) -> None:
        """End somebody's personal token."""
        with transaction() as session:
            accounts.end_personal_token(session, actor(), str(staff_id), str(token_id))


@blueprint.route("/<uuid:staff_id>")
class Accounts(MethodView):
    @blueprint.arguments(AccountIn(unknown=RAISE))
    @blueprint.response(204)
    @signed_in
    def put(self, body: dict[str, Any], staff_id: Any) -> None:
        """Let a member of staff sign in, or change how; their present sign-ins end."""
        with transaction() as session:
            accounts.give_account(
                session,
                actor(),
                str(staff_id),
                body.get("phone"),
                body["password"],
                body["roles"],
                must_change_password=body["must_change_password"],
            )

    @blueprint.arguments(AccountChange(unknown=RAISE))
    @blueprint.response(204)
    @signed_in
    def patch(self, body: dict[str, Any], staff_id: Any) -> None:
        """Other roles or another number for somebody who keeps their password; their sign-ins end."""
        with transaction() as session:
            accounts.change_account(session, actor(), str(staff_id), body["phone"], body["roles"])

    @blueprint.response(204)
    @signed_in
    def delete(self, staff_id: Any) -> None:
        """Close the account."""
        with transaction() as session:
            accounts.close_account(session, actor(), str(staff_id))
