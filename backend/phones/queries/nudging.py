"""Which scopes records are in."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import text
from sqlalchemy.orm import Session


def scopes_of_records(session: Session, keys: Collection[tuple[str, str]]) -> set[str]:
    """Every scope that these records (kind, id) are in, or have just left."""
    asked = """
        SELECT DISTINCT scope
        FROM sync_entry
        WHERE (kind, id) IN (
            SELECT *
            FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS uuid[]))
        )
    """
    given = {"kinds": [key[0] for key in keys], "ids": [key[1] for key in keys]}
    return set(session.scalars(text(asked), given))
