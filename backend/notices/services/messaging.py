"""Sends what waits to go out: each channel by itself, one message after the other, each until it was taken.

No transaction is open while a channel is asked: it may be slow, and an open one makes every cursor longer.
What is about to be handed over is noted before; where the server dies in between, a channel that knows a
message again is asked again, and of another one nobody knows: a person decides.
"""

from __future__ import annotations

import math
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.orm import Session

from backend.core.config import Settings
from backend.core.db import Database
from backend.core.events import MOST_ATTEMPTS, Outbox
from backend.notices.kinds.message import Message
from backend.notices.queries import messages as queries
from backend.notices.services.alarms import alarm
from backend.notices.services.channels import open_channels
from backend.notices.services.channels.port import Answer, Channel, Letter, Outcome, Tells
from backend.notices.services.notifying import MESSAGE
from backend.notices.services.preparing import Ended, Held, prepare
from backend.notices.services.routing import end, route

log = structlog.get_logger(__name__)
# So long one round of a channel may take: what others get meanwhile waits no longer for the next round.
ROUND_S = 20.0
FIRST_ASKED_S = 30


def deliver(database: Database, settings: Settings, *, most: int = 200) -> int:
    """Hand what is due to its channels, all of them at once; returns how many messages were taken.

    What is not taken is tried again, after 2, 4, 8 … seconds or when the channel says, eight times; then a
    person is told.
    """
    channels = open_channels(settings)
    if not channels:
        return 0
    with database.alone("route messages") as is_mine, database.transaction() as session:
        if is_mine:
            route(session, channels)
        busy = queries.busy_channels(session, MESSAGE, datetime.now(UTC)) & channels.keys()
    if not busy:
        return 0
    with ThreadPoolExecutor(len(busy), "messages") as pool:
        return sum(pool.map(lambda name: _drain(database, settings, channels[name], most), sorted(busy)))


def _drain(database: Database, settings: Settings, channel: Channel, most: int) -> int:
    taken, until = 0, time.monotonic() + ROUND_S
    with database.alone(f"deliver messages by {channel.name}") as is_mine:
        for _ in range(most if is_mine else 0):
            with database.snapshot() as session:
                row = queries.next_due(session, MESSAGE, channel.name, datetime.now(UTC))
            if row is None or time.monotonic() >= until:
                break
            taken += _one(database, settings, channel, row)
    return taken


def _one(database: Database, settings: Settings, channel: Channel, row: Row[Any]) -> bool:
    """One message; whatever is wrong with it stays its own."""
    try:
        letter = _prepared(database, settings, channel, row)
    except Exception as error:  # noqa: BLE001 - one bad message stops no other; it stays to be seen
        _note(database, channel, row, Answer(Outcome.LATER, type(error).__name__))
        return False
    if letter is None:
        return False
    try:
        answer = channel.send(letter)
    except Exception as error:  # noqa: BLE001 - a channel that fails in its own way: was it taken?
        answer = Answer(Outcome.UNKNOWN, type(error).__name__)
    _note(database, channel, row, answer)
    return answer.outcome is Outcome.SENT


def _prepared(database: Database, settings: Settings, channel: Channel, row: Row[Any]) -> Letter | None:
    """The letter; None where it need not, must not or cannot go now, which is noted."""
    if _may_double(channel, row, datetime.now(UTC)):
        # It was being handed over when the server died, or the answer never came.
        _note(database, channel, row, Answer(Outcome.UNKNOWN, "broken_off"))
        return None
    with database.transaction() as session:
        message = session.get_one(Message, row.message_id, with_for_update=True)
        found = prepare(session, settings, channel, message, row.detail, datetime.now(UTC))
        if isinstance(found, Letter):
            return found
        fact = session.get_one(Outbox, row.id)
        message.state, message.reason = "wanted", found.reason
        if isinstance(found, Held):
            fact.due_at = found.until
            return None
        _end_quietly(session, message, found)
    log.warning("message.not_sent", message=row.id, reason=found.reason)
    return None


def _may_double(channel: Channel, row: Row[Any], now: datetime) -> bool:
    """Whether it may have gone at another attempt, and so long ago that the channel no longer knows it."""
    if row.sent_at is None:
        return row.state == "asking" and not math.isinf(channel.repeats_safely_s)
    return bool((now - row.sent_at).total_seconds() >= channel.repeats_safely_s)


def _end_quietly(session: Session, message: Message, ended: Ended) -> None:
    """Nobody to send it to, or nobody who wants it: the notice on their phone stands all the same."""
    message.state = ended.state
    session.get_one(Outbox, message.outbox_id).attempts += 1
    end(session, message, ended.reason)


def _note(database: Database, channel: Channel, row: Row[Any], answer: Answer) -> None:
    now = datetime.now(UTC)
    may_have_gone = answer.outcome is Outcome.UNKNOWN
    if may_have_gone and channel.repeats_safely_s and not _may_double(channel, row, now):
        answer = Answer(Outcome.LATER, answer.reason)
    if answer.outcome is not Outcome.SENT:
        log.warning("message.not_taken", message=row.id, attempts=row.attempts + 1, error=answer.reason)
    with database.transaction() as session:
        message = session.get_one(Message, row.message_id, with_for_update=True)
        fact = session.get_one(Outbox, row.id)
        message.reason, message.provider_id = answer.reason, answer.provider_id
        fact.last_error = answer.reason
        if answer.outcome is Outcome.SENT:
            message.state, message.sent_at, fact.done_at = "sent", now, now
            message.ended_at = None
        else:
            fact.attempts += 1
            if not may_have_gone:
                message.sent_at = row.sent_at
            _note_failure(session, message, fact, answer, now)
        if isinstance(channel, Tells) and message.state in ("sent", "unknown"):
            message.ask_at = now + timedelta(seconds=FIRST_ASKED_S)


def _note_failure(session: Session, message: Message, fact: Outbox, answer: Answer, now: datetime) -> None:
    if answer.outcome is Outcome.LATER and fact.attempts < MOST_ATTEMPTS:
        message.state = "wanted"
        fact.due_at = now + timedelta(seconds=max(2**fact.attempts, answer.wait_s or 0))
        return
    # Given up, but at one of the attempts it may have been taken.
    is_open = answer.outcome is Outcome.UNKNOWN or (answer.outcome is Outcome.LATER and message.sent_at)
    message.state = "unknown" if is_open else "failed"
    message.ended_at = now
    if answer.outcome is not Outcome.LATER:
        fact.done_at = now
    alarm(session, message, now)
