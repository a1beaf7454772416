"""The Celery application: serves the outbox, and runs the capabilities' periodic tasks."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from celery import Celery
from celery.schedules import crontab
from kombu.exceptions import KombuError
from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend.core import capabilities, config
from backend.core.db import Database, make_engine
from backend.core.installation import installed
from backend.core.queries.installation_row import refresh
from backend.core.running import Clock, Periodic, Worker
from backend.core.services.guessing import BROKER_AWAY_S
from backend.phones.services.nudging import open_broker
from backend.queue import serving

log = structlog.get_logger(__name__)
_SERVE = "wangge.serve_outbox"
# How long a new time zone may go unseen by what wakes the others.
_SEEN_S = 60.0


class CityClock(crontab):  # type: ignore[misc]
    """A time of day by the city's clock, whatever city the installation is of by now."""

    @property
    def tz(self) -> ZoneInfo:
        """Its time zone."""
        return installed().time_zone

    def is_due(self, last_run_at: datetime) -> Any:
        """Whether it is time, and the seconds until it is again; also while the database is away."""
        with suppress(OperationalError):
            refresh(_database(), _SEEN_S)
        return super().is_due(last_run_at)


def make_celery(settings: config.Settings) -> Celery:
    """Celery on Redis or Valkey with all tasks.

    Messages only wake: the work itself stands in PostgreSQL's outbox.
    """
    app = _make_app(settings)
    app.task(name=_SERVE, shared=False)(_unless_away(_SERVE, _serve_outbox))
    for name, declared in periodic().items():
        app.task(name=name, shared=False)(_unless_away(name, _runner(declared)))
        app.conf.beat_schedule[name] = _beat(declared[0])
    return app


def _make_app(settings: config.Settings) -> Celery:
    app = Celery("wangge", broker=settings.broker_url)
    app.conf.update(
        task_acks_late=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        # For ever: a worker that gave up would have to be started again by hand.
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": 300,
            "unacked_restore_interval": 2,
            "unacked_restore_throttle": 1,
        },
        timezone=installed().time_zone.key,
        beat_schedule={_SERVE: {"task": _SERVE, "schedule": 5.0}},
        beat_scheduler="backend.queue.clock:OneClock",
    )
    return app


def periodic() -> dict[str, list[Periodic]]:
    """Task name -> what runs under it, collected from the capabilities."""
    found: dict[str, list[Periodic]] = {}
    for module in capabilities.modules("periodic"):
        for one in module.PERIODIC:
            found.setdefault(one.task, []).append(one)
    return found


def _unless_away(name: str, run: Callable[[], object]) -> Callable[[], None]:
    """A task that says in one line that the database is away: it runs again when it is due."""

    def attempt() -> None:
        try:
            run()
        except (OperationalError, PoolTimeout) as error:
            why = getattr(error, "orig", None) or error
            log.warning("database.away", task=name, error=type(why).__name__)

    return attempt


def _runner(declared: list[Periodic]) -> Callable[[], None]:
    def run() -> None:
        refresh(_database())
        worker = Worker(_database(), config.read())
        for one in declared:
            one.run(worker)

    return run


def _beat(one: Periodic) -> dict[str, object]:
    hour = "*" if not isinstance(one.every, Clock) or one.every.hour is None else one.every.hour
    schedule = CityClock(minute=one.every.minute, hour=hour) if isinstance(one.every, Clock) else one.every
    options = {"expires": one.expires_s} if one.expires_s else {}
    return {"task": one.task, "schedule": schedule, "options": options}


def make_wake(settings: config.Settings) -> Callable[[], None]:
    """A function that asks the workers to look into the outbox, at most five times a second; it never raises.

    Without a broker, and for a while where it did not answer, nothing is asked: the sweep finds the facts.
    """
    if not settings.broker_url:
        return lambda: None
    app = _make_app(settings)
    # Whoever wrote does not wait for a broker that is away or hangs.
    app.conf.broker_transport_options |= {"max_retries": 0, "interval_start": 0, "socket_timeout": 1}
    last = [0.0]

    def wake() -> None:
        now = time.monotonic()
        if now - last[0] < 0.2:
            return
        last[0] = now
        try:
            # At once, because a colleague's console waits; and a moment later, for facts announced just after
            # this call.
            for seconds in (0.0, 0.3):
                app.send_task(_SERVE, countdown=seconds, retry=False)
        except (KombuError, OSError, RedisError) as error:
            last[0] = now + BROKER_AWAY_S
            log.warning("wake.failed", error=type(error).__name__)

    return wake


@lru_cache(maxsize=1)
def _database() -> Database:
    settings = config.read()
    return Database(make_engine(settings.database_url, **settings.connections(4)))


def _serve_outbox() -> int:
    """Serve the facts that are due."""
    refresh(_database())
    return serving.serve(_database(), broker=open_broker(config.read()))
