"""Photo downloads: for those who see the record, whole or by ranges; by an expiring link, without
metadata.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range
from sqlalchemy.orm import Session

from backend.core.api.authentication import actor, public, signed_in
from backend.core.api.context import context, reading, transaction
from backend.core.errors import Problem
from backend.core.kinds import wire
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.documents import read_document
from backend.core.services.auditing import note_act
from backend.evidence.services import picturing
from backend.evidence.services.arrived_photos import shared_bytes
from backend.evidence.services.picturing import Content
from backend.evidence.services.sharing import share, shared_subject

blueprint = Blueprint(
    "photo-content", __name__, url_prefix="/api/v1/photo-content", description="照片内容 · Photo bytes"
)
shared = Blueprint(
    "shared-photos", __name__, url_prefix="/api/v1/shared-photos", description="限时照片链接 · Shared photos"
)


class Wanted(Schema):
    """Which copy: as received, fit for a screen, or small."""

    size = fields.String(validate=OneOf(picturing.SIZES), load_default="original")


class LinkAsked(Schema):
    """How long a link shall hold."""

    hours = fields.Integer(validate=Range(1, 720), load_default=24)


class Link(Schema):
    """A link anybody may follow until it ends."""

    url = fields.String(required=True)
    until = wire.Moment(required=True)


FILE = {"type": "string", "format": "binary"}
_SALT = "shared picture"
_RANGE = {"in": "header", "name": "Range", "schema": {"type": "string"}, "description": "bytes=first-last"}


def _bytes(description: str) -> dict[str, Any]:
    """As received, or a copy of ours."""
    media = ("application/octet-stream", "image/jpeg")
    return {"description": description, "content": {one: {"schema": FILE} for one in media}}


def _arrived(session: Session, photo_id: Any) -> str:
    photo = read_document(session, actor(), KINDS["photo"], str(photo_id)).values
    if not photo["arrived_at"]:
        raise Problem("not_found", id=str(photo_id))
    return str(photo["sha256"])


@blueprint.route("/<uuid:photo_id>")
class PhotoContent(MethodView):
    @blueprint.doc(parameters=[_RANGE])
    @blueprint.arguments(Wanted, location="query")
    @blueprint.response(200, FILE, content_type="application/octet-stream")
    @blueprint.alt_response(206, schema=FILE, content_type="application/octet-stream")
    @blueprint.doc(responses={"200": _bytes("The whole"), "206": _bytes("A part of it")})
    @signed_in
    def get(self, wanted: dict[str, str], photo_id: Any) -> Response:
        """A photo's bytes, for those who may see its record."""
        with reading() as session:
            content = picturing.content_of(
                session, context().blobs, _arrived(session, photo_id), wanted["size"]
            )
        return given_out(
            content, "private, no-store" if wanted["size"] == "original" else "private, max-age=86400"
        )


@blueprint.route("/<uuid:photo_id>/links")
class PhotoLinks(MethodView):
    @blueprint.arguments(LinkAsked)
    @blueprint.response(201, Link)
    @signed_in
    def post(self, asked: dict[str, int], photo_id: Any) -> Any:
        """A link to the clean copy (no place, no device in it) for somebody without an account."""
        policy.need_unmasked(actor())
        with transaction() as session:
            sha256 = _arrived(session, photo_id)
            note_act(session, actor(), "link_made", ("photo", str(photo_id)), after={"hours": asked["hours"]})
            picturing.content_of(session, context().blobs, sha256, "web")
        token = share(context().settings.keys, _SALT, [str(photo_id)], asked["hours"])
        return {
            "url": f"/api/v1/shared-photos/{token}",
            "until": datetime.now(UTC) + timedelta(hours=asked["hours"]),
        }


@shared.route("/<token>")
class SharedPhoto(MethodView):
    @shared.response(200, FILE, content_type="image/jpeg")
    @public("public_per_address")
    def get(self, token: str) -> Response:
        """The picture a link is for, until the link ends."""
        (subject,) = shared_subject(context().settings.keys, _SALT, token)
        with reading() as session:
            content = picturing.content_of(session, context().blobs, shared_bytes(session, subject), "web")
        return given_out(content, "private, no-store")


def given_out(content: Content, caching: str) -> Response:
    """The whole, a part (206), or the size when the part is not there (416); nothing new is told by
    `conditional`."""
    headers = {
        "ETag": f'"{content.sha256}"', "Cache-Control": caching, "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
    if content.media_type == "application/octet-stream":
        headers["Content-Disposition"] = "attachment"
    start, end, status = 0, content.size_bytes, 200
    if (
        request.range is not None
        and request.if_range.etag in (None, content.sha256)
        and request.if_range.date is None
    ):
        part = request.range.range_for_length(content.size_bytes)
        if part is None:
            raise Problem("range_not_there", size_bytes=content.size_bytes)
        (start, end), status = part, 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{content.size_bytes}"
    headers["Content-Length"] = str(end - start)
    body = content.read(context().blobs, start, end)
    return Response(body, status, headers, mimetype=content.media_type, direct_passthrough=True)
