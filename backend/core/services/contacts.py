"""When a device last spoke and how it fared: gathered in memory, written a few seconds later in one
statement.

A pull must not write; what a killed process had not written yet is told by the device's next contact.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backend.core.db import Database
from backend.core.queries.contacts import write_contacts

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
                write_contacts(session, rows)
