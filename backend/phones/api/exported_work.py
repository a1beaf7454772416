"""A phone's exported work as it comes: up to hundreds of megabytes of photos in one JSON, read without a
second copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import BoundedSemaphore
from typing import Annotated, Any

import msgspec
import orjson

from backend.core.errors import Problem
from backend.core.kinds.wire import is_uuid
from backend.core.sentences import fault
from sync.wire import MOST_DEPTH, depth_of

MOST_FILE_BYTES = 200 * 1024 * 1024
MOST_MUTATIONS, MOST_PHOTOS, MOST_MUTATION_BYTES = 20_000, 5_000, 64 * 1024 * 1024
# Lists, objects and values: `1,1,1,…` of 200 MB would be a hundred million of them before any other limit is
# seen.
MOST_VALUES = 2_000_000
# Each takes its own size in memory, and one photo's.
AT_ONCE = BoundedSemaphore(1)


class _File(msgspec.Struct):
    author: str
    mutations: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MOST_MUTATIONS)]
    photos: Annotated[dict[str, msgspec.Raw], msgspec.Meta(max_length=MOST_PHOTOS)] = {}


_DECODER = msgspec.json.Decoder(_File)


class Photos(Mapping[str, bytes]):
    """Photos' bytes by id, each decoded when it is asked for. Raises invalid for what is not base64."""

    def __init__(self, encoded: dict[str, msgspec.Raw]) -> None:
        self._encoded = encoded

    def __getitem__(self, photo_id: str) -> bytes:
        try:
            return msgspec.json.decode(self._encoded[photo_id], type=bytes)
        except msgspec.MsgspecError as error:
            raise Problem("invalid", faults=[fault("photos", "phones.not_base64")]) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._encoded)

    def __len__(self) -> int:
        return len(self._encoded)


def read_exported(data: bytes) -> tuple[str, list[dict[str, Any]], Photos]:
    """The author's id, the mutations and the photos. Raises bad_json, invalid or too_large."""
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MOST_VALUES:
        raise Problem("too_large", most_values=MOST_VALUES)
    try:
        file = _DECODER.decode(data)
    except msgspec.ValidationError as error:
        raise Problem("invalid", faults=[fault("", "phones.not_exported", why=str(error))]) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("bad_json") from error
    if sum(memoryview(one).nbytes for one in file.mutations) > MOST_MUTATION_BYTES:
        raise Problem("too_large", most_bytes=MOST_MUTATION_BYTES)
    if not all(map(is_uuid, (file.author, *file.photos))):
        raise Problem("invalid", faults=[fault("author", "phones.bad_id")])
    return file.author.lower(), [_mutation(bytes(one)) for one in file.mutations], Photos(file.photos)


def _mutation(raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw) if depth_of(raw) <= MOST_DEPTH else None
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Problem("invalid", faults=[fault("mutations", "phones.bad_mutation")])
    return found
