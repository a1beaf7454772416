"""Which records point at a customer."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.kinds.registry import SYNC_KINDS, TABLES


def pointing_at(session: Session, customer_id: str) -> dict[str, dict[str, list[str]]]:
    """Kind -> field -> ids of the live records of which that field names this customer."""
    found: dict[str, dict[str, list[str]]] = {}
    for kind in SYNC_KINDS.values():
        for name, field in kind.fields.items():
            if field.references != "customer":
                continue
            row = TABLES[kind.table].c
            asked = select(row.id).where(row[name] == customer_id, row.deleted_at.is_(None)).order_by(row.id)
            if ids := [str(one) for one in session.scalars(asked)]:
                found.setdefault(kind.name, {})[name] = ids
    return found
