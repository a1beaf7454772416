"""Records when each mutation of a push was first received.

By whom and from which device, and how its time was judged then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sync.change import Author, Mutation
from sync.honest_time import Exchange, Receipt, judge
from sync.store import Held


@dataclass(frozen=True, slots=True)
class Clocks:
    """The phone's and the server's clocks at this exchange, and earlier exchanges by boot."""

    sent_at: datetime
    received_at: datetime
    exchanges: dict[str, Exchange]


class Receipts:
    """The receipts of one push: of its own mutations by its clocks, of held work by what was judged at first.

    It knows nothing of the push: an object that knew each other's would be freed by the
    collector alone, long after.
    """

    def __init__(self, author: Author, clocks: Clocks) -> None:
        self._author, self._clocks = author, clocks
        self._held: dict[str, Held] = {}
        self._judged: dict[str, Receipt] = {}

    def add_held(self, held: Sequence[Held]) -> None:
        """Work that came before this push, with its own device and receipt."""
        self._held |= {one.mutation.id: one for one in held}
        for one in held:
            self._judged.pop(one.mutation.id, None)

    def is_held(self, mutation: Mutation) -> bool:
        """Whether it came before this push."""
        return mutation.id in self._held

    def of(self, mutation: Mutation) -> Receipt:
        """Of held work its first: another device's clocks say nothing of it."""
        found = self._judged.get(mutation.id)
        if found is None:
            held = self._held.get(mutation.id)
            found = self._judged[mutation.id] = (held.receipt if held else None) or self._now(mutation, held)
        return found

    def author_of(self, mutation: Mutation) -> Author:
        """The author, with the device that it came from."""
        held = self._held.get(mutation.id)
        return replace(self._author, device_id=held.author.device_id) if held else self._author

    def _now(self, mutation: Mutation, held: Held | None) -> Receipt:
        clocks = self._clocks
        judged = judge(
            mutation.happened_at,
            boot=mutation.boot,
            monotonic_ms=mutation.monotonic_ms,
            sent_at=clocks.sent_at,
            received_at=clocks.received_at,
            exchanges={} if held else clocks.exchanges,
        )
        return Receipt(clocks.received_at, judged)
