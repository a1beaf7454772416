"""Reads the installation's row: at most every two seconds in a process, or to change it."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.orm import Session

from backend.core.db import Database
from backend.core.installation import Installation, hold, installation_of, installed

# How long a change made in another process may go unseen.
FRESH_S = 2.0
_READ = text("SELECT settings, version FROM installation WHERE id = 1")
_READ_LOCKED = text("SELECT settings, version FROM installation WHERE id = 1 FOR UPDATE")
_AT_WORK = text("SELECT EXISTS (SELECT FROM sync_document WHERE kind = ANY(:kinds))")
_POSTS_HELD = text(
    """
        SELECT post, count(*)
        FROM staff
        WHERE deleted_at IS NULL
        AND post <> ALL(:posts)
        GROUP BY post
        ORDER BY post
    """
)


class _Seen:
    """Of which database this process read last, and when (monotonic seconds)."""

    engine: Engine | None = None
    at_s = 0.0


def refresh(database: Database, fresh_s: float = FRESH_S) -> Installation:
    """What is installed by this database, read anew where the last look is older than `fresh_s`."""
    now_s = time.monotonic()
    if _Seen.engine is not database.engine or now_s - _Seen.at_s >= fresh_s:
        with database.glance() as connection:
            hold(read_installation(connection))
        _Seen.engine, _Seen.at_s = database.engine, now_s
    return installed()


def refresh_as_it_stands(database: Database) -> Installation:
    """The same, also of a database of a release from before there was such a row, which goes as usual."""
    with database.glance() as connection:
        has_row = connection.execute(select(func.to_regclass("installation"))).scalar() is not None
    return refresh(database, 0) if has_row else installed()


def read_installation(connection: Connection) -> Installation:
    """The row as it stands."""
    return _read(connection.execute(_READ).one())


def lock_installation(session: Session) -> Installation:
    """The row as it stands, nobody else's to change until the transaction ends."""
    return _read(session.execute(_READ_LOCKED).one())


def _read(row: Any) -> Installation:
    return installation_of(row[0], row[1])


def has_any(session: Session, kinds: list[str]) -> bool:
    """Whether there is, or ever was, a record of one of these kinds."""
    return bool(session.execute(_AT_WORK, {"kinds": kinds}).scalar())


def posts_held_beside(session: Session, posts: list[str]) -> dict[str, int]:
    """Posts that people hold and that are none of these -> how many do."""
    return {row[0]: row[1] for row in session.execute(_POSTS_HELD, {"posts": posts})}
