"""Device contact: when a device last spoke and how it fared, gathered in memory and written in batches.

A pull must not write; what a killed process had not written yet is told by the device's next contact.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import text

from backend.core.db import Database

SECONDS_TO_GATHER = 5.0


@dataclass(frozen=True, slots=True)
class Contact:
    """One exchange: when, with which error if any, and what the phone said of itself."""

    at: datetime
    failure: str | None = None
    said: dict[str, Any] = field(default_factory=dict)


class Contacts:
    """The latest contact of each device that is not written yet."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[str, Any]] = {}
        self._flushed_at = time.monotonic()

    def note(self, device_id: str, contact: Contact) -> None:
        """Remember a contact; every few seconds one of them carries the others to the database."""
        moment = contact.at.isoformat()
        row = {"failed_at": moment, "failure": contact.failure} if contact.failure else {"seen_at": moment}
        with self._lock:
            known = self._waiting.setdefault(device_id, {"id": device_id})
            known |= row | contact.said
            is_due = time.monotonic() - self._flushed_at >= SECONDS_TO_GATHER
            if is_due:
                self._flushed_at = time.monotonic()
        if is_due:
            threading.Thread(target=self.flush, daemon=True).start()

    def flush(self) -> None:
        """Write what was gathered."""
        with self._lock:
            rows, self._waiting = list(self._waiting.values()), {}
        if rows:
            with self._database.transaction() as session:
                session.execute(_WRITE, {"rows": orjson.dumps(rows).decode()})


_WRITE = text(
    """
    UPDATE device d
    SET last_seen_at = coalesce(r.seen_at, d.last_seen_at),
        last_failure_at = coalesce(r.failed_at, d.last_failure_at),
        last_failure = coalesce(r.failure, d.last_failure),
        waiting_count = coalesce(r.waiting, d.waiting_count),
        app_version = coalesce(r.app_version, d.app_version),
        storage_left_mb = coalesce(r.storage_left_mb, d.storage_left_mb)
    FROM json_to_recordset(:rows) AS r(id uuid,
        seen_at timestamptz,
        failed_at timestamptz,
        failure text,
        waiting int,
        app_version text,
        storage_left_mb int)
    WHERE d.id = r.id
"""
)
