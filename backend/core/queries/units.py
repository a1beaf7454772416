"""Units: the topmost one, one by its name, and whether there are any tables to look in."""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session


def has_table(session: Session, name: str) -> bool:
    """Whether the database has such a table already."""
    return session.execute(select(func.to_regclass(name))).scalar() is not None


def topmost_unit(session: Session) -> str | None:
    """The unit above all others."""
    asked = """
        SELECT id::text
        FROM unit
        WHERE deleted_at IS NULL
        AND parent_id IS NULL
        ORDER BY created_at, id
        LIMIT 1
    """
    return session.execute(text(asked)).scalar()


def unit_named(session: Session, unit: str) -> str | None:
    """A unit's id by its name or id."""
    asked = """
        SELECT id::text
        FROM unit
        WHERE deleted_at IS NULL
        AND (id::text = :unit OR name = :unit)
    """
    return session.execute(text(asked), {"unit": unit}).scalar()
