"""Signs of life of the worker and of its clock, each from the process that would fall silent.

The worker's comes from its main process, whatever its children work at; the clock's from the process that
puts tasks to the broker, when it has put one.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import structlog
from celery.signals import after_task_publish, beat_embedded_init, beat_init, worker_ready
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from backend.alarms.queries.pulses import CLOCK, WORKER
from backend.alarms.services.keeping_watch import Heart, keep_watch
from backend.core.config import Settings
from backend.core.db import Database, make_engine

log = structlog.get_logger(__name__)


def install(settings: Settings) -> None:
    """From now on a worker, and a clock, that start in this process or below it give signs of life."""
    worker_ready.connect(lambda **_: _watch_in_worker(settings), weak=False)
    for begins in (beat_embedded_init, beat_init):
        begins.connect(lambda **_: _watch_clock(settings), weak=False)


def _database(settings: Settings) -> Database:
    # No connection is open between two looks: a child would inherit it.
    return Database(make_engine(settings.database_url, poolclass=NullPool))


def _watch_in_worker(settings: Settings) -> None:
    """The main process replaces children that ended by forking: not in the middle of a look."""
    looking = threading.Lock()
    os.register_at_fork(
        before=looking.acquire, after_in_parent=looking.release, after_in_child=looking.release
    )
    keep_watch(_database(settings), settings, WORKER, while_at_it=looking)


def _watch_clock(settings: Settings) -> None:
    heart, database, last = Heart(settings, CLOCK), _database(settings), [0.0]

    def was_put(**_: Any) -> None:
        if time.monotonic() - last[0] < settings.alarm_look_s:
            return
        last[0] = time.monotonic()
        try:
            heart.beat(database, looks_round=False)
        except SQLAlchemyError as error:
            log.warning("clock.unseen", error=type(error).__name__)

    after_task_publish.connect(was_put, weak=False)
