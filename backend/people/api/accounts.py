"""Accounts: who may sign in, and as what."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields
from marshmallow.validate import Length

from backend.core.actor import ROLE_LABELS
from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import transaction
from backend.core.kinds import wire
from backend.people.services import accounts

blueprint = Blueprint("accounts", __name__, url_prefix="/api/v1/accounts", description="账号 · Accounts")


class AccountIn(Schema):
    """A way in: roles, a first password, and a phone number to sign in with beside the staff number."""

    phone = wire.Text(most=30, least=6, allow_none=True)
    password = wire.Text(most=200, least=10, required=True)
    roles = fields.List(
        wire.Choice({str(role): labels for role, labels in ROLE_LABELS.items()}),
        required=True,
        validate=Length(1, 8),
    )


@blueprint.route("/<uuid:staff_id>")
class Accounts(MethodView):
    @blueprint.arguments(AccountIn(unknown=RAISE))
    @blueprint.response(204)
    @signed_in
    def put(self, body: dict[str, Any], staff_id: Any) -> None:
        """Let a member of staff sign in, or change how; their present sign-ins end."""
        with transaction() as session:
            accounts.give_account(
                session, actor(), str(staff_id), body.get("phone"), body["password"], body["roles"]
            )

    @blueprint.response(204)
    @signed_in
    def delete(self, staff_id: Any) -> None:
        """Close the account."""
        with transaction() as session:
            accounts.close_account(session, actor(), str(staff_id))
