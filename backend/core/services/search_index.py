"""Keeps what customers are found by, in the very transaction that writes customers and service points."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from backend.core.comparing.finding import FIELDS, kept_of
from backend.core.queries.search_entries import Entry, forget_entries, keep_entries
from sync.change import Write


def keep_found(connection: Connection, writes: Sequence[Write]) -> None:
    """Called by the record writer after each batch: what is deleted is found no more."""
    concerned = [one for one in writes if one.kind.name in FIELDS and _is_concerned(one)]
    gone = [one for one in concerned if one.deleted]
    if gone:
        forget_entries(connection, [(one.kind.name, one.id) for one in gone])
    there = [one for one in concerned if not one.deleted]
    if there:
        keep_entries(connection, [_entry(one) for one in there])


def _entry(one: Write) -> Entry:
    kept = kept_of(one.kind.name, one.values)
    return Entry(one.kind.name, one.id, one.values.get("customer_id") or one.id, kept.numbers, kept.words)


def _is_concerned(write: Write) -> bool:
    if write.before is None or write.deleted or write.before.deleted:
        return True
    return not FIELDS[write.kind.name].isdisjoint(write.changed)
