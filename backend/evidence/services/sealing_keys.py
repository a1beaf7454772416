"""With which keys history was sealed, one after the other: the newest vouches for those before it.

A server holds the secrets of its ring; of older keys their public half is enough. The first seal by a new key
writes down, signed by it, each older one's public half and the last seal that was made with it. So old seals
can be checked when their secret is gone, and nobody who stole an old secret can add a seal or make one anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.keys import SEALS, Key, Keys, UnsafeKey, derived
from backend.core.sentences import sentence
from backend.evidence.kinds.seal import Seal, SealingKey
from sync.change import canonical

log = structlog.get_logger(__name__)
_STRANGE = "not signed by this server"


@dataclass(frozen=True, slots=True)
class Trusted:
    """A key whose seals count; the number and hash of its last one where another has followed it."""

    public: Ed25519PublicKey
    last: int | None = None
    last_hash: bytes | None = None

    def fault(self, seal: Seal) -> str | None:
        """Why a seal that says it was made with this key was not."""
        try:
            self.public.verify(seal.signature, seal.hash)
        except InvalidSignature:
            return _STRANGE
        if self.last is not None and seal.number > self.last:
            return "signed with a key that had ended"
        if seal.number == self.last and seal.hash != self.last_hash:
            return "another seal stands where its key ended"
        return None


class KeyChanged(Exception):
    """What is written down of a key does not hold: its id, and why."""


def ring_of(keys: Keys | str) -> list[Key]:
    """The keys that seal, the one that does so now last; a plain secret is a ring of one.

    Raises UnsafeKey.
    """
    if isinstance(keys, Keys):
        return keys.of(SEALS)
    if not keys:
        raise UnsafeKey(sentence("evidence.no_sealing_key").line)
    return [Key(SEALS, keys)]


def signing_key(key: Key) -> Ed25519PrivateKey:
    """The pair of a key of the ring."""
    return Ed25519PrivateKey.from_private_bytes(derived(key.secret, SEALS))


def take_over(session: Session, ring: Sequence[Key], last: Seal | None) -> bool:
    """Write the signing key down, and what it vouches for, when it seals for the first time.

    False when another server has gone on to a newer key: then this one's ring is old, and it must not seal.
    """
    now = ring[-1]
    known = session.get(SealingKey, now.id)
    if known is not None:
        if known.successor:
            log.error("seals.old_ring", key=now.id, newer=known.successor)
        return known.successor is None
    mine = signing_key(now)
    session.add(SealingKey(id=now.id, public_key=mine.public_key().public_bytes_raw()))
    for older in ring[:-1]:
        if older.signs_from > now.signs_from:
            continue
        row = session.get(SealingKey, older.id)
        if row is None:
            row = SealingKey(id=older.id, public_key=signing_key(older).public_key().public_bytes_raw())
            session.add(row)
        if row.successor is None:
            row.successor = now.id
            row.last_number, row.last_hash = (last.number, last.hash) if last else (0, bytes(32))
            row.endorsement = mine.sign(_statement(row))
    session.flush()
    return True


def _statement(row: SealingKey) -> bytes:
    told = [
        "wangge sealing key ended",
        row.id,
        row.public_key.hex(),
        row.last_number,
        (row.last_hash or b"").hex(),
        row.successor,
    ]
    return canonical(told)


class Signers:
    """Whose seals count: the ring's keys, and those that one of them vouches for, directly or by others.

    Raises KeyChanged where what is written down is not what was signed.
    """

    def __init__(self, session: Session, keys: Keys | str) -> None:
        waiting = {row.id: row for row in session.scalars(select(SealingKey))}
        # After the rows: whoever rotates a key meanwhile writes the ring first, and seals with it later.
        ring = ring_of(keys)
        self._written, self._is_named = frozenset(waiting), False
        _need_followed(ring, waiting)
        self._found = {one.id: Trusted(signing_key(one).public_key()) for one in _in_use(ring, self._written)}
        while ready := [row for row in waiting.values() if (row.successor or row.id) in self._found]:
            for row in ready:
                del waiting[row.id]
                self._found[row.id] = _trusted(row, self._found)
        _need_strangers(session, waiting, self._found)

    def fault(self, seal: Seal) -> str | None:
        """Why a seal's signature does not count, asked in their order; those from before keys had ids are
        tried with each."""
        if seal.key_id is None:
            faults = [key.fault(seal) for key in self._found.values()]
            told = next((one for one in faults if one != _STRANGE), _STRANGE) if faults else _STRANGE
            return "it does not name its key" if self._is_named else None if None in faults else told
        self._is_named = True
        key = self._found.get(seal.key_id) if seal.key_id in self._written else None
        return key.fault(seal) if key else _STRANGE

    @property
    def last(self) -> int:
        """The last seal that a key has seen which followed another."""
        return max((key.last or 0 for key in self._found.values()), default=0)


def _in_use(ring: Sequence[Key], written: Collection[str]) -> list[Key]:
    """Without keys that were passed over: whoever took over wrote down each one before it."""
    newest = max((place for place, one in enumerate(ring) if one.id in written), default=0)
    return [one for place, one in enumerate(ring) if place >= newest or one.id in written]


def _need_followed(ring: Sequence[Key], rows: Mapping[str, SealingKey]) -> None:
    """Of the ring's keys that sealed, all but the newest have ended."""
    for key in [one for one in ring if one.id in rows][:-1]:
        if rows[key.id].successor is None:
            raise KeyChanged(key.id, "it has no successor")


def _trusted(row: SealingKey, found: Mapping[str, Trusted]) -> Trusted:
    held = found.get(row.id)
    if held is not None and held.public.public_bytes_raw() != row.public_key:
        raise KeyChanged(row.id, "another public key stands there")
    if row.successor is None:
        return found[row.id]
    try:
        found[row.successor].public.verify(row.endorsement or b"", _statement(row))
    except InvalidSignature as error:
        raise KeyChanged(row.id, "what is told of it was changed") from error
    return Trusted(Ed25519PublicKey.from_public_bytes(row.public_key), row.last_number, row.last_hash)


def _need_strangers(session: Session, left: Mapping[str, SealingKey], found: Mapping[str, Trusted]) -> None:
    """Keys nobody we know vouches for are another server's, and so are the seals that name them; else they
    were changed."""
    naming = set(session.scalars(select(Seal.key_id).where(Seal.key_id.in_(left)).distinct()))
    for key_id in sorted(left):
        if key_id in found or key_id not in naming:
            raise KeyChanged(key_id, "nobody we know vouches for it")
