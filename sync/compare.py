"""Comparing a phone's store with the server by digests of key ranges.

A damaged store is mended, not wiped.

A range whose digest differs is cut in sixteen until it is small, then sent whole as a
repair. Each answer carries a cursor of its own snapshot: the phone keeps that of the
first, so that what changes meanwhile comes by pull.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import orjson

from sync.answer import lines_json
from sync.change import Key
from sync.cursor import Cursor, ScopeProgress
from sync.pull import RANKS
from sync.store import Digest, Line, PullStore, Span

PIECES = 16
MOST_SENT = 64


@dataclass(frozen=True, slots=True)
class Claim:
    """What a phone says of one range of its store."""

    span: Span
    digest: Digest


@dataclass(slots=True)
class Comparison:
    """The ranges to ask about next, those sent whole, and a cursor that is right once all ranges agree."""

    cursor: Cursor
    ask: list[Span] = field(default_factory=list)
    repairs: list[tuple[Span, list[Line]]] = field(default_factory=list)

    def ask_json(self) -> list[dict[str, Any]]:
        """The ranges to ask about next, as they go over the wire."""
        return [{"after": span.after, "upto": span.upto} for span in self.ask]

    def repairs_json(self) -> str:
        """The repaired ranges: each replaces everything the phone has in it."""
        texts = []
        for span, lines in self.repairs:
            head = orjson.dumps({"after": span.after, "upto": span.upto}).decode()
            texts.append(f'{head[:-1]},"lines":{lines_json(lines)}}}')
        return f"[{','.join(texts)}]"


def lie_apart(spans: Iterable[Span]) -> bool:
    """Whether no key lies in two of them.

    A store asked about once is read once, however often it is named.
    """
    first: Key = ("", "")
    filled = [span for span in spans if span.upto is None or span.upto > (span.after or first)]
    filled.sort(key=lambda span: span.after or first)
    return all(one.upto is not None and one.upto <= (next_.after or first) for one, next_ in pairwise(filled))


def compare(store: PullStore, epoch: int, scopes: Sequence[str], claims: Sequence[Claim]) -> Comparison:
    """Compare a phone's claims with what its user may see now.

    The server's side is computed from its own rows alone: nothing a phone claims is taken over.
    """
    target, _ = store.look([])
    highest_xid = store.highest_xid(scopes)
    since = target.clamped(highest_xid)
    parts = {
        (scope, rank): ScopeProgress(scope, rank, since, position=None) for scope in scopes for rank in RANKS
    }
    found = Comparison(Cursor(epoch, highest_xid, parts))
    for claim in claims:
        ours = store.digest(claim.span, scopes)
        if ours == claim.digest:
            continue
        if ours.count <= MOST_SENT:
            found.repairs.append((claim.span, store.lines(claim.span, scopes)))
        else:
            found.ask += _cut(claim.span, store.borders(claim.span, scopes, PIECES))
    return found


def _cut(span: Span, borders: list[Key]) -> list[Span]:
    """The span in pieces.

    The last reaches to the span's own end, where the phone may hold keys that we do not.
    """
    starts = [span.after, *borders[:-1]]
    ends = [*borders[:-1], span.upto]
    return [Span(after, upto) for after, upto in zip(starts, ends, strict=True)]
