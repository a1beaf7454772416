"""Nudges open phones and consoles to pull when something of theirs was written; carries no data.

Published after the commit, by whoever serves the outbox; a phone that hears nothing polls anyway.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Collection, Iterator
from typing import NamedTuple

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.core.actor import CREW, Actor
from backend.core.config import Settings
from backend.core.services.guessing import BROKER_AWAY_S, BROKER_TIMEOUT_S

log = structlog.get_logger(__name__)
_PREFIX = "wangge:nudge:"
HEARTBEAT_SECONDS = 20.0
# A stream ends by itself: the next one begins with the scopes and the token of that moment.
STREAM_SECONDS = 600.0
# Brokers that did not answer, by where they are: until when they are not asked again.
_away_until: dict[str, float] = {}


class Pace(NamedTuple):
    """How somebody hears: out of which streams, how long one nudge waits after another and over how many
    seconds it is spread, and how often to ask where no stream is left."""

    streams: threading.BoundedSemaphore
    least_s: float
    spread_s: float
    poll_s: int


# A listener holds a thread of this process: the pulls of everybody else must find some free. Consoles and
# crews, to whom an urgent job must come within seconds, do not find all streams taken by representatives.
_FIRST, _LAST = threading.BoundedSemaphore(24), threading.BoundedSemaphore(8)
DESK = Pace(_FIRST, 0.3, 0.05, 5)
CREWS = Pace(_FIRST, 2.0, 0.5, 5)
OTHERS = Pace(_LAST, 5.0, 2.0, 30)


def pace_of(actor: Actor) -> Pace:
    """A few consoles may hear at once what a thousand phones hear spread out."""
    if actor.is_office:
        return DESK
    return CREWS if actor.roles & CREW else OTHERS


def open_broker(settings: Settings) -> redis.Redis | None:
    """The broker as a place to call out; None where there is none."""
    url = settings.broker_url.replace("redis+socket://", "unix://").split("?")[0]
    if not url.startswith(("redis://", "rediss://", "unix://")):
        return None
    # A broker that hangs, or is away, holds nobody for longer than this: it is asked once.
    return redis.Redis.from_url(url, socket_timeout=BROKER_TIMEOUT_S, retry=Retry(NoBackoff(), 0))


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
    broker: redis.Redis, scopes: Collection[str], pace: Pace, lasting: float = STREAM_SECONDS
) -> Iterator[bytes]:
    """Server-sent events: one `pull` for all that came within the pace, a little spread out; heartbeats
    between.

    They end when the broker goes away: whoever listened comes again, and is told to poll for as long as there
    is none.
    """
    try:
        yield from _heard(broker, scopes, pace, lasting)
    except redis.RedisError as error:
        log.warning("nudge.broken", error=type(error).__name__)


def answers(broker: redis.Redis) -> bool:
    """Whether the broker is there; one that was not is asked again after a while, whoever comes meanwhile."""
    place = _place(broker)
    if time.monotonic() < _away_until.get(place, 0.0):
        return False
    try:
        return bool(broker.ping())
    except redis.RedisError as error:
        _away_until[place] = time.monotonic() + BROKER_AWAY_S
        log.warning("nudge.broker_away", error=type(error).__name__)
        return False


def _place(broker: redis.Redis) -> str:
    told = broker.connection_pool.connection_kwargs
    return str(told.get("path") or f"{told.get('host')}:{told.get('port')}")


def _heard(broker: redis.Redis, scopes: Collection[str], pace: Pace, lasting: float) -> Iterator[bytes]:
    with broker.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
        channel.subscribe(*[_PREFIX + scope for scope in scopes])
        ends, spoke, beat = time.monotonic() + lasting, time.monotonic() - pace.least_s, time.monotonic()
        yield b"retry: 5000\n: listening\n\n"
        while time.monotonic() < ends:
            if (
                channel.get_message(timeout=max(min(beat + HEARTBEAT_SECONDS, ends) - time.monotonic(), 0.01))
                is None
            ):
                if time.monotonic() >= beat + HEARTBEAT_SECONDS:
                    beat = time.monotonic()
                    yield b": still here\n\n"
                continue
            time.sleep(max(0.0, spoke + pace.least_s - time.monotonic()) + random.uniform(0, pace.spread_s))
            while channel.get_message(timeout=0) is not None:
                pass
            spoke = time.monotonic()
            yield b"event: pull\ndata:\n\n"
