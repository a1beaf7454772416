"""Tamper evidence: history is sealed after it was written, so that nobody who writes ever waits for it.

Every minute the rows that no seal covers get one: a Merkle root over their leaves (RFC 6962's two prefixes),
chained to the seal before and signed (Ed25519). A row's personal values enter as salted hashes: erasing them
lawfully takes value and salt away, leaves the hash, and the chain holds. The latest seal is also written
outside the database, so that a database rewritten whole, seals and all, no longer fits.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.db import Database
from backend.core.keys import Key, Keys
from backend.core.kinds.registry import KINDS, SYNC_KINDS
from backend.core.services import record_writer
from backend.evidence.kinds.seal import Seal, SealedRow
from backend.evidence.queries.erasing import (
    delete_disputes,
    forget_salt,
    replace_step,
    replace_waiting,
    salted_steps,
    waiting_of,
)
from backend.evidence.queries.sealing import covered_steps, unsealed_steps
from backend.evidence.services.sealing_keys import KeyChanged, Signers, ring_of, signing_key, take_over
from sync.change import canonical, moment_text

WITNESS = "seals.jsonl"
MOST_ROWS = 50_000
# Longer than any transaction may stay open, so that a row committed late is still found.
LOOKS_BACK = timedelta(hours=1)
# What stands where a value that must not be empty was erased by law.
ERASED = "已清除"
_NOTHING = bytes(32)


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place where the chain does not hold, and why."""

    seal: int
    why: str
    row: tuple[str, str, int] | None = None


def leaf_of(row: Any, salt: bytes | None, *, is_old: bool = False) -> bytes:
    """A row's leaf; personal values stand by their salted hashes, those that were erased by the hash that
    was left.

    `is_old`: as leaves were made before they also covered when the row was recorded.
    """
    kind = SYNC_KINDS.get(row.kind)
    personal = {name for name, field in kind.fields.items() if field.personal} if kind else set()
    changed = {name: _hidden(pair, salt) if name in personal else pair for name, pair in row.changed.items()}
    told = {
        "kind": row.kind,
        "id": row.id,
        "version": row.version,
        "op": row.op,
        "changed": changed,
        "actor_id": row.actor_id,
        "device_id": row.device_id,
        "mutation_id": row.mutation_id,
        "happened_at": moment_text(row.happened_at),
        "grade": row.grade,
    }
    if not is_old:
        told["recorded_at"] = moment_text(row.recorded_at)
    return hashlib.sha256(b"\x00" + canonical(told)).digest()


def is_leaf_of(row: Any, salt: bytes | None, leaf: bytes) -> bool:
    """Whether a row is the one that was sealed.

    A leaf was made in one of the two ways, and fits no row of the other.
    """
    return isinstance(row.changed, dict) and leaf in (leaf_of(row, salt), leaf_of(row, salt, is_old=True))


def _hidden(pair: Any, salt: bytes | None) -> Any:
    if isinstance(pair, dict):
        return pair
    return {"erased": hashlib.sha256((salt or b"") + canonical(pair)).hexdigest()}


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The Merkle root; an odd one out goes up as it is."""
    level = list(leaves)
    while len(level) > 1:
        pairs = itertools.zip_longest(level[::2], level[1::2])
        level = [hashlib.sha256(b"\x01" + a + b).digest() if b else a for a, b in pairs]
    return level[0] if level else _NOTHING


def _hash_of(number: int, sealed_at: datetime, rows: int, root: bytes, previous: bytes) -> bytes:
    told = [number, moment_text(sealed_at), rows, root.hex(), previous.hex()]
    return hashlib.sha256(canonical(told)).digest()


def seal_history(database: Database, keys: Keys | str, home: Path, *, everything: bool = False) -> int:
    """Seal what no seal covers; returns how many rows.

    One process at a time; `everything` also looks far back.
    """
    sealed, ring = 0, ring_of(keys)
    with database.alone("seal history") as is_alone:
        # Looked up once: the seals made below say nothing about how far back the rows lie that wait for the
        # next.
        since = _looks_from(database, everything)
        while is_alone:
            with database.transaction() as session:
                found = _seal_some(session, ring, since)
            if found is None:
                break
            _witness(home, found)
            sealed += found.rows
            if found.rows < MOST_ROWS:
                break
    return sealed


def _looks_from(database: Database, everything: bool) -> datetime:
    with database.snapshot() as session:
        last = session.scalar(select(func.max(Seal.sealed_at)))
    return last - LOOKS_BACK if last and not everything else datetime.min.replace(tzinfo=UTC)


def _seal_some(session: Session, ring: Sequence[Key], since: datetime) -> Seal | None:
    last = session.scalars(select(Seal).order_by(Seal.number.desc()).limit(1)).one_or_none()
    rows = unsealed_steps(session, since, MOST_ROWS)
    if not rows or not take_over(session, ring, last):
        return None
    number, previous = (last.number + 1, last.hash) if last else (1, _NOTHING)
    salts = [secrets.token_bytes(16) for _ in rows]
    leaves = [leaf_of(row, salt) for row, salt in zip(rows, salts, strict=True)]
    root, now = root_of(leaves), datetime.now(UTC)
    digest = _hash_of(number, now, len(rows), root, previous)
    seal = Seal(
        number=number,
        sealed_at=now,
        rows=len(rows),
        root=root,
        previous=previous,
        hash=digest,
        key_id=ring[-1].id,
        signature=signing_key(ring[-1]).sign(digest),
    )
    session.add(seal)
    session.execute(
        insert(SealedRow),
        [
            {
                "kind": row.kind,
                "id": row.id,
                "version": row.version,
                "seal_number": number,
                "place": place,
                "leaf": leaf,
                "salt": salt,
            }
            for place, (row, leaf, salt) in enumerate(zip(rows, leaves, salts, strict=True))
        ],
    )
    return seal


def _witness(home: Path, seal: Seal) -> None:
    path = home / WITNESS
    path.touch(mode=0o600)
    with path.open("ab") as file:
        file.write(orjson.dumps({"number": seal.number, "hash": seal.hash.hex()}) + b"\n")


def verify_history(
    session: Session, keys: Keys | str, witnesses: Iterable[Path] = ()
) -> Iterator[Broken | Seal]:
    """Walk the chain: each seal that holds, and the first thing that does not, which ends the walk."""
    seen = dict(itertools.chain.from_iterable(_witnessed(path) for path in witnesses))
    try:
        signers = Signers(session, keys)
    except KeyChanged as error:
        yield Broken(
            0, f"the sealing key was changed: {error.args[1]}", ("sealing_key", str(error.args[0]), 0)
        )
        return
    previous, last = _NOTHING, 0
    for seal in session.scalars(select(Seal).order_by(Seal.number)):
        broken = _fault(session, seal, last + 1, previous, seen.get(seal.number))
        if broken is None and (why := signers.fault(seal)):
            broken = Broken(seal.number, why)
        yield broken or seal
        if broken:
            return
        previous, last = seal.hash, seal.number
    if missing := [number for number in seen if number > last]:
        yield Broken(min(missing), "the seal is gone, and a witness has seen it")
    elif signers.last > last:
        yield Broken(last + 1, "the seal is gone, and the key that followed has seen it")


def _fault(session: Session, seal: Seal, number: int, previous: bytes, seen: bytes | None) -> Broken | None:
    if seal.number != number:
        return Broken(number, "the seal is gone")
    if seal.previous != previous:
        return Broken(number, "it does not follow the seal before")
    if seal.hash != _hash_of(seal.number, seal.sealed_at, seal.rows, seal.root, seal.previous):
        return Broken(number, "the seal itself was changed")
    if seen is not None and seen != seal.hash:
        return Broken(number, "a witness has seen another seal")
    leaves: list[bytes] = []
    for row in covered_steps(session, number):
        key = (row.sealed_kind, row.sealed_id, row.sealed_version)
        if row.kind is None:
            return Broken(number, "the row is gone", key)
        if not is_leaf_of(row, row.salt, row.leaf):
            return Broken(number, "the row was changed", key)
        if row.place != len(leaves):
            return Broken(number, "its rows are not those that were sealed")
        leaves.append(row.leaf)
    return None if root_of(leaves) == seal.root else Broken(number, "its rows are not those that were sealed")


def _witnessed(path: Path) -> Iterator[tuple[int, bytes]]:
    if path.exists():
        for line in path.read_bytes().splitlines():
            told = orjson.loads(line)
            yield int(told["number"]), bytes.fromhex(told["hash"])


def erase_values(session: Session, kind: str, record_id: str) -> None:
    """Empty a record's personal fields; one that must not be empty says that it was erased."""
    stored, fields = record_writer.read(session, kind, record_id, lock=True), KINDS[kind].wired
    now = {
        name: ERASED if fields[name].field.required else None
        for name in KINDS[kind].personal
        if stored.values.get(name) is not None
    }
    record_writer.change(session, system(stored.values["unit_id"]), kind, record_id, now)


def erase_from_history(session: Session, kind: str, record_id: str) -> int:
    """Take a record's personal values out of sealed history, leaving their hashes; returns how many rows
    were touched."""
    personal = [name for name, field in SYNC_KINDS[kind].fields.items() if field.personal]
    rows = salted_steps(session, kind, record_id)
    for version, changed, salt in rows:
        kept = changed | {name: _hidden(changed[name], salt) for name in personal if name in changed}
        replace_step(session, kind, record_id, version, canonical(kept).decode())
        forget_salt(session, kind, record_id, version)
    _erase_waiting(session, kind, record_id, personal)
    return len(rows)


def _erase_waiting(session: Session, kind: str, record_id: str, personal: list[str]) -> None:
    """The same values in work that waits or waited for a person, and in disputes about them."""
    for mutation_id, verbatim in waiting_of(session, kind, record_id):
        replace_waiting(session, mutation_id, _without(verbatim, personal))
    delete_disputes(session, kind, record_id, personal)


def _without(verbatim: bytes, personal: list[str]) -> bytes:
    """A mutation's bytes without personal values; nothing of bytes that cannot be read."""
    try:
        content = orjson.loads(verbatim)
        content["now"] = {name: value for name, value in content["now"].items() if name not in personal}
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return b"{}"
    return orjson.dumps(content)
