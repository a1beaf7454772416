"""A phone that reaches no network any more: its unsent work comes as a file, and waits for a person like
all parked work."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from backend.core.actor import DESK, Actor, Role
from backend.core.blobs.store import BlobStore
from backend.core.errors import Problem
from backend.core.kinds.account import Account
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries import policy
from backend.core.sentences import fault
from backend.core.services.record_writer import push_store
from backend.evidence.services.arrived_photos import keep_whole
from backend.phones.queries.rights import StaffRights
from sync.push import Push
from sync.receipts import Clocks
from sync.wire import Unreadable, mutation_from


def hand_in_file(
    session: Session,
    actor: Actor,
    blobs: BlobStore,
    author_id: str,
    mutations: Sequence[Any],
    photos: Mapping[str, bytes],
) -> dict[str, int]:
    """Park somebody's exported work under their own name; what the phone itself hands in later gets the
    same answers.

    `photos` are bytes by photo id, taken one after the other. Nothing is applied before a person has looked:
    a file can be forged.
    """
    policy.need_role(actor, DESK)
    account = session.get(Account, UUID(author_id))
    if account is None:
        raise Problem("not_found", kind="account", id=author_id)
    policy.need_unit(session, actor, account.unit_id, "account", author_id)
    author = Actor(author_id, str(account.unit_id), frozenset(Role(role) for role in account.roles), None)
    now = datetime.now(UTC)
    push = Push(
        push_store(session),
        SYNC_KINDS,
        author.as_author(),
        StaffRights(session, author),
        Clocks(now, now, {}),
        "from_file",
    )
    outcomes = push.run([_read(one) for one in mutations])
    for photo_id, data in photos.items():
        if data:
            keep_whole(session, blobs, author, hashlib.sha256(data).hexdigest(), data, _id_of(photo_id))
    parked = sum(1 for one in outcomes if one.code in ("from_file", "predecessor_parked"))
    return {"mutations": len(outcomes), "parked": parked, "photos": len(photos)}


def _read(one: Any) -> Any:
    try:
        return mutation_from(orjson.dumps(one, option=orjson.OPT_SORT_KEYS))
    except Unreadable as error:
        raise Problem(
            "invalid", faults=[fault("mutations", "phones.file_unreadable", why=error.why)]
        ) from error


def _id_of(text: str) -> str | None:
    """A photo's id; bytes under a name that is none are its author's all the same."""
    try:
        return str(UUID(text))
    except ValueError:
        return None
