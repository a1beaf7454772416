"""Adds people to the small town for one test, so that `as_` knows them.

A branch's administrator, somebody who left.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from backend.core.actor import Role, system
from backend.core.kinds.account import Device
from backend.core.services import record_writer
from backend.people.services import sessions
from tests.factories import uid


def join(
    session: Session, name: str, unit: str, *roles: Role, post: str = "hall_agent", is_active: bool = True
) -> str:
    """A member of staff with an account (unless no role is given) and a device; returns their id."""
    number = f"J{uid(name)[:8]}"
    values = {"staff_number": number, "name": name, "post": post, "employment": "own", "is_active": is_active}
    record_writer.create(session, system(uid(unit)), "staff", values, record_id=uid(name))
    if roles:
        sessions.open_account(
            session, uid(name), uid(unit), number, None, "no password", [str(one) for one in roles]
        )
        session.add(Device(id=UUID(uid(f"{name}'s phone")), name=f"{name}'s phone", unit_id=UUID(uid(unit))))
    return uid(name)


def open_section(session: Session, name: str, parent: str) -> str:
    """A section below a unit; returns its id."""
    values = {"unit_id": uid(name), "name": name, "level": "section", "parent_id": uid(parent)}
    return record_writer.create(session, system(uid(name)), "unit", values, record_id=uid(name)).id
