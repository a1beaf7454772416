"""The identity of the server's history: a restore from a backup, however it was made, opens a new epoch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Identity:
    """What a history is known by, and how far it has come.

    Another cluster, timeline or table is another history.

    `xid` is the looking transaction's own: once that has committed, no later one can have
    it in the same history.
    """

    system_identifier: int
    timeline: int
    database_oid: int
    table_oid: int
    xid: int

    @property
    def names(self) -> tuple[int, int, int, int]:
        """Everything but how far it has come."""
        return (self.system_identifier, self.timeline, self.database_oid, self.table_oid)


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch as the database remembers it; no names before it was first looked at."""

    number: int
    names: tuple[int, int, int, int] | None


def current(connection: Connection) -> int:
    """The epoch's number; 1 in a new database."""
    found = connection.execute(text("SELECT max(number) FROM sync_epoch")).scalar()
    return int(found or 1)


def hold(connection: Connection) -> None:
    """Let nobody else look at the epoch or open one until the transaction ends."""
    connection.execute(text("LOCK TABLE sync_epoch IN SHARE ROW EXCLUSIVE MODE"))


def remembered(connection: Connection) -> Epoch:
    """The epoch with the names it was opened under."""
    row = connection.execute(_REMEMBERED).one_or_none()
    if row is None:
        return Epoch(1, None)
    return Epoch(row[0], None if row[1] is None else (row[1], row[2], row[3], row[4]))


def identity(connection: Connection) -> Identity:
    """What this database is known by now."""
    return Identity(*connection.execute(_IDENTITY).one())


def remember(connection: Connection, found: Identity) -> None:
    """Write down what the epoch is known by; done when a database is looked at for the first time."""
    connection.execute(_REMEMBER, {"number": current(connection), "reason": "began"} | _columns(found))


def open_new(connection: Connection, reason: str) -> int:
    """Begin a new epoch.

    Cursors of the old one are refused, versions go on above it, entries count as old as can be.

    A restored database carries transaction ids of another life; 3 is the lowest that
    PostgreSQL gives out. What the new epoch still holds of the old one is what its last
    backup holds: phones send again what came later.
    """
    connection.execute(text("LOCK TABLE sync_entry, sync_epoch IN EXCLUSIVE MODE"))
    number = current(connection) + 1
    connection.execute(_REMEMBER, {"number": number, "reason": reason} | _columns(identity(connection)))
    connection.execute(text("UPDATE sync_entry SET xid = '3'"))
    return number


def note_backup(connection: Connection, began_at: datetime) -> None:
    """A backup begins: everything acknowledged before this moment will be in it."""
    connection.execute(
        text("INSERT INTO sync_backup (began_at) VALUES (:at) ON CONFLICT DO NOTHING"), {"at": began_at}
    )


def is_noted(connection: Connection, began_at: datetime) -> bool:
    """Whether a backup that began then, or later, is noted."""
    found = text("SELECT count(*) FROM sync_backup WHERE began_at >= :at")
    return bool(connection.execute(found, {"at": began_at}).scalar_one())


def _columns(found: Identity) -> dict[str, int]:
    return dict(zip(("system", "timeline", "database", "table"), found.names, strict=True))


_IDENTITY = text("""
    SELECT s.system_identifier, c.timeline_id,
        (SELECT oid::bigint FROM pg_database WHERE datname = current_database()),
        'sync_epoch'::regclass::oid::bigint, pg_current_xact_id()::text::bigint
    FROM pg_control_system() s, pg_control_checkpoint() c
""")
_REMEMBERED = text("""
    SELECT number, system_identifier, timeline, database_oid, table_oid
    FROM sync_epoch
    ORDER BY number DESC
    LIMIT 1
""")
_REMEMBER = text("""
    INSERT INTO sync_epoch (
        number, reason, system_identifier, timeline, database_oid, table_oid, holds_through
    )
    VALUES (
        :number, :reason, :system, :timeline, :database, :table, (SELECT max(began_at) FROM sync_backup)
    )
    ON CONFLICT (number) DO UPDATE SET system_identifier = excluded.system_identifier,
        timeline = excluded.timeline, database_oid = excluded.database_oid,
        table_oid = excluded.table_oid
""")
