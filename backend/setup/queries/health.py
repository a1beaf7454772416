"""What a database tells of itself: version, extension, rights, clock, schema, limits, backups."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.queries.units import has_table


class Server(NamedTuple):
    """The database server: its version as 150006, its encoding, and how many connections it takes."""

    version: int
    encoding: str
    most_connections: int


class Extension(NamedTuple):
    """PostGIS: the version that is installed here, and the one that could be."""

    installed: str | None
    available: str | None


class Drill(NamedTuple):
    """When a backup was last tried, and what came of it as it was noted."""

    at: datetime
    found: dict[str, Any]

    @property
    def is_good(self) -> bool:
        """Whether it could be brought back; a release of before noted only where it could."""
        return bool(self.found.get("good", True))


class Rights(NamedTuple):
    """Who we are to the database, and what we may not do there."""

    role: str
    may_create: bool
    foreign_tables: int


def server(session: Session) -> Server:
    """Version, encoding and limits of the server."""
    asked = """
        SELECT current_setting('server_version_num')::int,
            current_setting('server_encoding'),
            current_setting('max_connections')::int
    """
    return Server(*session.execute(text(asked)).one())


def postgis(session: Session) -> Extension:
    """PostGIS, as far as this database has it."""
    asked = """
        SELECT (SELECT extversion FROM pg_extension WHERE extname = 'postgis'),
            (SELECT default_version FROM pg_available_extensions WHERE name = 'postgis')
    """
    return Extension(*session.execute(text(asked)).one())


def rights(session: Session) -> Rights:
    """Whether tables can be made, and how many there are that another role owns."""
    asked = """
        SELECT current_user::text,
            has_schema_privilege(current_schema(), 'CREATE'),
            (SELECT count(*)
             FROM pg_tables t
             WHERE t.schemaname = current_schema()
             AND t.tablename <> 'spatial_ref_sys'
             AND NOT pg_has_role(current_user, t.tableowner, 'MEMBER'))
    """
    return Rights(*session.execute(text(asked)).one())


def schema(session: Session) -> str | None:
    """The migration at which the schema stands; None where none ever ran."""
    if not has_table(session, "alembic_version"):
        return None
    asked = """
        SELECT max(version_num)
        FROM alembic_version
    """
    return session.execute(text(asked)).scalar()


def clock(session: Session) -> datetime:
    """What time it is by the database's clock."""
    asked = """
        SELECT clock_timestamp()
    """
    now: datetime = session.execute(text(asked)).scalar_one()
    return now


def last_act(session: Session, act: str) -> datetime | None:
    """When an administrative act (`backup_made`, `backup_drilled`) was last noted."""
    if not has_table(session, "administrative_act"):
        return None
    asked = """
        SELECT max(acted_at)
        FROM administrative_act
        WHERE act = :act
        AND deleted_at IS NULL
    """
    return session.execute(text(asked), {"act": act}).scalar()


def last_drill(session: Session) -> Drill | None:
    """How a backup that was last tried stood it."""
    if not has_table(session, "administrative_act"):
        return None
    asked = """
        SELECT acted_at, coalesce(after, '{}')
        FROM administrative_act
        WHERE act = 'backup_drilled'
        AND deleted_at IS NULL
        ORDER BY acted_at DESC
        LIMIT 1
    """
    row = session.execute(text(asked)).one_or_none()
    return Drill(*row) if row else None
