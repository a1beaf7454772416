"""What belongs to a case: its records, and the signatures and photos of each."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.kinds.registry import KINDS, TABLES

_STANDS_ON_OTHERS = ("signature", "photo")


def records_of_case(session: Session, kind: str, case_id: str) -> list[str]:
    """A case's records of a kind."""
    row = TABLES[KINDS[kind].kind.table].c
    asked = select(row.id).where(row.case_id == UUID(case_id), row.deleted_at.is_(None)).order_by(row.id)
    return [str(one) for one in session.scalars(asked)]


def standing_on(session: Session, kind: str, record_id: str) -> Iterator[tuple[str, str]]:
    """The signatures and photos of a record: kind, id."""
    for other in _STANDS_ON_OTHERS:
        row = TABLES[KINDS[other].kind.table].c
        is_its = (row.of_kind == kind, row.of_id == UUID(record_id), row.deleted_at.is_(None))
        yield from (
            (other, str(one)) for one in session.scalars(select(row.id).where(*is_its).order_by(row.id))
        )
