"""Phones as witnesses of the seals: each keeps some, and says now and then what it holds; a seal that
differs is an alarm.

Whoever rewrites history, seals and the witness file on the server cannot rewrite some hundred phones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.kinds.account import ALARM_AGAIN, Device
from backend.core.sentences import sentence
from backend.evidence.kinds.seal import Seal
from backend.notices.services.notifying import staff_with, tell

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """A seal as a phone holds it: its number and its hash (hex)."""

    number: int
    hash: str


def newest_seal(session: Session) -> Seal | None:
    """The last link of the chain; None before the first."""
    return session.execute(select(Seal).order_by(Seal.number.desc()).limit(1)).scalar_one_or_none()


def compare_seals(
    session: Session, actor: Actor, held: Sequence[Held], now: datetime | None = None
) -> list[int]:
    """The numbers of seals that differ from what a phone holds, or are gone; administrators are told, once
    a day and phone."""
    asked = select(Seal).where(Seal.number.in_([one.number for one in held]))
    ours = {row.number: row.hash.hex() for row in session.scalars(asked)}
    differ = sorted(one.number for one in held if ours.get(one.number) != one.hash)
    if differ:
        log.error("seals.differ", device=actor.device_id, seals=differ[:20])
        _alarm(session, actor, differ[0], now or datetime.now(UTC))
    return differ


def _alarm(session: Session, actor: Actor, number: int, now: datetime) -> None:
    device = session.get(Device, UUID(actor.device_id)) if actor.device_id else None
    if device is None or (device.alarmed_at and device.alarmed_at > now - ALARM_AGAIN):
        return
    device.alarmed_at = now
    for staff_id in staff_with(session, device.unit_id, Role.ADMIN):
        tell(
            session,
            None,
            staff_id,
            str(device.unit_id),
            topic="general",
            is_urgent=True,
            **sentence("evidence.another_seal", device=device.name, number=number).as_dict(),
        )
