"""Photo bytes by tus 1.0 (a phone reported lost hands in its photos too): creation (with bytes, if the
phone likes), continuation, checksums, pieces, ending; hashes are checked."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC
from email.utils import format_datetime
from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from werkzeug.exceptions import ClientDisconnected

from backend.core.api.authentication import ANYTHING, MIB, actor, public, signed_in_or_revoked, takes
from backend.core.api.context import context, reading, transaction
from backend.core.errors import Problem
from backend.core.kinds.wire import is_uuid
from backend.core.sentences import fault
from backend.evidence.kinds.upload import Upload
from backend.evidence.services import uploading
from backend.evidence.services.uploading import Announced, Checksum, Receiving
from sync.change import moment_text

blueprint = Blueprint(
    "uploads", __name__, url_prefix="/api/v1/uploads", description="照片上传（tus 1.0）· Photo bytes"
)
VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration,concatenation"
BODY_TYPE = "application/offset+octet-stream"
# What one request may carry; the rest of a larger photo follows at the next offset.
MOST_PART_BYTES = 8 * MIB
_CHUNK = 64 * 1024
_PIECE = re.compile(r"^(?:https?://[^/]+)?(?:/[^?#]*)?/api/v1/uploads/([0-9a-fA-F-]{36})/?$")
_TUS = {
    "in": "header",
    "name": "Tus-Resumable",
    "required": True,
    "schema": {"type": "string", "enum": [VERSION]},
}
_CHECKSUM = {
    "in": "header",
    "name": "Upload-Checksum",
    "schema": {"type": "string"},
    "description": "sha256|sha1|md5, then base64",
}
_BINARY = {"content": {BODY_TYPE: {"schema": {"type": "string", "format": "binary"}}}}


def place() -> Receiving:
    """Where this house keeps bytes."""
    return Receiving(
        context().database, context().parts, context().blobs, context().settings.upload_day_bytes
    )


def _headers(upload: Upload) -> dict[str, str]:
    headers = {
        "Tus-Resumable": VERSION,
        "Upload-Offset": str(uploading.offset_of(upload, context().parts)),
        "Upload-Length": str(upload.length_bytes),
        "Cache-Control": "no-store",
    }
    if upload.finished_at:
        headers["Arrived-At"] = moment_text(upload.finished_at)
    else:
        headers["Upload-Expires"] = format_datetime(upload.expires_at.astimezone(UTC), usegmt=True)
    return headers


def _need_tus() -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Problem("tus_version")


def _number(name: str) -> int:
    value = request.headers.get(name, "")
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise Problem("invalid", faults=[fault(name, "evidence.not_whole_number")])
    return int(value)


def _metadata() -> dict[str, str]:
    """tus's `name base64,name base64`."""
    found = {}
    for pair in filter(None, request.headers.get("Upload-Metadata", "").split(",")):
        name, _, value = pair.strip().partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Problem("invalid", faults=[fault(name, "evidence.not_base64")]) from error
    return found


def _photo() -> tuple[str, str]:
    metadata = _metadata()
    if not is_uuid(metadata.get("photo_id", "")):
        raise Problem("invalid", faults=[fault("photo_id", "evidence.no_photo_id")])
    return metadata["photo_id"], metadata.get("sha256", "")


def _checksum() -> Checksum | None:
    algorithm, _, digest = request.headers.get("Upload-Checksum", "").partition(" ")
    if not algorithm:
        return None
    if algorithm not in uploading.ALGORITHMS:
        wrong = fault("Upload-Checksum", "evidence.unknown_algorithm", algorithms=list(uploading.ALGORITHMS))
        raise Problem("invalid", faults=[wrong])
    try:
        return Checksum(algorithm, base64.b64decode(digest, validate=True))
    except binascii.Error as error:
        raise Problem("invalid", faults=[fault("Upload-Checksum", "evidence.not_base64")]) from error


def _body() -> Iterator[bytes]:
    try:
        while chunk := request.stream.read(_CHUNK):
            yield chunk
    except ClientDisconnected:
        return


def _receive(upload_id: str, offset: int) -> Upload:
    return uploading.receive_bytes(place(), actor(), upload_id, offset, _body(), _checksum())


def _created(upload: Upload) -> Response:
    return Response(status=201, headers={**_headers(upload), "Location": f"/api/v1/uploads/{upload.id}"})


def _join(pieces: str) -> Upload:
    found = [_PIECE.match(one) for one in pieces.split()]
    if not found or None in found:
        raise Problem("invalid", faults=[fault("Upload-Concat", "evidence.no_pieces")])
    photo_id, sha256 = _photo()
    return uploading.concatenate(place(), actor(), photo_id, sha256, [one[1].lower() for one in found if one])


@blueprint.route("")
class Uploads(MethodView):
    @blueprint.response(204)
    @public("pages_per_address")
    def options(self) -> Response:
        """What this server speaks of tus."""
        headers = {
            "Tus-Resumable": VERSION,
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(uploading.MOST_BYTES),
            "Tus-Checksum-Algorithm": ",".join(uploading.ALGORITHMS),
        }
        return Response(status=204, headers=headers)

    @blueprint.doc(
        parameters=[
            _TUS,
            _CHECKSUM,
            {
                "in": "header",
                "name": "Upload-Length",
                "schema": {"type": "integer", "minimum": 1, "maximum": uploading.MOST_BYTES},
            },
            {
                "in": "header",
                "name": "Upload-Concat",
                "schema": {"type": "string"},
                "description": "`partial`, or `final;` and the pieces' addresses",
            },
            {
                "in": "header",
                "name": "Upload-Metadata",
                "schema": {"type": "string"},
                "description": "photo_id and sha256 (hex), base64 each; a piece has none",
            },
        ],
        requestBody=_BINARY | {"required": False},
    )
    @blueprint.response(201)
    @takes(MOST_PART_BYTES, ANYTHING)
    @signed_in_or_revoked
    def post(self) -> Response:
        """Begin an upload, with its first bytes if the phone sends them; Location says where the rest
        goes."""
        _need_tus()
        how, _, pieces = request.headers.get("Upload-Concat", "").partition(";")
        if how == "final":
            return _created(_join(pieces))
        photo_id, sha256 = (None, None) if how == "partial" else _photo()
        announced = Announced(photo_id, sha256, _number("Upload-Length"))
        with transaction() as session:
            upload = uploading.create_upload(
                session, actor(), announced, context().parts, context().settings.upload_day_bytes
            )
        if request.mimetype == BODY_TYPE and request.content_length:
            upload = _receive(str(upload.id), 0)
        return _created(upload)


@blueprint.route("/<uuid:upload_id>")
class OneUpload(MethodView):
    @blueprint.response(200)
    @signed_in_or_revoked
    def head(self, upload_id: Any) -> Response:
        """How many bytes have arrived; Arrived-At once the whole file is kept for good."""
        with reading() as session:
            upload = uploading.find_upload(session, actor(), str(upload_id))
        return Response(status=200, headers=_headers(upload))

    @blueprint.doc(
        parameters=[
            _TUS,
            _CHECKSUM,
            {
                "in": "header",
                "name": "Upload-Offset",
                "required": True,
                "schema": {"type": "integer", "minimum": 0},
            },
        ],
        requestBody=_BINARY,
    )
    @blueprint.response(204)
    @takes(MOST_PART_BYTES, ANYTHING)
    @signed_in_or_revoked
    def patch(self, upload_id: Any) -> Response:
        """Bytes at an offset."""
        _need_tus()
        if request.mimetype != BODY_TYPE:
            raise Problem("unsupported_media")
        return Response(status=204, headers=_headers(_receive(str(upload_id), _number("Upload-Offset"))))

    @blueprint.doc(parameters=[_TUS])
    @blueprint.response(204)
    @signed_in_or_revoked
    def delete(self, upload_id: Any) -> Response:
        """Give an upload up; what was kept for good stays."""
        _need_tus()
        uploading.terminate(place(), actor(), str(upload_id))
        return Response(status=204, headers={"Tus-Resumable": VERSION})
