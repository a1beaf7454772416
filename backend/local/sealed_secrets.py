"""The keys and the last seals of a server, in a file of their own that a passphrase or another's key opens.

Without them a restored server cannot show that its seals are its own; in the dump's place they would open all
that they protect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pyrage

from backend.core.keys import Keys, Ring, UnsafeKey
from backend.core.private_files import write_private
from backend.core.sentences import sentence
from backend.evidence.services.sealing import WITNESS
from backend.local.encryption import NoIdentity

NAME = "secrets.age"
LEAST_CHARACTERS = 12
# Each seal holds those before it: the last ones bear witness to all.
MOST_SEALS = 10_000
FROM_BACKUP = "keys-from-backup.json"


@dataclass(frozen=True, slots=True)
class Opener:
    """What may close or open the file: a passphrase, or public or secret keys of age."""

    passphrase: str = ""
    keys: Sequence[Any] = ()

    def __bool__(self) -> bool:
        return bool(self.passphrase or self.keys)


@dataclass(frozen=True, slots=True)
class Secrets:
    """A ring, and lines of the file of seals."""

    ring: Ring
    seals: list[bytes] = field(default_factory=list)


def read_passphrase(file: Path | None) -> str:
    """The first line of a file; nothing without one. Raises NoIdentity for one that is easily guessed."""
    if file is None:
        return ""
    lines = file.read_text("utf-8").splitlines()
    found = lines[0].strip() if lines else ""
    if len(found) < LEAST_CHARACTERS or len(set(found)) < LEAST_CHARACTERS // 2:
        raise NoIdentity(sentence("local.weak_passphrase", least=LEAST_CHARACTERS).line)
    return found


def sealed(keys: Keys, home: Path, closer: Opener) -> bytes:
    """The file's bytes."""
    witness = home / WITNESS
    lines = witness.read_bytes().splitlines()[-MOST_SEALS:] if witness.exists() else []
    told = orjson.dumps({"keys": keys.ring().as_text(), "seals": [one.decode() for one in lines]})
    if closer.passphrase:
        return bytes(pyrage.passphrase.encrypt(told, closer.passphrase))
    return bytes(pyrage.encrypt(told, list(closer.keys)))


def opened(data: bytes, opener: Opener) -> Secrets:
    """What it holds. Raises NoIdentity where the passphrase or key is another, or it was changed or cut."""
    told = _decrypted(data, opener)
    try:
        found = orjson.loads(told)
        return Secrets(Ring.parse(found["keys"]), [one.encode() for one in found["seals"]])
    except (ValueError, KeyError, TypeError, UnsafeKey) as error:
        raise NoIdentity(sentence("local.secrets_unreadable").line) from error


def _decrypted(data: bytes, opener: Opener) -> bytes:
    ways: list[Callable[[], Any]] = []
    if opener.passphrase:
        ways.append(lambda: pyrage.passphrase.decrypt(data, opener.passphrase))
    if opener.keys:
        ways.append(lambda: pyrage.decrypt(data, list(opener.keys)))
    for way in ways:
        try:
            return bytes(way())
        except pyrage.DecryptError:
            continue
    raise NoIdentity(sentence("local.secrets_do_not_open").line)


def take_in(found: Secrets, keys: Keys, home: Path) -> Path | None:
    """Add a backup's keys and seals to this server's own; where the ring is put when it cannot be added to.

    Keys that are here go on signing; those of the backup open what they signed.
    """
    witness = home / WITNESS
    if not witness.exists() and found.seals:
        write_private(witness, b"\n".join(found.seals) + b"\n")
    ring = keys.ring()
    whole = ring.with_older(found.ring.keys)
    if whole == ring:
        return None
    if not keys.is_fixed:
        keys.write(whole)
        return None
    write_private(home / FROM_BACKUP, whole.as_text().encode())
    return home / FROM_BACKUP


def lacking(key_ids: Sequence[str], keys: Keys) -> list[str]:
    """Which of these keys are not here."""
    here = {one.id for one in keys.ring().keys}
    return [one for one in key_ids if one not in here]
