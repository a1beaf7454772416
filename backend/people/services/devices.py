"""Phones of the unit: their health, and what happens to a lost one."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.kinds.account import Account, Device, DevicePerson
from backend.core.queries import policy
from backend.core.services.auditing import note_act
from backend.core.services.credentials import new_token, token_sha256
from backend.core.services.noting import note_rows
from backend.people.queries.devices import people_of_devices

MAY_REVOKE = frozenset({Role.ADMIN, Role.DISPATCHER, Role.SUPERVISOR})


def register_device(session: Session, account: Account, device: dict[str, Any]) -> tuple[Device, str | None]:
    """The device somebody signs in on, and the secret it is given now, if it showed none that holds.

    An id belongs to those who have signed in under it; others, as on a browser that two people share, show
    its secret. Raises device_taken.
    """
    device_id = UUID(device["id"])
    new = insert(Device).values(id=device_id, name=device["name"], unit_id=account.unit_id)
    is_new = session.execute(new.on_conflict_do_nothing().returning(Device.id)).first() is not None
    found = session.get_one(Device, device_id, with_for_update=True)
    has_proved = found.secret_sha256 is not None and proves(found.secret_sha256, device)
    if not has_proved and not _is_theirs(session, found, account):
        raise Problem("device_taken")
    person = insert(DevicePerson).values(device_id=device_id, staff_id=account.staff_id)
    session.execute(person.on_conflict_do_nothing())
    secret = None if has_proved else new_token()
    if secret:
        found.secret_sha256 = token_sha256(secret)
    gives_key = found.public_key is None and device.get("public_key") is not None
    # The first key stays: whoever signs in later with another cannot make old signatures theirs.
    found.public_key = found.public_key or device.get("public_key")
    found.app_version = device.get("app_version")
    session.flush()
    if is_new or gives_key:
        by = Actor(str(account.staff_id), str(account.unit_id), frozenset(), device["id"])
        note_rows(session, "device", [found.id], by)
    return found, secret


def proves(secret_sha256: bytes, device: dict[str, Any]) -> bool:
    """Whether a device shows the secret of which this is the hash."""
    return hmac.compare_digest(secret_sha256, token_sha256(device.get("secret") or ""))


def _is_theirs(session: Session, device: Device, account: Account) -> bool:
    """Somebody who signed in on it before; or the first who does."""
    people = select(DevicePerson.staff_id).where(DevicePerson.device_id == device.id)
    known = set(session.scalars(people))
    return account.staff_id in known or (not known and device.revoked_at is None)


def list_devices(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Devices of the asker's units with their last contact."""
    policy.need_office(actor)
    units = [UUID(unit) for unit in policy.own_units(session, actor)]
    rows = session.execute(
        select(Device).where(Device.unit_id.in_(units)).order_by(Device.registered_at).limit(1000)
    ).scalars()
    people = people_of_devices(session, units)
    return [_as_dict(row) | {"people": people.get(str(row.id), [])} for row in rows]


def revoke_device(session: Session, actor: Actor, device_id: str) -> dict[str, Any]:
    """Report a phone lost: from now on it may only hand in its unsent work, then it is told to wipe
    itself."""
    policy.need_role(actor, MAY_REVOKE)
    device = session.get(Device, UUID(device_id), with_for_update=True)
    if device is None:
        raise Problem("not_found", kind="device", id=device_id)
    policy.need_unit(session, actor, device.unit_id, "device", device_id)
    if device.revoked_at is None:
        device.revoked_at = datetime.now(UTC)
        session.flush()
        note_act(session, actor, "device_revoked", ("device", device_id), after={"name": device.name})
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
    return {"id": str(device.id), "unit_id": str(device.unit_id)} | {
        name: getattr(device, name) for name in names
    }
