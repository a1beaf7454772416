"""The thread of each process that gives its sign of life and takes its turn at watching the alarms."""

from __future__ import annotations

import os
import re
import shutil
import socket
import threading
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy.exc import SQLAlchemyError

from backend.alarms.queries.pulses import write_pulse
from backend.alarms.services.table import ALARMS
from backend.alarms.services.watching import watch
from backend.core.config import Settings
from backend.core.db import Database
from backend.notices.services.messaging import deliver

log = structlog.get_logger(__name__)
BROKER_TIMEOUT_S = 2


class Heart:
    """The signs of life of this process, with what only it can see."""

    def __init__(self, settings: Settings, part: str) -> None:
        self.settings, self.part = settings, part
        self.host = socket.gethostname()
        self.who = f"{self.host}:{os.getpid()}"
        self._broker_answered_at = time.monotonic()

    def beat(self, database: Database, *, looks_round: bool = True) -> None:
        """One sign of life. Raises what the database says where it is away."""
        told = self._seen() if looks_round else {}
        with database.transaction() as session:
            write_pulse(session.connection(), self.part, self.who, told)

    def _seen(self) -> dict[str, object]:
        return {"host": self.host, "disks": free_by_folder(self.settings), "broker_away_s": self._away_s()}

    def _away_s(self) -> float:
        if not self.settings.broker_url or broker_answers(self.settings.broker_url):
            self._broker_answered_at = time.monotonic()
        return round(time.monotonic() - self._broker_answered_at, 1)


def free_by_folder(settings: Settings) -> dict[str, int]:
    """Bytes free where uploads and seals lie, and photos, where those are files."""
    places = {"home": settings.home}
    objects = urlsplit(settings.objects_url)
    if objects.scheme == "file":
        places["objects"] = Path(unquote(objects.path))
    found = {}
    for name, place in places.items():
        with suppress(OSError, StopIteration):
            there = next(one for one in (place, *place.parents) if one.exists())
            found[name] = shutil.disk_usage(there).free
    return found


def broker_answers(url: str) -> bool:
    """Whether it answers at once."""
    url = re.sub("^valkey", "redis", url.replace("redis+socket://", "unix://"))
    timeouts = {"socket_timeout": BROKER_TIMEOUT_S, "socket_connect_timeout": BROKER_TIMEOUT_S}
    try:
        with redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **timeouts) as client:
            client.ping()
    except (redis.RedisError, OSError, ValueError):
        return False
    return True


def watch_once(database: Database, settings: Settings, heart: Heart, *, hands_out: bool) -> frozenset[str]:
    """A sign of life and a look; `hands_out`: while nobody else can, messages are sent from here."""
    heart.beat(database)
    ringing = watch(database, settings)
    if hands_out and any(ALARMS[one].stops_messages for one in ringing & ALARMS.keys()):
        deliver(database, settings)
    return ringing


def keep_watch(
    database: Database,
    settings: Settings,
    part: str,
    *,
    hands_out: bool = False,
    while_at_it: AbstractContextManager[object] | None = None,
) -> threading.Thread:
    """Start the thread; it ends with the process. A database that is away is told once, in one line."""

    def run() -> None:
        heart, is_away = Heart(settings, part), False
        while True:
            try:
                with while_at_it or nullcontext():
                    watch_once(database, settings, heart, hands_out=hands_out)
            except SQLAlchemyError as error:
                if not is_away:
                    log.warning("watch.away", part=part, error=type(error).__name__)
                is_away = True
            except Exception as error:  # noqa: BLE001 - whatever breaks at one look, there is a next one
                log.error("watch.failed", part=part, error=type(error).__name__)
            else:
                is_away = False
            time.sleep(settings.alarm_look_s)

    thread = threading.Thread(target=run, name="alarms", daemon=True)
    thread.start()
    return thread
