"""Pages and comparisons for readers of masked records: masked bodies, and digests of what was given out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from backend.core.actor import Actor
from backend.core.kinds.registry import KINDS_BY_RANK
from backend.core.queries.masks import masked_body, sees_all
from sync.postgres.pull import PostgresPull
from sync.store import Digest, Line, Span


class MaskedPull(PostgresPull):
    """A pull whose bodies are masked.

    Auditors are few: their digests may cost what reading the rows costs.
    """

    def digest(self, span: Span, held: Collection[str]) -> Digest:
        """Count and XOR over the bodies as they were given out."""
        xor, lines = 0, self.lines(span, held)
        for line in lines:
            body = hashlib.sha256((line.body or "").encode()).hexdigest()
            within = " ".join(sorted(line.scopes))
            text = f"{line.kind} {line.id} {line.version} {body} {within}"
            xor ^= int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
        return Digest(len(lines), f"{xor:032x}")

    def _read(self, statement: str, parameters: dict[str, Any], held: Collection[str]) -> list[Line]:
        return [
            line._replace(body=masked_body(line.kind, line.body)) if line.body else line
            for line in super()._read(statement, parameters, held)
        ]


def pull_store(connection: Connection, actor: Actor) -> PostgresPull:
    """Where an actor's pages and comparisons are read from."""
    return (PostgresPull if sees_all(actor) else MaskedPull)(connection, KINDS_BY_RANK)
