"""The Celery application: waking the outbox, and what runs by the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

import structlog
from celery import Celery, shared_task
from celery.schedules import crontab
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from backend.core import config
from backend.core.blobs.store import open_blobs
from backend.core.blobs.upload_files import Parts
from backend.core.db import Database, make_engine
from backend.core.queries.scopes import CITY
from backend.core.queue import serving
from backend.core.services.guessing import BROKER_AWAY_S
from backend.core.services.tidying import tidy
from backend.customers.services.visiting import plan_visits
from backend.dispatch.services.day_plans import work_out_waiting
from backend.dispatch.services.dispatching import escalate_unopened
from backend.evidence.services.picturing import look_at_waiting
from backend.evidence.services.sealing import seal_history
from backend.evidence.services.uploading import Receiving, clear_away, settle_waiting
from backend.jobs.services.key_customers import keep_points
from backend.notices.services.messaging import deliver
from backend.notices.services.notifying import channel_named
from backend.people.services.positions import forget_old
from backend.phones.services.device_alerts import tell_of_silence
from backend.phones.services.history import watch_history
from backend.phones.services.nudging import open_broker
from backend.phones.services.syncing import retry_held
from backend.territory.services.coverage import tell_of_gaps
from backend.territory.services.ground_plans import apply_due, draw_waiting
from sync.postgres.push import deadline_passed

log = structlog.get_logger(__name__)


def make_celery(settings: config.Settings) -> Celery:
    """Celery on Redis or Valkey. Messages are only wake-ups: the work itself stands in PostgreSQL's outbox."""
    app = Celery("wangge", broker=settings.broker_url, include=["backend.core.queue.tasks"])
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
        timezone=CITY.key,
        beat_schedule={
            "sweep the outbox": {"task": "wangge.serve_outbox", "schedule": 5.0},
            "make plans": {"task": "wangge.make_plans", "schedule": 3.0, "options": {"expires": 3.0}},
            "turn the ground": {"task": "wangge.turn_ground", "schedule": 600.0},
            "watch coverage": {"task": "wangge.watch_coverage", "schedule": crontab(hour=6, minute=30)},
            "park what waited too long": {"task": "wangge.end_holds", "schedule": 60.0},
            "escalate unopened jobs": {"task": "wangge.escalate", "schedule": 30.0},
            "deliver messages": {"task": "wangge.deliver_messages", "schedule": 5.0, "options": {"expires": 5.0}},
            "watch history": {"task": "wangge.watch_history", "schedule": 60.0},
            "look for silent phones": {"task": "wangge.find_silent", "schedule": crontab(minute=40)},
            "look at pictures": {"task": "wangge.look_at_pictures", "schedule": 3.0, "options": {"expires": 3.0}},
            "keep what waited": {"task": "wangge.settle_uploads", "schedule": 15.0, "options": {"expires": 15.0}},
            "seal history": {"task": "wangge.seal_history", "schedule": 60.0, "options": {"expires": 60.0}},
            "tidy": {"task": "wangge.tidy", "schedule": crontab(minute=20)},
            "plan visits": {"task": "wangge.plan_visits", "schedule": crontab(hour=2, minute=10)},
        },
    )
    return app


def make_wake(settings: config.Settings) -> Callable[[], None]:
    """A function that asks the workers to look into the outbox, at most five times a second; it never raises.

    Without a broker, and for a while where it did not answer, nothing is asked: the sweep finds the facts.
    """
    if not settings.broker_url:
        return lambda: None
    app = make_celery(settings)
    # Whoever wrote does not wait for a broker that is away or hangs.
    app.conf.broker_transport_options |= {"max_retries": 0, "interval_start": 0, "socket_timeout": 1}
    last = [0.0]

    def wake() -> None:
        now = time.monotonic()
        if now - last[0] < 0.2:
            return
        last[0] = now
        try:
            # At once, because a colleague's console waits; and a moment later, for facts announced just after this call.
            for seconds in (0.0, 0.3):
                app.send_task("wangge.serve_outbox", countdown=seconds, retry=False)
        except (KombuError, OSError, RedisError) as error:
            last[0] = now + BROKER_AWAY_S
            log.warning("wake.failed", error=type(error).__name__)

    return wake


@lru_cache(maxsize=1)
def _database() -> Database:
    return Database(make_engine(config.read().database_url, pool_size=4))


@shared_task(name="wangge.serve_outbox")
def serve_outbox() -> int:
    """Serve the facts that are due."""
    return serving.serve(_database(), broker=open_broker(config.read()))


@shared_task(name="wangge.make_plans")
def make_plans() -> int:
    """Draw the cells and work out the days that were asked for."""
    return draw_waiting(_database()) + work_out_waiting(_database(), config.read())


@shared_task(name="wangge.turn_ground")
def turn_ground() -> int:
    """Let accepted plans for cells whose day has come be true."""
    return apply_due(_database())


@shared_task(name="wangge.watch_coverage")
def watch_coverage() -> int:
    """Tell supervisors of ground that nobody serves."""
    with _database().transaction() as session:
        return tell_of_gaps(session)


@shared_task(name="wangge.end_holds")
def end_holds() -> int:
    """Judge again what was held for somebody else's record, and park what waited too long."""
    with _database().transaction() as session:
        retry_held(session)
        return deadline_passed(session.connection(), datetime.now(UTC))


@shared_task(name="wangge.watch_history")
def watch() -> str | None:
    """Open a new epoch when the database was restored behind our back."""
    return watch_history(_database(), config.read().home)


@shared_task(name="wangge.find_silent")
def find_silent() -> int:
    """Tell dispatchers of phones that have not spoken, that fail, or that hold old work."""
    with _database().transaction() as session:
        return tell_of_silence(session, datetime.now(UTC))


@shared_task(name="wangge.escalate")
def escalate() -> int:
    """Tell dispatchers of jobs nobody opened."""
    settings = config.read()
    with _database().transaction() as session:
        return escalate_unopened(session, channel_named(settings.notify_channel), settings.escalate_after_minutes)


@shared_task(name="wangge.deliver_messages")
def deliver_messages() -> int:
    """Hand urgent messages to the operator's gateway, where there is one."""
    settings = config.read()
    return deliver(_database(), settings) if settings.notify_channel == "webhook" else 0


@shared_task(name="wangge.plan_visits")
def plan_due_visits() -> int:
    """The nightly plan."""
    with _database().transaction() as session:
        keep_points(session)
        return plan_visits(session)


@shared_task(name="wangge.look_at_pictures")
def look_at_pictures() -> int:
    """Make the small copies of photos that have arrived."""
    return look_at_waiting(_database(), open_blobs(config.read().objects_url))


@shared_task(name="wangge.settle_uploads")
def settle_uploads() -> int:
    """Keep whole files whose store was away."""
    return settle_waiting(_receiving())


def _receiving() -> Receiving:
    settings = config.read()
    blobs = open_blobs(settings.objects_url)
    return Receiving(_database(), Parts(settings.home / "uploads"), blobs, settings.upload_day_bytes)


@shared_task(name="wangge.seal_history")
def seal() -> int:
    """Seal what was written since the last minute."""
    settings = config.read()
    return seal_history(_database(), settings.keys, settings.home)


@shared_task(name="wangge.tidy")
def tidy_up() -> int:
    """Forget served facts, ended tokens, uploads nobody continues and old positions."""
    clear_away(_receiving())
    with _database().transaction() as session:
        forget_old(session, config.read().position_days)
        return tidy(session)
