"""Parks work that a push cannot parse.

Kept byte for byte for a person, each by itself, and answered like all other work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid5

from sync.change import Author, Mutation, Outcome, Status
from sync.store import PushStore, Waiting
from sync.wire import MOST_DEPTH, Unreadable, depth_of, mutation_from, unreadable


def read_one(raw: bytes, device_id: str, boot: str | None) -> Mutation | Unreadable:
    """One mutation of a batch, or what stands for it where it cannot be read; never raises."""
    if depth_of(raw) > MOST_DEPTH:
        return unreadable(raw, device_id, f"nested deeper than {MOST_DEPTH}")
    try:
        return mutation_from(raw, device_id, boot)
    except Unreadable as error:
        return error


def park_unreadable(store: PushStore, author: Author, items: Sequence[Unreadable]) -> dict[bytes, Outcome]:
    """Kept byte for byte, by content; sent again it gets the same answer.

    An id that is taken loses nothing either.
    """
    known = store.answered([one.mutation.id for one in items]) if items else {}
    outcomes: dict[bytes, Outcome] = {}
    fresh: dict[str, tuple[Mutation, Outcome]] = {}
    for one in items:
        kept = one.mutation
        found = known.get(kept.id)
        if kept.sha256 in outcomes:
            continue
        if found and found.author_id == author.id and found.sha256 == kept.sha256:
            outcomes[kept.sha256] = found.outcome
            continue
        detail = {"why": one.why}
        if found or kept.id in fresh:
            kept = replace(kept, id=str(uuid5(UUID(kept.id), kept.sha256.hex())))
            detail["kept_as"] = kept.id
        outcomes[kept.sha256] = Outcome(one.mutation.id, Status.PARKED, code="unreadable", detail=detail)
        fresh[kept.id] = (kept, outcomes[kept.sha256])
    taken = store.answer(author, list(fresh.values())) if fresh else set()
    store.keep(author, [Waiting(m, outcome, m.id) for m, outcome in fresh.values() if m.id in taken])
    return outcomes
