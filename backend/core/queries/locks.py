"""Locks in the database by a name, held until the transaction ends: what must be done one after the other."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session


def hold(session: Session, name: str) -> None:
    """Wait until nobody else holds this name."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def hold_each(session: Session, names: Iterable[str]) -> None:
    """Several names, in this order: two that held them in different orders would wait for each other."""
    each = """
        SELECT pg_advisory_xact_lock(hashtextextended(name, 0))
        FROM unnest(CAST(:names AS text[])) name
    """
    session.execute(text(each), {"names": list(names)})
