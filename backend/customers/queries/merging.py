"""Which records point at a customer."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.kinds.registry import SYNC_KINDS, TABLES


def pointing_at(session: Session, customer_id: str) -> dict[str, dict[str, list[str]]]:
    """Kind -> field -> ids of the live records of which that field names this customer.

    Pictures stand on a record of any kind, whose kind another field names.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for kind in SYNC_KINDS.values():
        row = TABLES[kind.table].c
        named: list[tuple[str, list[Any]]] = [
            (name, []) for name, field in kind.fields.items() if field.references == "customer"
        ]
        if kind.stands_on:
            of_kind, of_id = kind.stands_on
            named.append((of_id, [row[of_kind] == "customer"]))
        for name, more in named:
            asked = select(row.id).where(row[name] == customer_id, row.deleted_at.is_(None), *more)
            if ids := [str(one) for one in session.scalars(asked.order_by(row.id))]:
                found.setdefault(kind.name, {})[name] = ids
    return found
