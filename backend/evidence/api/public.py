"""For everybody, without an account: whether a sheet is genuine, and a customer's word by a one-time link."""

from __future__ import annotations

from typing import Any

from flask.views import MethodView
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Regexp

from backend.core.api.authentication import KIB, public
from backend.core.api.context import context, reading, transaction
from backend.core.api.limits import asking_network
from backend.core.api.shared_blueprints import public as blueprint
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.sentences import fault
from backend.evidence.kinds.signature import DEVICE_CHECKS, RELATIONS, WAYS
from backend.evidence.services import confirming, sheets

# A sheet with its rows, or a hand's strokes.
MOST_SHEET_BYTES = 256 * KIB


class Sha256(fields.String):
    """A hash in hex, also as it is typed from a paper: in groups, or in capitals."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=Regexp("^[0-9a-f]{64}$"), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return "".join(str(super()._deserialize(value, attr, data, **kwargs)).split()).lower()


class Sheet(Schema):
    """A sheet to be checked: by its hash, as a QR code carries it, or whole."""

    signature_id = wire.Id(required=True)
    sha256 = Sha256()
    sheet = fields.Dict(keys=fields.String())


class Verdict(Schema):
    """genuine: signed so and still so; changed: signed otherwise or changed since; unknown: no such
    signature."""

    verdict = fields.String(required=True, validate=OneOf(("genuine", "changed", "unknown")))
    signed_at = wire.Moment(required=True, allow_none=True)
    differs = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "what is not as it was signed or sealed, as kind.field"},
    )
    device_check = fields.String(required=True, allow_none=True, validate=OneOf(DEVICE_CHECKS))
    covers = fields.List(
        fields.String(), required=True, metadata={"description": "what the phone's own signature speaks for"}
    )
    way = fields.String(
        required=True,
        allow_none=True,
        validate=OneOf(WAYS),
        metadata={"description": "how the customer came to sign"},
    )


@blueprint.route("/sheets/verification")
class VerifySheet(MethodView):
    @blueprint.arguments(Sheet)
    @blueprint.response(200, Verdict)
    @public("public_per_address", most_bytes=MOST_SHEET_BYTES)
    def post(self, given: dict[str, Any]) -> Any:
        """Whether a service sheet is genuine and unchanged; no word about anybody."""
        if "sha256" not in given and "sheet" not in given:
            raise Problem("invalid", faults=[fault("sha256", "evidence.no_sheet")])
        sha256 = sheets.sheet_sha256(given["sheet"]) if "sheet" in given else given["sha256"]
        signature_id = str(given["signature_id"])
        # Who knows a signature's id could find out what its sheet says by asking about one after the other.
        with (
            context().guesses.one_try("sheet", signature_id, asking_network()) as attempt,
            reading() as session,
        ):
            found = sheets.verdict(session, signature_id, sha256)
            attempt.is_wrong = found["verdict"] != "genuine"
        return found


class LinkToken(Schema):
    """The secret part of a one-time link."""

    token = fields.String(required=True, validate=Length(1, 200))


class SheetAsked(Schema):
    """The sheet a customer is asked about."""

    sheet = fields.Dict(keys=fields.String(), required=True)
    sheet_sha256 = fields.String(required=True)
    until = wire.Moment(required=True)


class CustomerSaid(LinkToken):
    """Yes, with name and strokes; or no, with words. `sheet_sha256` names the sheet that was shown."""

    sheet_sha256 = Sha256(required=True)
    agrees = fields.Boolean(required=True)
    signer_name = wire.Text(most=50, load_default="")
    relation = wire.Choice(
        {code: words for code, words in RELATIONS.items() if code != "deputy"}, load_default="self"
    )
    strokes = wire.Json(load_default=None)
    words = wire.Text(most=500, load_default="")


class Taken(Schema):
    """What became of it."""

    outcome = fields.String(required=True, validate=OneOf(("signed", "objected")))


@blueprint.route("/confirmations/sheet")
class ConfirmationSheet(MethodView):
    @blueprint.arguments(LinkToken)
    @blueprint.response(200, SheetAsked)
    @public("public_per_address")
    def post(self, given: dict[str, str]) -> Any:
        """The service sheet a one-time link asks about."""
        with transaction() as session:
            return confirming.look(session, given["token"])


@blueprint.route("/confirmations")
class Confirm(MethodView):
    @blueprint.arguments(CustomerSaid)
    @blueprint.response(200, Taken)
    @public("public_per_address", most_bytes=MOST_SHEET_BYTES)
    def post(self, given: dict[str, Any]) -> Any:
        """Confirm a service sheet, or object: the job is then opened again. A link works once."""
        token = given.pop("token")
        with transaction() as session:
            return {"outcome": confirming.answer(session, token, confirming.Said(**given))}
