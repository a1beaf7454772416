"""What became of messages that were sent: receipts of the operator's gateway, and providers that are asked.

A receipt is `{"id", "state", "reason"}` with `X-Wangge-Timestamp` (seconds) and `X-Wangge-Signature:
sha256=<HMAC of "<timestamp>.<body>">` under `WANGGE_NOTIFY_SECRET`. Without a secret none is taken.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from backend.core.config import Settings
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.installation import USUAL_ZONE
from backend.notices.kinds.message import Message, MessageReceipt
from backend.notices.queries import messages as queries
from backend.notices.services.alarms import alarm
from backend.notices.services.channels import open_channels
from backend.notices.services.channels.port import Result, Tells
from backend.notices.services.preparing import phone_of, provider_key

WINDOW_S = 300
# After so long no provider tells any more.
ASKED_FOR = timedelta(days=3)
MOST_AT_ONCE = 100
# Providers in China count days by Beijing's clock, wherever the city is.
PROVIDER_ZONE: ZoneInfo = USUAL_ZONE
_OPEN = frozenset({"asking", "sent", "unknown"})


def take_receipt(
    session: Session, secret: str, body: bytes, timestamp: str, signature: str, now: datetime | None = None
) -> None:
    """Note what the gateway says became of a message. Raises receipt_refused: signed wrongly, out of time,
    seen before, of another shape, or of no message that waits for one."""
    now = now or datetime.now(UTC)
    _need_signed(secret, body, timestamp, signature, now)
    taken = insert(MessageReceipt).values(sha256=hashlib.sha256(signature.encode()).digest(), taken_at=now)
    is_new = session.scalar(taken.on_conflict_do_nothing().returning(MessageReceipt.sha256))
    if is_new is None:
        raise Problem("receipt_refused")
    queries.forget_receipts(session, now - timedelta(seconds=4 * WINDOW_S))
    number, result = _read(body)
    message = queries.by_number(session, number)
    if message is None or message.channel != "webhook" or message.state not in _OPEN:
        raise Problem("receipt_refused")
    _note(session, message, result, now)


def _need_signed(secret: str, body: bytes, timestamp: str, signature: str, now: datetime) -> None:
    good = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    is_signed = hmac.compare_digest(f"sha256={good}".encode(), signature.encode())
    is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12
    if not secret or not is_signed or not is_number or abs(now.timestamp() - int(timestamp)) > WINDOW_S:
        raise Problem("receipt_refused")


def _read(body: bytes) -> tuple[int, Result]:
    try:
        said = orjson.loads(body)
        number, state, reason = said["id"], said["state"], said.get("reason")
        if type(number) is not int or not 0 < number < 2**63 or state not in ("delivered", "failed"):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem("receipt_refused") from error
    return number, Result(state == "delivered", str(reason)[:200] if reason else None)


def ask_results(database: Database, settings: Settings) -> int:
    """Ask providers what became of what they took; returns how many told. One server at a time."""
    channels = {name: one for name, one in open_channels(settings).items() if isinstance(one, Tells)}
    if not channels:
        return 0
    with database.alone("ask message results") as is_mine, database.snapshot() as session:
        due = queries.to_ask(session, channels, datetime.now(UTC), MOST_AT_ONCE) if is_mine else []
    return sum(_ask(database, channels[one.channel], one) for one in due)


def _ask(database: Database, channel: Tells, message: Message) -> bool:
    party = (message.party_kind or "", str(message.party_id))
    with database.snapshot() as session:
        phone = phone_of(session, party) if message.party_id else None
    since = message.sent_at or message.ended_at or message.wanted_at
    on = since.astimezone(PROVIDER_ZONE).date()
    result = channel.result(provider_key(message), phone, message.provider_id, on) if phone else None
    now = datetime.now(UTC)
    with database.transaction() as session:
        found = session.get_one(Message, message.id, with_for_update=True)
        if found.state not in _OPEN:
            found.ask_at = None
        elif result is not None:
            _note(session, found, result, now)
        else:
            # The pause grows with what has passed.
            found.ask_at = None if now - since > ASKED_FOR else now + max(now - since, timedelta(seconds=30))
    return result is not None


def _note(session: Session, message: Message, result: Result, now: datetime) -> None:
    message.state = "delivered" if result.is_delivered else "failed"
    message.reason = None if result.is_delivered else result.reason
    message.ended_at, message.ask_at = now, None
    message.sent_at = message.sent_at or now
    if not result.is_delivered:
        alarm(session, message, now)
