"""“Pull now”: a word to open phones and consoles when something of theirs was written. It carries no data.

Published after the commit, by whoever serves the outbox; a phone that hears nothing polls every 30 seconds anyway.
"""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Iterator

import redis
import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.config import Settings

log = structlog.get_logger(__name__)
_PREFIX = "wangge:nudge:"
LEAST_SECONDS = 5.0
SPREAD_SECONDS = 2.0
HEARTBEAT_SECONDS = 20.0
# A stream ends by itself: the next one begins with the scopes and the token of that moment.
STREAM_SECONDS = 600.0


def open_broker(settings: Settings) -> redis.Redis | None:
    """The broker as a place to call out; None where there is none."""
    url = settings.broker_url.replace("redis+socket://", "unix://").split("?")[0]
    return redis.Redis.from_url(url) if url.startswith(("redis://", "rediss://", "unix://")) else None


def scopes_of(session: Session, keys: Collection[tuple[str, str]]) -> set[str]:
    """Every scope that these records are in, or have just left."""
    rows = session.execute(
        text(
            "SELECT DISTINCT scope FROM sync_entry WHERE (kind, id) IN (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS uuid[])))"
        ),
        {"kinds": [key[0] for key in keys], "ids": [key[1] for key in keys]},
    )
    return set(rows.scalars())


def call_out(broker: redis.Redis | None, scopes: Collection[str]) -> None:
    """Say that these scopes have news; that nobody heard it is no failure."""
    if broker is None or not scopes:
        return
    try:
        with broker.pipeline(transaction=False) as pipeline:
            for scope in scopes:
                pipeline.publish(_PREFIX + scope, b"")
            pipeline.execute()
    except redis.RedisError as error:
        log.warning("nudge.failed", error=type(error).__name__)


def listen(
    broker: redis.Redis, scopes: Collection[str], *, least: float = LEAST_SECONDS, spread: float = SPREAD_SECONDS,
    lasting: float = STREAM_SECONDS,
) -> Iterator[bytes]:  # fmt: skip
    """Server-sent events: one `pull` for all that came within `least` seconds, a little spread out; heartbeats between."""
    with broker.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
        channel.subscribe(*[_PREFIX + scope for scope in scopes])
        ends, spoke, beat = time.monotonic() + lasting, time.monotonic() - least, time.monotonic()
        yield b"retry: 5000\n: listening\n\n"
        while time.monotonic() < ends:
            if channel.get_message(timeout=max(min(beat + HEARTBEAT_SECONDS, ends) - time.monotonic(), 0.01)) is None:
                if time.monotonic() >= beat + HEARTBEAT_SECONDS:
                    beat = time.monotonic()
                    yield b": still here\n\n"
                continue
            time.sleep(max(0.0, spoke + least - time.monotonic()) + random.uniform(0, spread))
            while channel.get_message(timeout=0) is not None:
                pass
            spoke = time.monotonic()
            yield b"event: pull\ndata:\n\n"
