"""Maintains the customers' search index in the transaction that writes customers and service points."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from backend.core.comparing.finding import FIELDS, kept_of
from sync.change import Write
from sync.postgres.rows import rows_of

_KEEP = """
    INSERT INTO search_entry (kind, id, customer_id, numbers, words)
    SELECT *
    FROM unnest(%(kinds)b::text[],
        %(ids)b::text[]::uuid[],
        %(customers)b::text[]::uuid[],
        %(numbers)b::text[],
        %(words)b::text[])
    ON CONFLICT (kind, id) DO UPDATE SET customer_id = excluded.customer_id,
        numbers = excluded.numbers,
        words = excluded.words
    RETURNING 1
"""
_FORGET = """
    DELETE FROM search_entry
    WHERE (kind, id) IN (SELECT * FROM unnest(%(kinds)b::text[], %(ids)b::text[]::uuid[]))
    RETURNING 1
"""


def keep_found(connection: Connection, writes: Sequence[Write]) -> None:
    """Called by the record writer after each batch: what is deleted is found no more."""
    concerned = [one for one in writes if one.kind.name in FIELDS and _is_concerned(one)]
    gone = [one for one in concerned if one.deleted]
    if gone:
        rows_of(
            connection, _FORGET, {"kinds": [one.kind.name for one in gone], "ids": [one.id for one in gone]}
        )
    there = [one for one in concerned if not one.deleted]
    if there:
        kept = [kept_of(one.kind.name, one.values) for one in there]
        columns = {
            "kinds": [one.kind.name for one in there],
            "ids": [one.id for one in there],
            "customers": [one.values.get("customer_id") or one.id for one in there],
            "numbers": [one.numbers for one in kept],
            "words": [one.words for one in kept],
        }
        rows_of(connection, _KEEP, columns)


def _is_concerned(write: Write) -> bool:
    if write.before is None or write.deleted or write.before.deleted:
        return True
    return not FIELDS[write.kind.name].isdisjoint(write.changed)
