"""Uploads photo files by tus: each by itself, continued where the server says it stands.

What is wrong with one stops no other.

What is wrong for good (an empty file, one too large, bytes that are gone or damaged) is set aside: kept,
listed, tried again or taken out by the person. What may pass (a server that fails, a connection that broke)
waits for the next sync, behind those that have failed less often.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mobile_api_spec.phone.link import Offline, Refused
from mobile_api_spec.phone.store import Store, Values

CHUNK_BYTES = 2 * 1024 * 1024
# About the person or the day, not about one picture: asked for the next one the answer would be the same.
ABOUT_ALL = (401, 403, 429)
# What the server says of the file itself; anything else may be another the next time.
_FOR_GOOD = {"empty_file", "too_large", "invalid", "unsupported_media"}
_SPEC = Path(__file__).resolve().parents[1]
Send = Callable[..., Any]


class Unsendable(Exception):
    """These bytes can never go as they are; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@cache
def _words() -> Values:
    """What the server says, and what a phone finds by itself."""
    own: Values = json.loads((_SPEC / "phone_errors.json").read_text(encoding="utf-8"))
    said: Values = json.loads((_SPEC / "vocabulary.json").read_text(encoding="utf-8"))["errors"]
    return own | said


def told(code: str) -> Values:
    """What a person reads of a code: the sentence and what to do, in both languages."""
    words = _words().get(code, {})
    names = (("title", "zh"), ("title_en", "en"), ("remedy", "remedy_zh"), ("remedy_en", "remedy_en"))
    return {"code": code, **{name: words.get(column, code) for name, column in names}}


def send_all(store: Store, send: Send) -> None:
    """Send every waiting picture.

    Raises Offline, and Refused where nothing of this person's is taken at all.
    """
    for photo, sha256, path in store.photos_to_send():
        try:
            _send_one(store, send, photo, sha256, path)
        except Unsendable as found:
            store.set_aside(photo, told(found.code))
        except Refused as refused:
            if refused.status in ABOUT_ALL:
                raise
            _leave(store, photo, refused)
        except Offline:
            store.note_trouble(photo, None)
            raise


def _send_one(store: Store, send: Send, photo: str, sha256: str, path: str | None) -> None:
    data = _bytes_of(store, photo, sha256)
    upload = path or _begin(store, send, photo, sha256, len(data))
    answer: Mapping[str, str] = send("HEAD", upload).headers
    offset = int(answer["Upload-Offset"])
    while offset < len(data):
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        }
        answer = send("PATCH", upload, content=data[offset : offset + CHUNK_BYTES], headers=headers).headers
        offset = int(answer["Upload-Offset"])
    # All bytes sent is not yet kept for good: only Arrived-At says that.
    if "Arrived-At" in answer:
        store.photo_arrived(photo, answer["Arrived-At"])


def _bytes_of(store: Store, photo: str, sha256: str) -> bytes:
    try:
        data = store.photo_bytes(photo)
    except sqlite3.Error as error:
        raise Unsendable("photo_unreadable") from error
    if data is None:
        raise Unsendable("photo_gone")
    if not data:
        raise Unsendable("empty_file")
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Unsendable("photo_unreadable")
    return data


def _begin(store: Store, send: Send, photo: str, sha256: str, length: int) -> str:
    pairs = {"photo_id": photo, "sha256": sha256}
    metadata = ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in pairs.items()
    )
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": str(length), "Upload-Metadata": metadata}
    location = str(send("POST", "/uploads", headers=headers).headers["Location"]).removeprefix("/api/v1")
    store.set_upload(photo, location)
    return location


def _leave(store: Store, photo: str, refused: Refused) -> None:
    """Set aside what is wrong for good; begin anew what has ended; everything else goes on the next time."""
    if refused.code in _FOR_GOOD:
        store.set_aside(photo, told(refused.code) | refused.problem)
        return
    if refused.status in (404, 410, 460):
        store.set_upload(photo, None)
    store.note_trouble(photo, told(refused.code) | refused.problem)
