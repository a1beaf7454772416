"""Call-backs by lot (回访抽查): which visits an auditor asks customers about is drawn by a stored seed.

The lot: visits in the order of SHA-256(seed, visit id); the first ones are drawn. Anybody with the seed can
draw again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.events import announce
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries import masks, policy
from backend.core.queries.scopes import day_begins
from backend.core.sentences import fault
from backend.core.services import record_writer
from backend.core.services.noting import note_rows
from backend.customers.kinds.call_back import CallBack, CallBackSample
from backend.customers.queries.call_backs import visits_drawn, visits_made
from sync.steps import doers, log_of

DRAWS = frozenset({Role.ADMIN, Role.SUPERVISOR, Role.AUDITOR})
CALLS = DRAWS | {Role.HOTLINE_AGENT, Role.DISPATCHER}
_MADE = ("complete", "nobody_met")


def draw(seed: str, visit_ids: Iterable[str], count: int) -> list[str]:
    """The first `count` of the visits in the seed's order; the same for everybody who has the seed."""
    return sorted(visit_ids, key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).digest())[:count]


def draw_sample(
    session: Session, actor: Actor, from_day: date, until_day: date, count: int, seed: str | None = None
) -> CallBackSample:
    """A sample of the visits made in the asker's units on these days.

    Raises not_allowed, not_found when there are none, and check_failed for days that end before they begin.
    """
    policy.need_role(actor, DRAWS)
    if until_day < from_day:
        raise Problem("check_failed", faults=[fault("until_day", "customers.before_start")])
    begin, end = day_begins(from_day), day_begins(until_day + timedelta(days=1))
    visits = visits_made(session, policy.own_units(session, actor), begin, end)
    if not visits:
        raise Problem("not_found", why="no visits on these days")
    seed = seed or secrets.token_hex(8)
    sample = CallBackSample(
        id=UUID(record_writer.new_id()),
        unit_id=UUID(actor.unit_id),
        made_by=UUID(actor.id),
        from_day=from_day,
        until_day=until_day,
        seed=seed,
        population=len(visits),
        visit_ids=[UUID(one) for one in draw(seed, visits, count)],
    )
    session.add(sample)
    note_rows(session, "call_back_sample", [sample.id], actor)
    return sample


def samples(session: Session, actor: Actor) -> list[CallBackSample]:
    """The samples of the asker's units, newest first."""
    policy.need_role(actor, CALLS)
    units = [UUID(one) for one in policy.own_units(session, actor)]
    query = (
        select(CallBackSample)
        .where(CallBackSample.unit_id.in_(units))
        .order_by(CallBackSample.made_at.desc())
        .limit(200)
    )
    return list(session.scalars(query))


def find_sample(session: Session, actor: Actor, sample_id: str) -> CallBackSample:
    """One sample of the asker's units. Raises not_found, not_allowed."""
    policy.need_role(actor, CALLS)
    sample = session.get(CallBackSample, UUID(sample_id))
    if sample is None:
        raise Problem("not_found", kind="call_back_sample", id=sample_id)
    policy.need_unit(session, actor, sample.unit_id, "call_back_sample", sample_id)
    return sample


def visits_of(session: Session, actor: Actor, sample: CallBackSample) -> list[dict[str, Any]]:
    """The visits drawn, in the order drawn, with what was said; auditors read no customer's name."""
    rows = visits_drawn(session, sample.visit_ids, sample.id)
    return rows if masks.sees_all(actor) else [_hidden(row) for row in rows]


def _hidden(row: dict[str, Any]) -> dict[str, Any]:
    said = {name: masks.mask("text", row[name]) for name in ("summary", "said")}
    return {**row, **said, "customer": None}


def note_answer(
    session: Session, actor: Actor, sample_id: str, visit_id: str, outcome: str, said: str | None
) -> None:
    """What a customer said; may be corrected. The visit is looked at again.

    Raises not_found when it was not drawn, same_person for whoever made the visit.
    """
    sample = find_sample(session, actor, sample_id)
    if UUID(visit_id) not in sample.visit_ids:
        raise Problem("not_found", id=visit_id)
    _need_another(session, actor, visit_id)
    values = {"outcome": outcome, "said": said, "asked_by": UUID(actor.id), "asked_at": datetime.now(UTC)}
    row = insert(CallBack).values(sample_id=sample.id, visit_id=UUID(visit_id), **values)
    session.execute(row.on_conflict_do_update(index_elements=["sample_id", "visit_id"], set_=values))
    note_rows(session, "call_back", [visit_id], actor)
    announce(session, "visit.called_back", id=visit_id, op="call")


def _need_another(session: Session, actor: Actor, visit_id: str) -> None:
    """Nobody asks how their own visit went: the word that would come of it is their own."""
    visit, kind = record_writer.read(session, "visit", visit_id), SYNC_KINDS["visit"]
    made_by = doers(kind, log_of(kind, visit), _MADE) | {str(visit.values.get("representative_id"))}
    if actor.id in made_by:
        raise Problem("same_person")
