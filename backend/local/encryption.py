"""Encrypts and decrypts backups by age (pyrage).

They are read and written in streams, to recipients whose secret halves need not be on this machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import pyrage

from backend.core.keys import BACKUPS, Key
from backend.core.sentences import sentence

ENDING = ".age"


class NoIdentity(Exception):
    """What cannot be encrypted or opened with the keys that were given; says so in both languages."""


def recipient_of(key: Key) -> str:
    """The public half of a backup key of the ring."""
    return str(pyrage.x25519.Identity.from_str(key.secret).to_public())


def recipients_of(words: Iterable[str]) -> list[Any]:
    """Recipients by their text: `age1…` or an SSH public key. Raises NoIdentity."""
    return [_read(one, pyrage.x25519.Recipient, pyrage.ssh.Recipient) for one in words]


def identities_of(ring: Iterable[Key], files: Iterable[Path] = ()) -> list[Any]:
    """What may open a backup: the ring's backup keys, and files of age identities or SSH keys.

    Raises NoIdentity.
    """
    found = [pyrage.x25519.Identity.from_str(one.secret) for one in ring if one.purpose == BACKUPS]
    for file in files:
        text = file.read_text()
        if "PRIVATE KEY" in text:
            found.append(_read(text, pyrage.ssh.Identity))
            continue
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        found += [_read(line.strip(), pyrage.x25519.Identity) for line in lines]
    return found


def _read(text: str, *forms: Any) -> Any:
    for form in forms:
        try:
            return form.from_buffer(text.encode()) if hasattr(form, "from_buffer") else form.from_str(text)
        except (pyrage.RecipientError, pyrage.IdentityError):
            continue
    raise NoIdentity(sentence("local.no_age_key").line)


def encrypt(source: IO[bytes], target: IO[bytes], recipients: Sequence[Any]) -> None:
    """Encrypt a stream into another, piece by piece."""
    sink = _Sink(target)
    try:
        pyrage.encrypt_io(source, sink, recipients)
    except (pyrage.EncryptError, ValueError, OSError) as error:
        raise sink.failed or error from error


def decrypt(source: IO[bytes], target: IO[bytes], identities: Sequence[Any]) -> None:
    """Open a stream into another, piece by piece.

    Raises NoIdentity when no key opens it, or when it was changed or cut.
    """
    sink = _Sink(target)
    try:
        pyrage.decrypt_io(source, sink, identities)
    except (pyrage.DecryptError, ValueError, OSError) as error:
        if sink.failed is not None:
            raise sink.failed from error
        raise NoIdentity(sentence("local.does_not_open").line) from error


class _Sink:
    """A stream that remembers its own failure, which the library reports like one of the source."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self.failed: OSError | None = None

    def write(self, data: bytes) -> int:
        """Pass it on."""
        try:
            return self._target.write(data)
        except OSError as error:
            self.failed = error
            raise

    def flush(self) -> None:
        """Pass it on."""
        self._target.flush()
