"""Rate limits: by address, counted in the broker for all processes; by person, counted in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import cast

import structlog
from flask import Flask, current_app, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from backend.core.api.context import context
from backend.core.errors import Problem
from backend.core.services.guessing import BROKER_AWAY_S, counters_at, network_of

log = structlog.get_logger(__name__)
_parse = lru_cache(maxsize=64)(parse)


def asking_network() -> str:
    """The address of who asks, as wrong tries are counted by it."""
    return network_of(request.remote_addr)


def install(app: Flask, counted_at: str) -> None:
    """The counters of an app, in the storage of this address."""
    app.extensions["wangge.counters"] = Counters(counted_at)


def count_address(setting: str, what: str) -> None:
    """One more request from this address for `what`; raises too_many."""
    _count(setting, lambda item: _counters().address(item, what, asking_network()))


def count_person(setting: str, person_id: str) -> None:
    """One more request of this person; raises too_many."""
    _count(setting, lambda item: _counters().person(item, person_id))


def _counters() -> Counters:
    return cast(Counters, current_app.extensions["wangge.counters"])


def _count(setting: str, hit: Callable[[RateLimitItem], float]) -> None:
    settings = context().settings
    if not settings.limits_enabled:
        return
    if (wait_s := hit(_parse(getattr(settings, setting)))) > 0:
        raise Problem("too_many", retry_after_s=int(wait_s) + 1)


class Counters:
    """Both kinds of counts; each call gives the seconds to wait, 0 for none.

    Persons are known and their limit only stops what runs wild: it is counted without a way to the broker,
    which would cost the busiest addresses a tenth of their time. A broker that went away costs nobody their
    request either.
    """

    def __init__(self, uri: str) -> None:
        self._shared = SlidingWindowCounterRateLimiter(counters_at(uri, wrap_exceptions=True))
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._away_until = 0.0
        self._persons: dict[int, tuple[int, dict[str, int]]] = {}
        self._lock = threading.Lock()

    def address(self, item: RateLimitItem, *key: str) -> float:
        """Count for an address."""
        if time.monotonic() >= self._away_until:
            try:
                return _wait(self._shared, item, *key)
            except StorageError as error:
                self._away_until = time.monotonic() + BROKER_AWAY_S
                log.warning("limits.broker_away", error=type(error.storage_error).__name__)
        return _wait(self._own, item, *key)

    def person(self, item: RateLimitItem, person_id: str) -> float:
        """Count for a person, by whole windows."""
        span = item.get_expiry()
        number, passed = divmod(time.time(), span)
        with self._lock:
            window, counts = self._persons.get(span, (-1, {}))
            if window != int(number):
                counts = {}
                self._persons[span] = int(number), counts
            counts[person_id] = counts.get(person_id, 0) + 1
            return 0 if counts[person_id] <= item.amount else span - passed


def _wait(strategy: SlidingWindowCounterRateLimiter, item: RateLimitItem, *key: str) -> float:
    if strategy.hit(item, *key):
        return 0
    return max(strategy.get_window_stats(item, *key).reset_time - time.time(), 0.5)
