"""Pushes unsent work, oldest first, in batches.

A piece that the server does not take stops none of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mobile_api_spec.phone.link import Refused
from mobile_api_spec.phone.store import Store, Values

BATCH = 500
# About what was sent, not about who sends: without the piece that is at fault the rest would be taken.
_ABOUT_CONTENT = {"too_large", "bad_json", "invalid"}
# So many pieces refused alone, with no answer between them, by a server that fails: it is not them.
_FAILS = 3


def push_all(
    store: Store,
    send: Callable[..., Any],
    envelope: Callable[[list[Values]], bytes],
    keep: Callable[[list[Values], str], None],
) -> None:
    """Send what waits; a batch refused whole, or answered for none, is halved.

    A piece that is refused alone stays in the queue with what was said, and goes behind the
    others at the next push.
    """
    most, silent, fails = BATCH, set[str](), 0
    refused_before = list(store.meta("refused", {}))
    headers = {"Content-Type": "application/json"}
    while batch := _next(store, refused_before, silent)[:most]:
        try:
            answer = send("POST", "/sync/push", content=envelope(batch), headers=headers).json()
        except Refused as refused:
            if refused.code not in _ABOUT_CONTENT and refused.status != 500:
                raise
            fails += len(batch) == 1 and refused.status == 500
            if fails >= _FAILS:
                # The last of them comes first the next time.
                raise
            most = len(batch) // 2
            if most:
                continue
            silent.add(batch[0]["id"])
            _note_refused(store, batch[0]["id"], refused.problem)
            most = BATCH
            continue
        fails = 0
        keep(answer["outcomes"], answer["server_time"])
        if {one["id"] for one in batch}.isdisjoint(one["id"] for one in answer["outcomes"]):
            # The same again would come to the same: what stands alone and got no word waits for the
            # next sync.
            silent |= {one["id"] for one in batch if len(batch) == 1}
            most = max(len(batch) // 2, 1)


def _next(store: Store, refused_before: list[str], silent: set[str]) -> list[Values]:
    """What goes now: the others first, then what was refused before, by turns.

    One record's work keeps its order.

    A held mutation is the server's to end; it is asked about again only by a new push of other work.
    """
    asked = silent.union(store.meta("held", []))
    first: list[Values] = []
    behind: dict[tuple[str, str], list[Values]] = {}
    for one in store.waiting(-1):
        record = (one["kind"], one["record"])
        if one["id"] in refused_before:
            behind.setdefault(record, [])
        behind.get(record, first).append(one)
    by_turns = sorted(behind.values(), key=lambda work: refused_before.index(work[0]["id"]))
    last = [one for work in by_turns for one in work]
    now, later = ([one for one in some if one["id"] not in asked] for some in (first, last))
    return now or later


def _note_refused(store: Store, mutation_id: str, problem: Values) -> None:
    """The newest at the end.

    It comes last the next time, so that the same few do not keep back the others for ever.
    """
    waiting = {one["id"] for one in store.waiting(-1)} - {mutation_id}
    said = {one: told for one, told in store.meta("refused", {}).items() if one in waiting}
    with store.transaction():
        store.set_meta(refused=said | {mutation_id: problem})
