"""The identity of the server's history: a restore from a backup opens a new epoch."""

from __future__ import annotations

from sqlalchemy import Connection, text


def current(connection: Connection) -> int:
    """The epoch's number; 1 in a new database."""
    found = connection.execute(text("SELECT max(number) FROM sync_epoch")).scalar()
    return int(found or 1)


def open_new(connection: Connection, reason: str) -> int:
    """Begin a new epoch: cursors of the old one are refused, versions go on above it, entries count as old as can be.

    A restored database carries transaction ids of another life; 3 is the lowest that PostgreSQL gives out.
    """
    number = current(connection) + 1
    connection.execute(text("INSERT INTO sync_epoch (number, reason) VALUES (:n, :r)"), {"n": number, "r": reason})
    connection.execute(text("UPDATE sync_entry SET xid = '3'"))
    return number
