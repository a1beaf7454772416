"""Phones of the unit: their health, and what happens to a lost one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from backend.actor import Actor, Role
from backend.errors import Problem
from backend.queries.scopes import units_below
from backend.records.account import Device
from backend.services.noting import note_rows

MAY_REVOKE = frozenset({Role.ADMIN, Role.DISPATCHER, Role.SUPERVISOR})


def list_devices(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Devices of the asker's units with their last contact."""
    units = [UUID(unit) for unit in units_below(session, actor.unit_id)]
    rows = session.execute(
        select(Device).where(Device.unit_id.in_(units)).order_by(Device.registered_at).limit(1000)
    ).scalars()
    people = _people(session, units)
    return [_as_dict(row) | {"people": people.get(str(row.id), [])} for row in rows]


def _people(session: Session, units: list[UUID]) -> dict[str, list[str]]:
    """Who has signed in on each device, by name."""
    rows = session.execute(
        text(
            "SELECT t.device_id::text, array_agg(DISTINCT s.name ORDER BY s.name) FROM token t JOIN staff s ON s.id = t.staff_id "
            "JOIN device d ON d.id = t.device_id WHERE d.unit_id = ANY(:units) GROUP BY t.device_id"
        ),
        {"units": units},
    )
    return {row[0]: row[1] for row in rows}


def revoke_device(session: Session, actor: Actor, device_id: str) -> dict[str, Any]:
    """Report a phone lost: from now on it may only hand in its unsent work, then it is told to wipe itself."""
    if not actor.roles & MAY_REVOKE:
        raise Problem("not_allowed", needs=sorted(MAY_REVOKE))
    device = session.get(Device, UUID(device_id), with_for_update=True)
    if device is None or str(device.unit_id) not in units_below(session, actor.unit_id):
        raise Problem("not_found", id=device_id)
    device.revoked_at = device.revoked_at or datetime.now(UTC)
    note_rows(session, "device", [device.id], actor)
    return _as_dict(device)


def _as_dict(device: Device) -> dict[str, Any]:
    names: tuple[str, ...] = (
        "name",
        "registered_at",
        "last_seen_at",
        "app_version",
        "waiting_count",
        "storage_left_mb",
    )
    names += ("last_failure_at", "last_failure", "revoked_at")
    return {"id": str(device.id), "unit_id": str(device.unit_id)} | {name: getattr(device, name) for name in names}
