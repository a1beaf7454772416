"""Positions with limits: kept only for a work event within a shift, for a few days, and every look is logged.

What is refused is not stored anywhere, not even as parked work: this is the one thing a phone sends that the
server must be able to say it never had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.kinds.access import Access
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.documents import read_document
from backend.core.queries.scopes import day_begins
from backend.core.services.noting import note_rows
from backend.people.kinds.position import Position
from backend.people.queries.positions import has_shift, looks_at_positions

# A shift nobody ended does not go on for ever.
LONGEST_SHIFT = timedelta(hours=16)
_FUTURE = timedelta(minutes=5)
# Who sends people out or answers for them; a complaint taken or a year audited is no reason to look where
# somebody was.
LOOKERS = frozenset({Role.ADMIN, Role.SUPERVISOR, Role.DISPATCHER})
_COARSE = 3


@dataclass(frozen=True, slots=True)
class Fix:
    """A position at a work event, as a phone tells it (WGS-84)."""

    event: str
    at: datetime
    lng: float
    lat: float
    accuracy_m: float | None = None
    of_kind: str | None = None
    of_id: str | None = None


def keep_positions(
    session: Session, actor: Actor, fixes: Sequence[Fix], days: int, now: datetime | None = None
) -> list[str]:
    """One outcome each: `kept`, `off_shift`, `too_old` or `in_the_future`; anything but `kept` is not
    stored."""
    now = now or datetime.now(UTC)
    return [_keep(session, actor, one, now, days) for one in fixes]


def _keep(session: Session, actor: Actor, fix: Fix, now: datetime, days: int) -> str:
    if fix.at > now + _FUTURE:
        return "in_the_future"
    if fix.at < now - timedelta(days=days):
        return "too_old"
    if not is_on_shift(session, actor.id, fix.at):
        return "off_shift"
    row = {
        "staff_id": UUID(actor.id),
        "unit_id": UUID(actor.unit_id),
        "device_id": UUID(actor.device_id) if actor.device_id else None,
        "event": fix.event,
        "of_kind": fix.of_kind,
        "of_id": UUID(fix.of_id) if fix.of_id else None,
        "at": fix.at,
        "lng": fix.lng,
        "lat": fix.lat,
        "accuracy_m": fix.accuracy_m,
    }
    session.execute(insert(Position).values(row).on_conflict_do_nothing())
    return "kept"


def is_on_shift(session: Session, staff_id: str, at: datetime) -> bool:
    """Whether a person was on a shift, by their duty records."""
    return has_shift(session, staff_id, at, LONGEST_SHIFT)


def trace_of(
    session: Session, actor: Actor, staff_id: str, on: date, reason: str | None
) -> list[dict[str, Any]]:
    """A person's positions of a day. Their own in full; who sends them out gives a reason, is noted, and sees
    hundred metres once the shift is over. Raises not_found, not_allowed, reason_needed."""
    is_own = staff_id == actor.id
    if not is_own:
        _note_look(session, actor, staff_id, reason)
    begin = day_begins(on)
    rows = session.scalars(
        select(Position)
        .where(
            Position.staff_id == UUID(staff_id), Position.at >= begin, Position.at < begin + timedelta(days=1)
        )
        .order_by(Position.at, Position.id)
    )
    is_exact = is_own or is_on_shift(session, staff_id, datetime.now(UTC))
    return [_shown(row, is_exact) for row in rows]


def _note_look(session: Session, actor: Actor, staff_id: str, reason: str | None) -> None:
    policy.need_role(actor, LOOKERS)
    read_document(session, actor, KINDS["staff"], staff_id)
    if not (reason or "").strip():
        raise Problem("reason_needed")
    look = Access(
        staff_id=UUID(actor.id),
        unit_id=UUID(actor.unit_id),
        what="positions",
        of_id=UUID(staff_id),
        reason=reason,
    )
    session.add(look)
    session.flush()
    note_rows(session, "access", [look.id], actor)


def _shown(row: Position, is_exact: bool) -> dict[str, Any]:
    lng, lat = (row.lng, row.lat) if is_exact else (round(row.lng, _COARSE), round(row.lat, _COARSE))
    return {
        "event": row.event,
        "at": row.at,
        "lng": lng,
        "lat": lat,
        "accuracy_m": row.accuracy_m if is_exact else None,
        "is_exact": is_exact,
        "of_kind": row.of_kind,
        "of_id": str(row.of_id) if row.of_id else None,
    }


def looks_at(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Who looked at my positions, newest first."""
    return looks_at_positions(session, actor.id)


def forget_old(session: Session, days: int, now: datetime | None = None) -> int:
    """Positions older than the server keeps them are gone; returns how many."""
    oldest = (now or datetime.now(UTC)) - timedelta(days=days)
    gone = session.execute(delete(Position).where(Position.at < oldest).returning(Position.id))
    return len(gone.all())
