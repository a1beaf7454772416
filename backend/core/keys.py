"""The server's keys: a ring with one key for each purpose, and the older ones for what they signed.

A key signs from its moment on; those before it still open what they signed: cursors, links, seals, backups.
Servers that share one secret (`WANGGE_SECRET_KEY`) and no ring make the same keys out of it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import orjson
import pyrage
import structlog
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.core.private_files import write_private
from backend.core.sentences import sentence

log = structlog.get_logger(__name__)
LINKS, CURSORS, SEALS, BACKUPS = PURPOSES = ("links", "cursors", "seals", "backups")
RING = "keys.json"
FIRST = "secret-key"
LEAST_CHARACTERS, LEAST_DIFFERENT = 32, 8
_EXAMPLES = ("change-me", "changeme", "change_me")
_BEGINNING = datetime.min.replace(tzinfo=UTC)


class UnsafeKey(ValueError):
    """A key that is none: empty, an example's, too short, or lying open; says so in both languages, with
    the remedy."""


@dataclass(frozen=True, slots=True)
class Key:
    """One secret for one purpose; it signs from `signs_from` on, and what it signed stays good after that."""

    purpose: str
    secret: str
    signs_from: datetime = _BEGINNING

    @property
    def id(self) -> str:
        """What it is called in lists and beside seals; tells nothing of the secret."""
        return hashlib.sha256(f"wangge key\0{self.purpose}\0{self.secret}".encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Ring:
    """All keys, the oldest first."""

    keys: tuple[Key, ...] = ()

    def of(self, purpose: str, now: datetime | None = None) -> list[Key]:
        """A purpose's keys, the one that signs now last. Raises UnsafeKey where there is none."""
        now = now or datetime.now(UTC)
        mine = sorted((one for one in self.keys if one.purpose == purpose), key=lambda one: one.signs_from)
        # What is still to come opens already, so that several servers can change one after the other.
        waiting = [one for one in mine if one.signs_from > now]
        if len(waiting) == len(mine):
            raise UnsafeKey(sentence("core.no_key", purpose=purpose).line)
        return waiting + [one for one in mine if one.signs_from <= now]

    def rotated(self, purposes: Iterable[str], after: timedelta = timedelta()) -> Ring:
        """The same ring and a new key for each of these purposes, which signs after a while."""
        signs_from = datetime.now(UTC) + after
        return Ring((*self.keys, *(Key(one, _new_secret(one), signs_from) for one in purposes)))

    def with_older(self, older: Iterable[Key]) -> Ring:
        """The same ring and older keys that it lacks."""
        known = {one.id for one in self.keys}
        return Ring((*(one for one in older if one.id not in known), *self.keys))

    def without(self, key_id: str) -> Ring:
        """The same ring less one key: what it signed ends."""
        return Ring(tuple(one for one in self.keys if one.id != key_id))

    def as_text(self) -> str:
        """The form in the ring's file and in WANGGE_KEYS."""
        rows = [
            {
                "id": one.id,
                "purpose": one.purpose,
                "signs_from": one.signs_from.isoformat(),
                "secret": one.secret,
            }
            for one in self.keys
        ]
        return orjson.dumps({"keys": rows}, option=orjson.OPT_INDENT_2).decode() + "\n"

    @classmethod
    def parse(cls, text: str | bytes) -> Ring:
        """The inverse of `as_text`. Raises UnsafeKey for what is no ring."""
        try:
            rows = orjson.loads(text)["keys"]
            made = [
                Key(row["purpose"], row["secret"], datetime.fromisoformat(row["signs_from"])) for row in rows
            ]
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise UnsafeKey(sentence("core.ring_unreadable").line) from error
        return cls(tuple(made))


def _new_secret(purpose: str) -> str:
    return str(pyrage.x25519.Identity.generate()) if purpose == BACKUPS else secrets.token_urlsafe(48)


def derived(secret: str, purpose: str) -> bytes:
    """A purpose's 32 bytes out of a secret; for seals as it was before there was a ring."""
    return HKDF(hashes.SHA256(), 32, None, f"wangge {purpose}".encode()).derive(secret.encode())


def keys_of_secret(secret: str) -> tuple[Key, ...]:
    """The keys that servers make of one shared secret, and the secret itself, which signed links and
    cursors before."""
    moment = _BEGINNING + timedelta(seconds=1)
    first = tuple(Key(purpose, secret) for purpose in (LINKS, CURSORS, SEALS))
    return first + tuple(Key(one, derived(secret, one).hex(), moment) for one in (LINKS, CURSORS))


def need_strong(secret: str) -> None:
    """Raises UnsafeKey for a secret that is empty, an example's, or short."""
    is_example = any(one in secret.lower() for one in _EXAMPLES)
    if is_example or len(secret) < LEAST_CHARACTERS or len(set(secret)) < LEAST_DIFFERENT:
        raise UnsafeKey(sentence("core.weak_secret", least=LEAST_CHARACTERS).line)


def older_keys(secret: str) -> tuple[Key, ...]:
    """What a secret of before leaves behind: a weak one checks old seals and opens nothing."""
    try:
        need_strong(secret)
    except UnsafeKey:
        return (Key(SEALS, secret),)
    return keys_of_secret(secret)


class Keys:
    """The ring as its file stands now: read anew when the file was changed, so that no server need start
    again."""

    def __init__(self, file: Path, text: str = "", secret: str = "") -> None:
        self._file, self._text, self._secret = file, text, secret
        self._ring, self._seen = Ring(), (0, 0)

    def ring(self) -> Ring:
        """All keys. Raises UnsafeKey for a file that others may read and that cannot be mended."""
        if self._text:
            self._ring = self._ring if self._ring.keys else self._whole(Ring.parse(self._text))
            return self._ring
        try:
            found = self._file.stat()
        except FileNotFoundError:
            self._ring = self._ring if self._ring.keys else self._whole(Ring())
            return self._ring
        if (found.st_mtime_ns, found.st_ino) != self._seen:
            need_private(self._file)
            self._ring, self._seen = (
                self._whole(Ring.parse(self._file.read_bytes())),
                (found.st_mtime_ns, found.st_ino),
            )
        return self._ring

    def _whole(self, ring: Ring) -> Ring:
        return ring.with_older(keys_of_secret(self._secret)) if self._secret else ring

    def of(self, purpose: str) -> list[Key]:
        """A purpose's keys, the one that signs last."""
        return self.ring().of(purpose)

    def secrets(self, purpose: str) -> list[str]:
        """The same as secrets."""
        return [one.secret for one in self.of(purpose)]

    @property
    def is_fixed(self) -> bool:
        """Whether the ring comes from the environment, where nobody here can change it."""
        return bool(self._text)

    def write(self, ring: Ring) -> Path:
        """Put a changed ring in the place of the old one, whole or not at all."""
        write_private(self._file, ring.as_text().encode())
        return self._file

    def ensure(self, home: Path) -> None:
        """Make a ring where there is none; a home from before there were rings keeps its first key for
        what it signed."""
        if self._text or self._secret or self._file.exists():
            self.ring()
            return
        first = home / FIRST
        older = older_keys(first.read_text().strip()) if first.exists() else ()
        self.write(Ring().rotated(PURPOSES).with_older(older))

    def need_all(self) -> None:
        """Raises UnsafeKey where something that is signed would find no key: better before the first
        request."""
        for purpose in (LINKS, CURSORS, SEALS):
            self.of(purpose)


@lru_cache(maxsize=64)
def keys_at(file: Path, text: str, secret: str) -> Keys:
    """The keys of a server with these settings, one object for each."""
    return Keys(file, text, secret)


def need_private(path: Path) -> None:
    """A file of secrets is its owner's alone: mended where it is ours. Raises UnsafeKey where it is not."""
    mode = path.stat().st_mode
    if not mode & 0o077:
        return
    try:
        os.chmod(path, 0o600)
    except PermissionError as error:
        raise UnsafeKey(sentence("core.ring_readable_by_others", path=str(path)).line) from error
    log.warning("keys.were_open", path=str(path), mode=f"{mode & 0o777:o}")
