"""Writes the rows that customers are found by: they are no records, but are made from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from sync.postgres.rows import rows_of


class Entry(NamedTuple):
    """What a customer, or a service point of theirs, is found by."""

    kind: str
    id: str
    customer_id: str
    numbers: str
    words: str


def keep_entries(connection: Connection, entries: Sequence[Entry]) -> None:
    """These entries, in the place of those that the same records had."""
    kinds, ids, customers, numbers, words = map(list, zip(*entries, strict=True))
    given = {"kinds": kinds, "ids": ids, "customers": customers, "numbers": numbers, "words": words}
    rows_of(connection, _KEEP, given)


def forget_entries(connection: Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Take away the entries of these records (kind, id)."""
    rows_of(connection, _FORGET, {"kinds": [key[0] for key in keys], "ids": [key[1] for key in keys]})


_KEEP = """
    INSERT INTO search_entry (kind, id, customer_id, numbers, words)
    SELECT *
    FROM unnest(
        %(kinds)b::text[], %(ids)b::text[]::uuid[], %(customers)b::text[]::uuid[], %(numbers)b::text[],
        %(words)b::text[]
    )
    ON CONFLICT (kind, id) DO UPDATE
    SET customer_id = excluded.customer_id, numbers = excluded.numbers, words = excluded.words
    RETURNING 1
"""
_FORGET = """
    DELETE FROM search_entry
    WHERE (kind, id) IN (
        SELECT *
        FROM unnest(%(kinds)b::text[], %(ids)b::text[]::uuid[])
    )
    RETURNING 1
"""
