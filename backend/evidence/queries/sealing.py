"""Steps of history with and without a seal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Result, Row, text
from sqlalchemy.orm import Session

# What of a step a seal covers.
_STEP = """
    h.kind, h.id::text AS id, h.version, h.op, h.changed, h.actor_id::text AS actor_id,
    h.device_id::text AS device_id, h.mutation_id::text AS mutation_id, h.happened_at, h.grade, h.recorded_at
"""


def unsealed_steps(session: Session, since: datetime, most: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Steps recorded since a moment that no seal covers, the oldest first."""
    asked = f"""
        SELECT {_STEP}
        FROM sync_history h
        LEFT JOIN sealed_row s USING (kind, id, version)
        WHERE s.kind IS NULL
        AND h.recorded_at >= :since
        ORDER BY h.recorded_at, h.kind, h.id, h.version
        LIMIT :most
    """  # noqa: S608 - made of constants; values are bound
    return session.execute(text(asked), {"since": since, "most": most}).all()


def covered_steps(session: Session, number: int) -> Result[*tuple[Any, ...]]:
    """What a seal covers, in its order, each with the step that stands there now."""
    asked = f"""
        SELECT s.kind AS sealed_kind, s.id::text AS sealed_id, s.version AS sealed_version, s.place, s.leaf,
            s.salt, {_STEP}
        FROM sealed_row s
        LEFT JOIN sync_history h USING (kind, id, version)
        WHERE s.seal_number = :number
        ORDER BY s.place
    """  # noqa: S608 - made of constants; values are bound
    return session.execute(text(asked), {"number": number})


def sealed_steps(session: Session, kind: str, record_id: str) -> Result[*tuple[Any, ...]]:
    """The steps of a record that have a seal, with the leaf and salt of each."""
    asked = f"""
        SELECT {_STEP}, s.leaf, s.salt
        FROM sync_history h
        JOIN sealed_row s USING (kind, id, version)
        WHERE h.kind = :kind
        AND h.id = CAST(:id AS uuid)
    """  # noqa: S608 - made of constants; values are bound
    return session.execute(text(asked), {"kind": kind, "id": record_id})


def count_seals(session: Session) -> int:
    """How many seals there are."""
    asked = """
        SELECT count(*)
        FROM seal
    """
    return int(session.execute(text(asked)).scalar_one())


def count_unsealed(session: Session, late_after: timedelta) -> tuple[int, int]:
    """How many steps no seal covers, and how many of them were recorded so long before the last seal."""
    asked = """
        SELECT count(*), count(*) FILTER (
            WHERE h.recorded_at < (SELECT max(sealed_at) FROM seal) - CAST(:late AS interval)
        )
        FROM sync_history h
        LEFT JOIN sealed_row s USING (kind, id, version)
        WHERE s.kind IS NULL
    """
    whole, late = session.execute(text(asked), {"late": late_after}).one()
    return int(whole), int(late)
