"""Makes and drops a throwaway database beside the real one, and counts what a restored one holds."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session


class Held(NamedTuple):
    """What a database holds: records, lines of history, and when the last of them was written."""

    records: int
    history: int
    newest_at: datetime | None


def make_database(connection: Connection, name: str) -> None:
    """A database like the server's own template: an administrator may have put PostGIS there. Not in a
    transaction."""
    connection.execute(text(f'CREATE DATABASE "{name}"'))


def drop_database(connection: Connection, name: str) -> None:
    """Take it away, whoever is connected. Not in a transaction."""
    connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def held(session: Session) -> Held:
    """Count it."""
    asked = """
        SELECT (SELECT count(*) FROM sync_document),
            (SELECT count(*) FROM sync_history),
            (SELECT max(recorded_at) FROM sync_history)
    """
    return Held(*session.execute(text(asked)).one())


def stored_hashes(session: Session) -> list[str]:
    """Hashes of the files that had come in for good."""
    asked = """
        SELECT DISTINCT sha256
        FROM upload
        WHERE finished_at IS NOT NULL
        AND sha256 IS NOT NULL
        ORDER BY sha256
    """
    return list(session.execute(text(asked)).scalars())
