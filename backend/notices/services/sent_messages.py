"""What was sent: the list for administrators and the service centre, and sending one again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.events import Outbox
from backend.core.queries import policy
from backend.core.services.auditing import note_act
from backend.notices.kinds.message import ENDED_BADLY
from backend.notices.queries import messages as queries
from backend.notices.services.channels.port import Channel
from backend.notices.services.purposes import purposes
from backend.notices.services.routing import NOWHERE, first_channel

SEES = frozenset({Role.ADMIN, Role.HOTLINE_AGENT})
COUNTED_DAYS = 30


def sent_messages(session: Session, actor: Actor, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Messages of the asker's units, newest first, and how many there are of each state in 30 days.

    `wanted`: state, channel, purpose, party_id, before, limit. Raises not_allowed.
    """
    policy.need_role(actor, SEES)
    units = policy.own_units(session, actor)
    filters = {name: wanted.get(name) for name in ("state", "channel", "purpose", "party_id", "before")}
    rows = queries.seen_messages(session, units, **filters, most=wanted["limit"] + 1)
    since = datetime.now(UTC) - timedelta(days=COUNTED_DAYS)
    return {
        "rows": rows[: wanted["limit"]],
        "has_more": len(rows) > wanted["limit"],
        "counts": queries.counts(session, units, since),
    }


def send_again(session: Session, actor: Actor, message_id: str, channels: Mapping[str, Channel]) -> None:
    """Have one sent again that failed, or of which nobody knows whether it went; noted.

    Raises not_allowed, not_found, cannot_send_again.
    """
    policy.need_role(actor, SEES)
    message = queries.seen_message(session, message_id, policy.own_units(session, actor))
    if message is None:
        raise Problem("not_found", kind="message", id=message_id)
    fact = session.get(Outbox, message.outbox_id)
    purpose = purposes().get(message.purpose)
    if message.state not in ENDED_BADLY or fact is None or purpose is None:
        raise Problem("cannot_send_again", state=message.state)
    staff_id = str(message.party_id) if message.party_kind == "staff" else None
    channel = first_channel(session, purpose, staff_id, channels)
    if channel is None:
        raise Problem("cannot_send_again", state=NOWHERE)
    message.channel = channel
    message.state, message.reason, message.repeats = "wanted", None, message.repeats + 1
    message.ended_at = message.ask_at = message.sent_at = None
    fact.done_at, fact.attempts, fact.due_at = None, 0, datetime.now(UTC)
    told = {"purpose": message.purpose, "channel": message.channel, "number": message.outbox_id}
    note_act(session, actor, "message_sent_again", ("message", message_id), after=told)
