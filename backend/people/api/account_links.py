"""Invitations and ways to a new password: made by an administrator, used by whom they were given to.

A link's token stands where others have their own.
"""

from __future__ import annotations

from typing import Any

from flask import request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields

from backend.core.api.authentication import actor, bearer_token, public, signed_in
from backend.core.api.context import reading, transaction
from backend.core.kinds import wire
from backend.people.api.accounts import roles_given
from backend.people.services import account_links

blueprint = Blueprint(
    "account_links",
    __name__,
    url_prefix="/api/v1/account-links",
    description="邀请与重设密码 · Invitations and new passwords",
)
MOST_HOURS = 30 * 24
_by_link = public("public_per_address", holds=account_links.need_link)


class LinkFor(Schema):
    """For whom, and for how long."""

    staff_id = wire.Id(required=True)
    hours = wire.Whole(least=1, most=MOST_HOURS, load_default=72)


class Invitation(LinkFor):
    """As what they shall sign in."""

    phone = wire.Text(most=30, least=6, allow_none=True, load_default=None)
    roles = roles_given()


class LinkMade(Schema):
    """A new link; `token` is shown once, and never again by anybody."""

    id = fields.String(required=True)
    token = fields.String(required=True)
    until = wire.Moment(required=True)


class LinkOut(Schema):
    """A link that was given out, and what became of it: open, used, ended, revoked."""

    id = fields.String(required=True)
    use = fields.String(required=True, metadata={"description": "invitation, password"})
    state = fields.String(required=True)
    staff_id = fields.String(required=True)
    name = fields.String(required=True)
    staff_number = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    made_at = wire.Moment(required=True)
    made_by = fields.String(required=True, allow_none=True)
    until = wire.Moment(required=True)
    used_at = wire.Moment(required=True, allow_none=True)
    revoked_at = wire.Moment(required=True, allow_none=True)


class LinkSeen(Schema):
    """What a link is for, as whom it was given to sees it."""

    use = fields.String(required=True)
    name = fields.String(required=True)
    staff_number = fields.String(required=True)
    unit = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    until = wire.Moment(required=True)


class OwnPassword(Schema):
    """The password that they choose."""

    password = wire.Text(most=200, least=1, required=True)


class Accepted(Schema):
    """What to sign in with."""

    login = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)


def _made(found: tuple[str, Any]) -> dict[str, Any]:
    token, link = found
    return {"id": str(link.id), "token": token, "until": link.until}


@blueprint.route("")
class Links(MethodView):
    @blueprint.response(200, LinkOut(many=True))
    @signed_in
    def get(self) -> Any:
        """Links of the administrator's units, newest first."""
        with reading() as session:
            return account_links.list_links(session, actor())


@blueprint.route("/invitations")
class Invitations(MethodView):
    @blueprint.arguments(Invitation(unknown=RAISE))
    @blueprint.response(201, LinkMade)
    @signed_in
    def post(self, body: dict[str, Any]) -> Any:
        """Invite a member of staff: by the link they choose a password. It is shown once."""
        with transaction() as session:
            return _made(
                account_links.invite(
                    session, actor(), body["staff_id"], body["phone"], body["roles"], body["hours"]
                )
            )


@blueprint.route("/passwords")
class PasswordLinks(MethodView):
    @blueprint.arguments(LinkFor(unknown=RAISE))
    @blueprint.response(201, LinkMade)
    @signed_in
    def post(self, body: dict[str, Any]) -> Any:
        """A link to a new password: the old one, all sign-ins and personal tokens end now."""
        with transaction() as session:
            return _made(account_links.reset_password(session, actor(), body["staff_id"], body["hours"]))


@blueprint.route("/<uuid:link_id>")
class OneLink(MethodView):
    @blueprint.response(204)
    @signed_in
    def delete(self, link_id: Any) -> None:
        """Take a link back."""
        with transaction() as session:
            account_links.revoke_link(session, actor(), str(link_id))


@blueprint.route("/mine")
class Mine(MethodView):
    @blueprint.response(200, LinkSeen)
    @_by_link
    def get(self) -> Any:
        """What the link is for; its token in place of one's own."""
        with reading() as session:
            return account_links.look_at(session, bearer_token())

    @blueprint.arguments(OwnPassword(unknown=RAISE))
    @blueprint.response(200, Accepted)
    @_by_link
    def put(self, body: dict[str, Any]) -> Any:
        """Choose the password: the link is used up."""
        with transaction() as session:
            return account_links.accept(session, bearer_token(), body["password"], request.remote_addr)
