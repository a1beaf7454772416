"""Phones that have gone quiet with work on them, or that the house had to stop: a dispatcher is told, once
a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from backend.core.actor import Role
from backend.core.kinds.account import ALARM_AGAIN, Device
from backend.core.sentences import Words, sentence
from backend.notices.services.notifying import staff_with, tell

QUIET_WITH_WORK = timedelta(hours=12)
QUIET = timedelta(days=3)
FAILING = timedelta(hours=1)


def silent_devices(session: Session, now: datetime) -> Iterable[Device]:
    """Devices in use that nobody was told of lately: quiet with unsent work, quiet for days, or failing
    just now."""
    quiet = or_(
        and_(Device.last_seen_at < now - QUIET_WITH_WORK, Device.waiting_count > 0),
        and_(Device.last_seen_at < now - QUIET, Device.last_seen_at > now - 10 * QUIET),
        Device.last_failure_at > now - FAILING,
    )
    untold = or_(Device.alarmed_at.is_(None), Device.alarmed_at < now - ALARM_AGAIN)
    return session.execute(
        select(Device).where(Device.revoked_at.is_(None), quiet, untold).order_by(Device.id).limit(500)
    ).scalars()


def tell_of_silence(session: Session, now: datetime) -> int:
    """A notice to each dispatcher of the unit for each such device; returns how many devices it was about."""
    found = list(silent_devices(session, now))
    for device in found:
        device.alarmed_at = now
        said = _words(device, now).as_dict()
        for staff_id in staff_with(session, device.unit_id, Role.DISPATCHER):
            tell(session, None, staff_id, str(device.unit_id), topic="general", **said)
    return len(found)


def _words(device: Device, now: datetime) -> Words:
    if device.last_failure_at and device.last_failure_at > now - FAILING:
        return sentence("phones.fails", device=device.name, why=device.last_failure or "")
    hours = int((now - (device.last_seen_at or now)).total_seconds() // 3600)
    return sentence("phones.silent", device=device.name, hours=hours, waiting=device.waiting_count or 0)
