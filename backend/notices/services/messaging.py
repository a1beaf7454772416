"""Sends urgent messages to the operator's gateway (SMS, WeCom) by HTTP.

One goes after the other, each until it was taken. No transaction is open while the gateway is asked: it may
be slow, and an open one makes every cursor longer.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import httpx
import orjson
import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend.core import capabilities
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.events import MOST_ATTEMPTS, Outbox
from backend.core.kinds.account import Account
from backend.notices.services.notifying import MESSAGE
from backend.people.kinds.staff import Staff

log = structlog.get_logger(__name__)
_TIMEOUT_S = 10.0
# To whom a message goes and in which words (zh, en), by the id of what it is about; None where it need not go
# any more.
Maker = Callable[[Session, Settings, str], tuple[str, str, str] | None]


@dataclass(frozen=True, slots=True)
class _Message:
    id: int
    attempts: int
    phone: str | None
    zh: str
    en: str


def deliver(database: Database, settings: Settings, *, most: int = 200) -> int:
    """Hand the messages that are due to `WANGGE_NOTIFY_URL`; returns how many were taken.

    One worker at a time. Each is a POST of `{id, to, zh, en}` with `Idempotency-Key` and, where a secret is
    set, `X-Wangge-Signature: sha256=<HMAC of the body>`. What is not taken is tried again, after 2, 4, 8 …
    seconds, eight times.
    """
    taken = 0
    with database.alone("deliver messages") as is_mine:
        for _ in range(most if is_mine else 0):
            message = _next(database, settings)
            if message is None:
                break
            error = _posted(settings, message) if message.phone else "no_phone"
            _note(database, message, error)
            taken += error is None
    return taken


@cache
def _makers() -> dict[str, Maker]:
    """What a message names -> who makes its words when it goes out, collected from the capabilities."""
    return {name: one for module in capabilities.modules("messages") for name, one in module.MESSAGES.items()}


def _next(database: Database, settings: Settings) -> _Message | None:
    due = (
        select(Outbox.id, Outbox.attempts, Outbox.detail)
        .where(Outbox.fact == MESSAGE, Outbox.done_at.is_(None), Outbox.due_at <= datetime.now(UTC))
        .where(Outbox.attempts < MOST_ATTEMPTS)
        .order_by(Outbox.id)
        .limit(1)
    )
    with database.snapshot() as session:
        row = session.execute(due).one_or_none()
    if row is None:
        return None
    for name, made_by in _makers().items():
        if name in row.detail:
            with database.transaction() as session:
                to = made_by(session, settings, row.detail[name]) or (None, "", "")
            return _Message(row.id, row.attempts, *to)
    with database.snapshot() as session:
        number = select(func.coalesce(Account.phone, Staff.work_phone)).select_from(Staff)
        staff_id = row.detail["staff_id"]
        phone = session.scalar(
            number.outerjoin(Account, Account.staff_id == Staff.id).where(Staff.id == staff_id)
        )
        return _Message(row.id, row.attempts, phone, row.detail["zh"], row.detail["en"])


def _posted(settings: Settings, message: _Message) -> str | None:
    """What kept the gateway from taking it, else None."""
    body = orjson.dumps({"id": message.id, "to": message.phone, "zh": message.zh, "en": message.en})
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"wangge-{message.id}"}
    if settings.notify_secret:
        digest = hmac.new(settings.notify_secret.encode(), body, hashlib.sha256).hexdigest()
        headers["X-Wangge-Signature"] = f"sha256={digest}"
    try:
        httpx.post(settings.notify_url, content=body, headers=headers, timeout=_TIMEOUT_S).raise_for_status()
    except httpx.HTTPStatusError as error:
        return f"status_{error.response.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return type(error).__name__
    return None


def _note(database: Database, message: _Message, error: str | None) -> None:
    now, attempts = datetime.now(UTC), message.attempts + (error is not None)
    values = {"attempts": attempts, "last_error": error, "due_at": now + timedelta(seconds=2**attempts)}
    if error in (None, "no_phone"):
        # Nobody to send it to: the notice on their phone stands all the same.
        values["done_at"] = now
    if error:
        log.warning("message.not_taken", message=message.id, attempts=attempts, error=error)
    with database.transaction() as session:
        session.execute(update(Outbox).where(Outbox.id == message.id).values(**values))
