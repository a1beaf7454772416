"""Health checks of the machine: programs, built pages, fonts, broker, object store, disk, keys."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.core.blobs.store import key_of, open_blobs
from backend.core.keys import BACKUPS, UnsafeKey
from backend.core.papers.typeset import FAMILY
from backend.core.sentences import sentence
from backend.setup.queries import health
from backend.setup.services.checkup import Check, Finding, State, Surroundings

GIB = 1024**3
WARN_FREE, FAIL_FREE = 10 * GIB, 1 * GIB
TIMEOUT_S = 5
_MAJOR = re.compile(r"(\d+)")


def check_programs(around: Surroundings) -> Iterator[Finding]:
    """Whether pg_dump and pg_restore are there, and no older than the server: it would refuse them."""
    server = None
    if around.database is not None:
        with around.database.snapshot() as session:
            server = health.server(session).version // 10_000
    for name in ("pg_dump", "pg_restore"):
        yield _program(around, name, server)


def _program(around: Surroundings, name: str, server: int | None) -> Finding:
    path, environment = around.program(name)
    try:
        said = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            env=environment,
            timeout=TIMEOUT_S,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        do = sentence("setup.program_missing_do", version=server or "")
        return Finding(name, State.FAIL, sentence("setup.program_missing", program=name), do)
    found = _MAJOR.search(said)
    major = int(found[1]) if found else 0
    if server is not None and major < server:
        old = sentence("setup.program_old", program=name, version=major, server=server)
        return Finding(name, State.FAIL, old, sentence("setup.program_missing_do", version=server))
    return Finding(name, State.OK, sentence("setup.program_ok", program=name, version=major))


def check_pages(around: Surroundings) -> Iterator[Finding]:
    """Whether the console and the phone's app were built."""
    root = around.settings.web_root
    missing = [one for one in ("console", "phone") if not (root / one / "index.html").is_file()]
    if missing:
        found = sentence("setup.pages_missing", pages=missing, folder=str(root))
        yield Finding("pages", State.FAIL, found, sentence("setup.pages_missing_do"))
    else:
        yield Finding("pages", State.OK, sentence("setup.pages_ok", folder=str(root)))


def check_fonts(around: Surroundings) -> Iterator[Finding]:
    """Whether there is a font for papers in Chinese."""
    for folder in around.font_folders:
        if any(folder.rglob(FAMILY)):
            yield Finding("fonts", State.OK, sentence("setup.fonts_ok", folder=str(folder)))
            return
    yield Finding("fonts", State.FAIL, sentence("setup.fonts_missing"), sentence("setup.fonts_missing_do"))


def check_broker(around: Surroundings) -> Iterator[Finding]:
    """Whether the broker answers, which wakes the worker and carries nudges to phones."""
    if not around.broker_url and not around.settings.database_url:
        yield Finding("broker", State.SKIPPED, sentence("setup.broker_private"))
        return
    if not around.broker_url:
        yield Finding("broker", State.FAIL, sentence("setup.broker_none"), sentence("setup.broker_do"))
        return
    url = re.sub("^valkey", "redis", around.broker_url.replace("redis+socket://", "unix://"))
    try:
        # Once, and not for long: who asks wants to know now.
        with redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        away = sentence("setup.broker_away", why=type(error).__name__)
        yield Finding("broker", State.FAIL, away, sentence("setup.broker_do"))
    else:
        yield Finding("broker", State.OK, sentence("setup.broker_ok"))


def check_objects(around: Surroundings) -> Iterator[Finding]:
    """Whether the store of photos answers."""
    parts = urlsplit(around.settings.objects_url)
    if parts.scheme == "file":
        yield _folder(Path(unquote(parts.path)))
        return
    try:
        open_blobs(around.settings.objects_url).has(key_of(secrets.token_hex(32)))
    except Exception as error:  # noqa: BLE001 - each kind of store fails in its own way
        away = sentence("setup.objects_away", why=type(error).__name__)
        yield Finding("objects", State.FAIL, away, sentence("setup.objects_do"))
    else:
        yield Finding("objects", State.OK, sentence("setup.objects_ok", where=parts.scheme))


def _folder(place: Path) -> Finding:
    """A folder of photos, or where it will be made: nothing is written to find out."""
    there = next(one for one in (place, *place.parents) if one.exists())
    if os.access(there, os.W_OK | os.X_OK):
        return Finding("objects", State.OK, sentence("setup.objects_ok", where=str(place)))
    away = sentence("setup.objects_away", why=str(there))
    return Finding("objects", State.FAIL, away, sentence("setup.objects_do"))


def check_disk(around: Surroundings) -> Iterator[Finding]:
    """How much room is left where uploads, photos and logs lie."""
    places = {around.settings.home}
    objects = urlsplit(around.settings.objects_url)
    if objects.scheme == "file":
        places.add(Path(unquote(objects.path)))
    seen = set()
    for place in sorted(one for one in places if one.exists()):
        if (device := place.stat().st_dev) in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(place).free
        found = sentence("setup.disk_free", gib=free / GIB, folder=str(place))
        state = State.FAIL if free < FAIL_FREE else State.WARN if free < WARN_FREE else State.OK
        yield Finding("disk", state, found, None if state is State.OK else sentence("setup.disk_do"))


def check_keys(around: Surroundings) -> Iterator[Finding]:
    """Whether every purpose has a key, and the ring is its owner's alone."""
    keys = around.settings.keys
    try:
        keys.need_all()
        count = len(keys.ring().keys)
        has_backup_key = any(one.purpose == BACKUPS for one in keys.ring().keys)
    except UnsafeKey as error:
        yield Finding(
            "keys", State.FAIL, sentence("setup.keys_unsafe", why=str(error)), sentence("setup.keys_do")
        )
        return
    if not has_backup_key:
        yield Finding(
            "keys", State.WARN, sentence("setup.keys_no_backup"), sentence("setup.keys_no_backup_do")
        )
    else:
        yield Finding("keys", State.OK, sentence("setup.keys_ok", count=count))


CHECKS = (
    Check("programs", check_programs),
    Check("pages", check_pages),
    Check("fonts", check_fonts),
    Check("broker", check_broker),
    Check("objects", check_objects),
    Check("disk", check_disk),
    Check("keys", check_keys),
)
