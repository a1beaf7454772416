"""What a database is before a backup is brought back into it, and how what it holds of ours is cleared."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.queries.units import has_table


class Target(NamedTuple):
    """A database that something may be brought back into.

    `owner` is the database's; `extensions` are there, `may_make` could be made by us; `tables` are those of
    the schema that belong to no extension.
    """

    version: int
    role: str
    is_superuser: bool
    owner: str
    extensions: frozenset[str]
    may_make: frozenset[str]
    tables: frozenset[str]


class Identified(NamedTuple):
    """Which installation a database is of, and what it is called; None before it was known by anything."""

    identity: UUID | None
    name_zh: str
    name_en: str


def target(session: Session) -> Target:
    """Look at a database before anything is written."""
    asked = """
        SELECT current_setting('server_version_num')::int,
            current_user::text,
            (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
            (SELECT pg_get_userbyid(datdba)::text FROM pg_database WHERE datname = current_database()),
            has_database_privilege(current_database(), 'CREATE')
    """
    version, role, is_superuser, owner, may_create = session.execute(text(asked)).one()
    known = _extensions(session)
    here = frozenset(name for name, is_here, _ in known if is_here)
    makes = frozenset(name for name, _, trusted in known if is_superuser or (trusted and may_create))
    return Target(version, role, is_superuser, owner, here, makes, _tables(session))


def _extensions(session: Session) -> list[tuple[str, bool, bool]]:
    """Extensions by name, whether each is installed here, and whether anybody may do that."""
    asked = """
        SELECT e.name, bool_or(e.installed), bool_or(e.trusted)
        FROM pg_available_extension_versions e
        GROUP BY e.name
    """
    return [(row[0], row[1], row[2]) for row in session.execute(text(asked))]


def _tables(session: Session) -> frozenset[str]:
    asked = """
        SELECT c.relname
        FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND NOT EXISTS (
            SELECT FROM pg_depend d
            WHERE d.classid = 'pg_class'::regclass
            AND d.objid = c.oid
            AND d.deptype = 'e'
        )
    """
    return frozenset(session.execute(text(asked)).scalars())


def has_role(session: Session, name: str) -> bool:
    """Whether we may act as a role."""
    asked = """
        SELECT count(*)
        FROM pg_roles
        WHERE rolname = :name
        AND pg_has_role(oid, 'MEMBER')
    """
    return bool(session.execute(text(asked), {"name": name}).scalar_one())


def identified(session: Session) -> Identified:
    """Which installation this is."""
    if not has_table(session, "installation"):
        return Identified(None, "", "")
    # By its JSON: a database of an older release has no such column.
    asked = """
        SELECT (to_jsonb(i) ->> 'identity')::uuid, i.settings ->> 'name_zh', i.settings ->> 'name_en'
        FROM installation i
    """
    row = session.execute(text(asked)).one_or_none()
    return Identified(*row) if row else Identified(None, "", "")


def holds_records(session: Session) -> bool:
    """Whether it is in use: a new schema alone is as good as empty."""
    if not has_table(session, "sync_document"):
        return False
    asked = """
        SELECT EXISTS (SELECT FROM sync_document)
    """
    return bool(session.execute(text(asked)).scalar_one())


def seen_through(session: Session) -> datetime:
    """The moment from which on a snapshot that is taken next may lack something, by the database's clock.

    What began before and has not ended is not in it, and may be acknowledged by a moment of its beginning.
    """
    asked = """
        SELECT least(now(), min(xact_start))
        FROM pg_stat_activity
        WHERE datname = current_database()
        AND pid <> pg_backend_pid()
    """
    found: datetime = session.execute(text(asked)).scalar_one()
    return found


def export_snapshot(session: Session) -> str:
    """A name by which pg_dump sees what this transaction sees, however long it takes."""
    session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    return str(session.execute(text("SELECT pg_export_snapshot()")).scalar_one())


def size_bytes(session: Session) -> int:
    """How much room the database takes."""
    asked = """
        SELECT pg_database_size(current_database())
    """
    return int(session.execute(text(asked)).scalar_one())


def make_extension(name: str) -> str:
    """The statement for it."""
    return f"CREATE EXTENSION IF NOT EXISTS {_quoted(name)} WITH SCHEMA public;"


def become(role: str) -> str:
    """The statement by which what follows belongs to a role."""
    return f"SET ROLE {_quoted(role)};"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# What is ours is what belongs to no extension: a newer schema's tables too, which an older backup does not
# name.
CLEAR = """
    SET client_min_messages = warning;
    DO $clear$
    DECLARE
        said text;
    BEGIN
        FOR said IN
            SELECT format('DROP %s IF EXISTS public.%I CASCADE', CASE c.relkind
                WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, c.relname)
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace
            AND c.relkind IN ('r', 'p', 'v', 'm')
            AND NOT EXISTS (SELECT FROM pg_depend d
                WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        LOOP
            EXECUTE said;
        END LOOP;
        FOR said IN
            SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', p.oid::regprocedure)
            FROM pg_proc p
            WHERE p.pronamespace = 'public'::regnamespace
            AND p.proname LIKE 'wangge\\_%'
        LOOP
            EXECUTE said;
        END LOOP;
    END $clear$;
"""
