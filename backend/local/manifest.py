"""What a backup says of itself: versions, installation, counts, size and checksum of each of its files.

It is written last. Its own checksum tells of accidents; its signature, by a key of the ring, of who wrote it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from backend.core.keys import SEALS, Key, derived
from backend.core.private_files import write_private
from backend.core.sentences import sentence
from backend.local.bringing_back import NotRestored
from backend.local.private_writing import sha256_of
from backend.migrations import newest

NAME, FORMAT = "manifest.json", 1


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All of it: `server` is PostgreSQL's version as 150006, `held` counts what the dump's snapshot had."""

    release: str
    schema: str | None
    server: int
    began_at: str
    identity: str | None
    name: dict[str, str]
    ending: str
    recipients: str
    database_bytes: int
    held: dict[str, int]
    keys: list[str]
    parts: list[Part] = field(default_factory=list)
    format: int = FORMAT

    def has(self, name: str) -> bool:
        """Whether a file belongs to it."""
        return any(one.name == name for one in self.parts)


def release() -> str:
    """This program's version."""
    return version("wangge")


def part_of(folder: Path, name: str) -> Part:
    """A file that was written, as it now lies there."""
    return Part(name, (folder / name).stat().st_size, sha256_of(folder / name))


def write(folder: Path, manifest: Manifest, key: Key) -> None:
    """Write it, with its checksum and signature."""
    told = asdict(manifest)
    body = _canonical(told)
    told["sha256"] = hashlib.sha256(body).hexdigest()
    told["signature"] = {"key": key.id, "hmac": _signature(key, body)}
    write_private(folder / NAME, orjson.dumps(told, option=orjson.OPT_INDENT_2) + b"\n")


def read(folder: Path, keys: Iterable[Key] | None = None) -> Manifest:
    """Read it; its signature is checked where `keys` are given. Raises NotRestored.

    `keys` are those of the ring and of the backup; its signature by none of them is as good as none.
    """
    try:
        told = orjson.loads((folder / NAME).read_bytes())
    except FileNotFoundError as error:
        raise NotRestored(sentence("local.no_manifest", folder=str(folder)).line) from error
    except ValueError as error:
        raise NotRestored(sentence("local.manifest_changed", folder=str(folder)).line) from error
    if not isinstance(told, dict) or not isinstance(told.get("format"), int):
        raise NotRestored(sentence("local.manifest_changed", folder=str(folder)).line)
    if told["format"] > FORMAT:
        raise NotRestored(sentence("local.newer_backup", made=str(told.get("release")), here=release()).line)
    signature, digest = told.pop("signature", None), told.pop("sha256", None)
    body = _canonical(told)
    if digest != hashlib.sha256(body).hexdigest() or (
        keys is not None and not _is_signed(signature, body, keys)
    ):
        raise NotRestored(sentence("local.manifest_changed", folder=str(folder)).line)
    return _shaped(told, folder)


def signed_by(folder: Path) -> str:
    """The id of the key that signed it; nothing where it says none."""
    try:
        return str(orjson.loads((folder / NAME).read_bytes())["signature"]["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def need_known_versions(manifest: Manifest) -> None:
    """Raises NotRestored for a backup of a newer release."""
    if manifest.schema and manifest.schema > newest():
        raise NotRestored(sentence("local.newer_backup", made=manifest.release, here=release()).line)


def need_whole(folder: Path, manifest: Manifest) -> None:
    """Each file is there and is what was written. Raises NotRestored."""
    for one in manifest.parts:
        path = folder / one.name
        if not path.is_file() or path.stat().st_size != one.size or sha256_of(path) != one.sha256:
            raise NotRestored(sentence("local.part_spoiled", file=str(path)).line)


def _shaped(told: dict[str, Any], folder: Path) -> Manifest:
    try:
        parts = [Part(**one) for one in told.pop("parts")]
        return Manifest(**told, parts=parts)
    except (TypeError, KeyError) as error:
        raise NotRestored(sentence("local.manifest_changed", folder=str(folder)).line) from error


def _canonical(told: dict[str, Any]) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _signature(key: Key, body: bytes) -> str:
    return hmac.new(derived(key.secret, "backup manifest"), body, hashlib.sha256).hexdigest()


def _is_signed(signature: Any, body: bytes, keys: Iterable[Key]) -> bool:
    if not isinstance(signature, dict):
        return False
    made_by = [one for one in keys if one.purpose == SEALS and one.id == signature.get("key")]
    return any(hmac.compare_digest(_signature(one, body), str(signature.get("hmac"))) for one in made_by)
