"""Settings of messages out over HTTP: purposes with their templates, a test-render, addresses, consent."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from backend.core.api.authentication import actor, signed_in
from backend.core.api.context import reading, transaction
from backend.core.api.shapes import InWords
from backend.core.kinds import wire
from backend.core.kinds.installation import LANGUAGES
from backend.notices.api.messages import blueprint
from backend.notices.services import message_settings
from backend.notices.services.wording import MOST_BODY


class ValueOut(Schema):
    """A value of a purpose that a template may name."""

    name = fields.String(required=True)
    type = fields.String(required=True)
    must = fields.Boolean(required=True)


class EditionOut(Schema):
    """An edition of a template."""

    language = wire.Choice(LANGUAGES, required=True)
    edition = fields.Integer(required=True)
    valid_from = wire.Moment(required=True)
    title = fields.String(required=True)
    body = fields.String(required=True)
    code = fields.String(required=True, allow_none=True)
    is_in_force = fields.Boolean(required=True)


class PurposeSet(Schema):
    """How a purpose goes out; equal hours are no quiet hours."""

    channels = fields.List(fields.String(validate=Length(1, 40)), required=True, validate=Length(0, 20))
    quiet_from_hour = fields.Integer(required=True, validate=Range(0, 23))
    quiet_until_hour = fields.Integer(required=True, validate=Range(0, 23))


class UsualOut(Schema):
    """The usual words with made-up values."""

    zh = fields.String(required=True)
    en = fields.String(required=True)


class PurposeOut(PurposeSet):
    """A purpose of messages, with its editions, newest first in each language."""

    name = fields.String(required=True)
    title = fields.Nested(InWords, required=True)
    takes = fields.List(fields.Nested(ValueOut), required=True)
    is_urgent = fields.Boolean(required=True)
    asks_consent = fields.Boolean(required=True)
    usual = fields.Nested(UsualOut, required=True)
    editions = fields.List(fields.Nested(EditionOut), required=True)


class TemplateIn(Schema):
    """A new edition: values stand in braces; `code` is the number of a template that the SMS provider has."""

    purpose = fields.String(required=True, validate=Length(1, 60))
    language = wire.Choice(LANGUAGES, required=True)
    valid_from = fields.AwareDateTime(required=True)
    title = wire.Text(most=80, required=True)
    body = wire.Text(most=MOST_BODY, required=True)
    code = fields.String(load_default=None, allow_none=True, validate=Length(1, 40))


class TemplateMade(Schema):
    """The number it got."""

    edition = fields.Integer(required=True)


class RenderingAsked(Schema):
    """Words to try; without any the usual ones."""

    purpose = fields.String(required=True, validate=Length(1, 60))
    language = wire.Choice(LANGUAGES, required=True)
    body = wire.Text(most=MOST_BODY, load_default=None, allow_none=True)


class RenderingOut(Schema):
    """How it reads with made-up values."""

    text = fields.String(required=True)


class AddressesSet(Schema):
    """Where somebody is reached besides the telephone; null takes it away."""

    email = fields.String(required=True, allow_none=True, validate=Length(3, 254))
    wecom = fields.String(required=True, allow_none=True, validate=Length(1, 64))
    dingtalk = fields.String(required=True, allow_none=True, validate=Length(1, 64))


class ConsentSet(Schema):
    """What the customer said."""

    is_given = fields.Boolean(required=True)


@blueprint.route("/purposes")
class Purposes(MethodView):
    @blueprint.response(200, PurposeOut(many=True))
    @signed_in
    def get(self) -> Any:
        """Why messages go out, and how: for administrators and the service centre."""
        with reading() as session:
            return message_settings.seen_purposes(session, actor())


@blueprint.route("/purposes/<string:name>")
class OnePurpose(MethodView):
    @blueprint.arguments(PurposeSet)
    @blueprint.response(204)
    @signed_in
    def put(self, values: dict[str, Any], name: str) -> None:
        """Set channels and quiet hours: the administrator of the topmost unit does."""
        with transaction() as session:
            message_settings.set_purpose(session, actor(), name, values)


@blueprint.route("/templates")
class Templates(MethodView):
    @blueprint.arguments(TemplateIn)
    @blueprint.response(201, TemplateMade)
    @signed_in
    def post(self, values: dict[str, Any]) -> Any:
        """A new edition of a template: the administrator of the topmost unit makes one."""
        with transaction() as session:
            return {"edition": message_settings.add_edition(session, actor(), values).edition}


@blueprint.route("/templates/rendering")
class Rendering(MethodView):
    @blueprint.arguments(RenderingAsked)
    @blueprint.response(200, RenderingOut)
    @signed_in
    def post(self, asked: dict[str, Any]) -> Any:
        """How a template reads; nothing is kept."""
        return {
            "text": message_settings.rendered(actor(), asked["purpose"], asked["language"], asked["body"])
        }


@blueprint.route("/addresses/<string:party_kind>/<uuid:party_id>")
class Addresses(MethodView):
    @blueprint.response(200, AddressesSet)
    @signed_in
    def get(self, party_kind: str, party_id: Any) -> Any:
        """Where somebody is reached besides the telephone."""
        with reading() as session:
            return message_settings.seen_addresses(session, actor(), (party_kind, str(party_id)))

    @blueprint.arguments(AddressesSet)
    @blueprint.response(204)
    @signed_in
    def put(self, values: dict[str, Any], party_kind: str, party_id: Any) -> None:
        """Set it: staff by administrators, customers by the desk."""
        with transaction() as session:
            message_settings.set_addresses(session, actor(), (party_kind, str(party_id)), values)


@blueprint.route("/consents/<uuid:customer_id>/<string:purpose>")
class Consents(MethodView):
    @blueprint.arguments(ConsentSet)
    @blueprint.response(204)
    @signed_in
    def put(self, said: dict[str, Any], customer_id: Any, purpose: str) -> None:
        """Note what a customer said to being written to for a purpose."""
        with transaction() as session:
            message_settings.note_consent(
                session, actor(), str(customer_id), purpose, is_given=said["is_given"]
            )
