"""Declares periodic tasks: what a capability's `periodic` module lists; the queue collects and runs it.

Several may share a task's name: they run one after the other, those of lower capabilities first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from backend.core.blobs.store import BlobStore, open_blobs
from backend.core.config import Settings
from backend.core.db import Database


@dataclass(frozen=True)
class Worker:
    """What a task works with."""

    database: Database
    settings: Settings

    @cached_property
    def blobs(self) -> BlobStore:
        """The object store."""
        return open_blobs(self.settings.objects_url)


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day in the city, or a minute of every hour where no hour is given."""

    minute: int
    hour: int | None = None


@dataclass(frozen=True, slots=True)
class Periodic:
    """One thing that runs again and again: under which task, how often (seconds, or by the clock), and
    what it does.

    A wake-up that is not taken within `expires_s` is forgotten: the next one is on its way.
    """

    task: str
    every: float | Clock
    run: Callable[[Worker], object]
    expires_s: float | None = None
