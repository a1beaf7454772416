"""Routes outgoing facts: a message for each, by the first channel of its purpose that reaches them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from backend.core.events import Outbox
from backend.core.queries.units import topmost_unit
from backend.core.services import record_writer
from backend.notices.kinds.message import Message
from backend.notices.queries import messages as queries
from backend.notices.services.alarms import alarm
from backend.notices.services.channels.port import Channel
from backend.notices.services.notifying import MESSAGE
from backend.notices.services.purposes import URGENT, Purpose, makers

log = structlog.get_logger(__name__)
MOST_AT_ONCE = 1000
NOWHERE, UNREADABLE = "no_channel", "unreadable"
# Addresses that no table needs to hold: every person may have a telephone, a group is nobody's.
_ALWAYS = frozenset({"phone", "group"})


def route(session: Session, channels: Mapping[str, Channel]) -> int:
    """Give each fact that waits its message; returns how many. What no channel can take has failed."""
    rows = queries.unrouted(session, MESSAGE, MOST_AT_ONCE)
    for row in rows:
        outbox_id, detail = row.id, row.detail
        message = Message(id=UUID(record_writer.new_id()), outbox_id=outbox_id)
        try:
            with session.begin_nested():
                _fill(session, message, detail, channels)
        except Exception as error:  # noqa: BLE001 - one that cannot be read stops no other
            log.warning("message.unreadable", message=outbox_id, error=type(error).__name__)
            message.purpose, message.channel = UNREADABLE, ""
            message.state, message.reason = "failed", UNREADABLE
            message.unit_id = message.unit_id or _topmost(session)
        session.add(message)
        if message.state == "failed":
            end(session, message, message.reason)
            alarm(session, message, datetime.now(UTC))
    return len(rows)


def _fill(session: Session, message: Message, detail: Any, channels: Mapping[str, Channel]) -> None:
    purpose, staff_id = purpose_of(detail), detail.get("staff_id")
    message.purpose = purpose.name if purpose else UNREADABLE
    unit_id = queries.unit_of_staff(session, staff_id) if staff_id else None
    message.unit_id = UUID(unit_id) if unit_id else _topmost(session)
    if staff_id:
        message.party_kind, message.party_id = "staff", UUID(staff_id)
    message.state, message.channel = "wanted", ""
    if purpose is None:
        message.state, message.reason = "failed", UNREADABLE
        return
    message.channel = first_channel(session, purpose, staff_id, channels) or ""
    if not message.channel:
        message.state, message.reason = "failed", NOWHERE


def _topmost(session: Session) -> UUID | None:
    found = topmost_unit(session)
    return UUID(found) if found else None


def purpose_of(detail: Mapping[str, Any]) -> Purpose | None:
    """What a fact's message is for: that of the maker it names, or an urgent notice to one person."""
    named = next((made.purpose for name, made in makers().items() if name in detail), None)
    return named or (URGENT if {"staff_id", "zh", "en"} <= detail.keys() else None)


def first_channel(
    session: Session, purpose: Purpose, staff_id: str | None, channels: Mapping[str, Channel]
) -> str | None:
    """The first of the purpose's channels that is open and has an address of the person.

    Where the gateway is all there is, everything goes by it.
    """
    if list(channels) == ["webhook"]:
        return "webhook"
    row = queries.purpose_row(session, purpose.name)
    known = queries.addresses_of(session, ("staff", staff_id)) if staff_id else {}
    for name in row.channels if row else purpose.channels:
        channel = channels.get(name)
        if channel is not None and (channel.address in _ALWAYS or channel.address in known or not staff_id):
            return name
    return None


def end(session: Session, message: Message, error: str | None) -> None:
    """Nothing more is to be done for a message's fact."""
    fact = session.get_one(Outbox, message.outbox_id)
    fact.done_at, fact.last_error = datetime.now(UTC), error
    message.ended_at = fact.done_at
