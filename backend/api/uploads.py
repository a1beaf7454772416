"""Photo bytes by tus 1.0: creation, offset, continuation; the hash in the metadata is checked when all is here."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from backend.api.authentication import actor, signed_in
from backend.api.house import house, reading, transaction
from backend.errors import Problem
from backend.queries.documents import read_document
from backend.records.registry import KINDS
from backend.records.upload import Upload
from backend.records.wire import is_uuid
from backend.services import evidence

blueprint = Blueprint("uploads", __name__, url_prefix="/api/v1/uploads", description="照片上传（tus 1.0）· Photo bytes")
VERSION = "1.0.0"
_CHUNK = 64 * 1024


def _headers(upload: Upload) -> dict[str, str]:
    return {
        "Tus-Resumable": VERSION,
        "Upload-Offset": str(upload.offset_bytes),
        "Upload-Length": str(upload.length_bytes),
        "Cache-Control": "no-store",
    }


def _need_tus() -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise Problem("tus_version")


def _number(name: str) -> int:
    value = request.headers.get(name, "")
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise Problem(
            "invalid", faults=[{"field": name, "code": "invalid", "zh": "应为非负整数", "en": "not a whole number"}]
        )
    return int(value)


def _metadata() -> dict[str, str]:
    """tus's `name base64,name base64`."""
    found = {}
    for pair in filter(None, request.headers.get("Upload-Metadata", "").split(",")):
        name, _, value = pair.strip().partition(" ")
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise Problem(
                "invalid", faults=[{"field": name, "code": "invalid", "zh": "不是 base64", "en": "not base64"}]
            ) from error
    return found


def _body() -> Iterator[bytes]:
    while chunk := request.stream.read(_CHUNK):
        yield chunk


@blueprint.route("")
class Uploads(MethodView):
    @blueprint.doc(parameters=[
        {"in": "header", "name": "Tus-Resumable", "required": True, "schema": {"type": "string", "enum": [VERSION]}},
        {"in": "header", "name": "Upload-Length", "required": True, "schema": {"type": "integer", "minimum": 1, "maximum": evidence.MOST_BYTES}},
        {"in": "header", "name": "Upload-Metadata", "required": True, "schema": {"type": "string"},
         "description": "photo_id and sha256 (hex), base64 each"},
    ])  # fmt: skip
    @blueprint.response(201)
    @signed_in
    def post(self) -> Response:
        """Begin an upload; Location says where to send the bytes."""
        _need_tus()
        metadata = _metadata()
        if not is_uuid(metadata.get("photo_id", "")):
            raise Problem(
                "invalid",
                faults=[
                    {"field": "photo_id", "code": "required", "zh": "缺少照片编号", "en": "the photo's id is missing"}
                ],
            )
        with transaction() as session:
            upload = evidence.create_upload(
                session, actor(), metadata["photo_id"], metadata.get("sha256", ""), _number("Upload-Length")
            )
        return Response(status=201, headers={**_headers(upload), "Location": f"/api/v1/uploads/{upload.id}"})


@blueprint.route("/<uuid:upload_id>")
class OneUpload(MethodView):
    @blueprint.response(200)
    @signed_in
    def head(self, upload_id: Any) -> Response:
        """How many bytes have arrived."""
        with reading() as session:
            upload = evidence.find_upload(session, actor(), str(upload_id))
        return Response(status=200, headers=_headers(upload))

    @blueprint.doc(parameters=[
        {"in": "header", "name": "Tus-Resumable", "required": True, "schema": {"type": "string", "enum": [VERSION]}},
        {"in": "header", "name": "Upload-Offset", "required": True, "schema": {"type": "integer", "minimum": 0}},
    ], requestBody={"content": {"application/offset+octet-stream": {"schema": {"type": "string", "format": "binary"}}}})  # fmt: skip
    @blueprint.response(204)
    @signed_in
    def patch(self, upload_id: Any) -> Response:
        """Bytes at an offset."""
        _need_tus()
        if request.mimetype != "application/offset+octet-stream":
            raise Problem("unsupported_media")
        with transaction() as session:
            upload = evidence.receive_bytes(
                session, actor(), house().parts, house().blobs, str(upload_id), _number("Upload-Offset"), _body()
            )
        if upload.finished_at is None and upload.offset_bytes == 0 and request.content_length:
            raise Problem("wrong_hash")
        return Response(status=204, headers=_headers(upload))


content = Blueprint(
    "photo-content", __name__, url_prefix="/api/v1/photo-content", description="照片内容 · Photo bytes as kept"
)


@content.route("/<uuid:photo_id>")
class PhotoContent(MethodView):
    @content.response(200, content_type="application/octet-stream")
    @signed_in
    def get(self, photo_id: Any) -> Response:
        """A photo's bytes, for those who may see its record."""
        with reading() as session:
            photo = read_document(session, actor(), KINDS["photo"], str(photo_id)).values
        if not photo["arrived_at"]:
            raise Problem("not_found", id=str(photo_id))
        data = evidence.photo_bytes(house().blobs, photo["sha256"])
        headers = {
            "ETag": f'"{photo["sha256"]}"',
            "Content-Disposition": "attachment",
            "Cache-Control": "private, no-store",
        }
        return Response(data, mimetype="application/octet-stream", headers=headers)
