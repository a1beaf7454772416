"""Dead letters of the outbox: facts that were given up, listed for their unit and retried by a person."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.events import MOST_ATTEMPTS, Outbox
from backend.core.queries import policy
from backend.core.services.auditing import note_act, note_at_shell

_ASKED = frozenset({Role.ADMIN, Role.DISPATCHER, Role.SUPERVISOR})
# A fact is of the unit of the record (or of the person) it is about; one of none is the topmost unit's.
_DEAD = f"""
SELECT f.id, f.fact, d.kind AS record_kind,
       coalesce(f.detail->>'id', f.detail->>'staff_id') AS record_id, f.attempts,
       f.last_error AS error, f.announced_at, coalesce(d.unit_id, top.id)::text AS unit_id,
       coalesce(
         d.body::jsonb->>'name', d.body::jsonb->>'number', left(d.body::jsonb->>'description', 60)
       ) AS record_name
FROM outbox f
LEFT JOIN sync_document d ON d.id = CAST(coalesce(f.detail->>'id', f.detail->>'staff_id') AS uuid)
     AND d.kind = coalesce(
       f.detail->>'kind', CASE WHEN f.detail ? 'staff_id' THEN 'staff' ELSE split_part(f.fact, '.', 1) END
     )
LEFT JOIN LATERAL (
  SELECT id FROM unit WHERE parent_id IS NULL AND deleted_at IS NULL ORDER BY created_at, id LIMIT 1
) top ON true
WHERE f.done_at IS NULL AND f.attempts >= {MOST_ATTEMPTS}
"""


def dead_facts(session: Session, units: Collection[str] | None = None) -> list[dict[str, Any]]:
    """What was given up, oldest first, of these units (of all without any): what it is about and why, not
    what it says."""
    rows = session.execute(
        text(
            f"""
                SELECT *
                FROM ({_DEAD}) dead
                WHERE CAST(:units AS text[]) IS NULL OR unit_id = ANY(CAST(:units AS text[]))
                ORDER BY id
                LIMIT 500
            """
        ),
        {"units": None if units is None else list(units)},
    )
    return [dict(row) for row in rows.mappings()]


def seen_dead_facts(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """What was given up in the units of the asker: an administrator, dispatcher or supervisor."""
    policy.need_role(actor, _ASKED)
    return dead_facts(session, policy.own_units(session, actor))


def retry_fact(session: Session, actor: Actor | None, fact_id: int) -> dict[str, Any]:
    """Let a fact that was given up be tried again from the start; noted.

    Without an actor by the machine's own shell.

    Raises not_found for one that is not given up, or another unit's.
    """
    found = dead_facts(session) if actor is None else seen_dead_facts(session, actor)
    fact = next((one for one in found if one["id"] == fact_id), None)
    if fact is None:
        raise Problem("not_found", kind="outbox", id=fact_id)
    session.execute(update(Outbox).where(Outbox.id == fact_id).values(attempts=0, due_at=datetime.now(UTC)))
    told = {"number": fact_id, "fact": fact["fact"], "error": fact["error"]}
    subject = (fact["record_kind"] or "outbox", fact["record_id"])
    if actor is None:
        note_at_shell(session, "fact_retried", subject, after=told)
    else:
        note_act(session, actor, "fact_retried", subject, after=told)
    return fact
