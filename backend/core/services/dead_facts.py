"""Dead letters of the outbox: facts that were given up, listed for their unit and retried by a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.events import Outbox
from backend.core.queries import policy
from backend.core.queries.outbox import dead_facts
from backend.core.services.auditing import note_act, note_at_shell

ASKED = frozenset({Role.ADMIN, Role.DISPATCHER, Role.SUPERVISOR})


def seen_dead_facts(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """What was given up in the units of the asker: an administrator, dispatcher or supervisor."""
    policy.need_role(actor, ASKED)
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
