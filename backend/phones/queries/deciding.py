"""Rows of parked work and of disputes that a decision locks or closes: they are no records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session


def close_group(session: Session, group_id: str, by: str, decision: str, reason: str) -> set[str]:
    """Note a decision on what of a parked group is still open; returns the mutations that it closed."""
    step = """
        UPDATE sync_waiting
        SET decided_at = now(), decided_by_id = CAST(:by AS uuid), decision = :decision,
            decision_reason = :reason
        WHERE group_id = CAST(:group AS uuid)
        AND status = 'parked'
        AND decided_at IS NULL
        RETURNING mutation_id::text
    """
    given = {"by": by, "decision": decision, "reason": reason, "group": group_id}
    return set(session.scalars(text(step), given))


def heads_of(session: Session, kind: str, record_id: str, field: str) -> list[dict[str, Any]] | None:
    """The values that an open dispute is about, locked until the transaction ends; None if none is open."""
    asked = """
        SELECT heads
        FROM sync_question
        WHERE kind = :kind
        AND id = CAST(:id AS uuid)
        AND field = :field
        AND closed_at IS NULL
        FOR UPDATE
    """
    given = {"kind": kind, "id": record_id, "field": field}
    row = session.execute(text(asked), given).one_or_none()
    return row[0] if row else None
