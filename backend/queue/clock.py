"""The clock of the periodic tasks: Celery's scheduler, of which one runs on a database, however many start.

A second one says so, waits, and takes over when the first one ends. While the database is away none runs:
what it would wake could do nothing.
"""

from __future__ import annotations

from typing import Any

import structlog
from celery.beat import PersistentScheduler
from sqlalchemy.pool import NullPool

from backend.core import config
from backend.core.db import Database, Turn, make_engine

log = structlog.get_logger(__name__)
# The name under which a clock holds its turn.
CLOCK = "the clock"
WAIT_S = 2.0


class OneClock(PersistentScheduler):  # type: ignore[misc]
    """Sends what is due while the turn is its own; `turn` is another's in tests alone."""

    def __init__(self, *arguments: Any, turn: Turn | None = None, **options: Any) -> None:
        self._turn = turn or _own_turn()
        self._told = ""
        self._is_broker_away = False
        super().__init__(*arguments, **options)

    def setup_schedule(self) -> None:
        """Open the file of what ran when: only once it is this one's turn, for two would spoil it."""
        if self._has_turn():
            super().setup_schedule()

    def tick(self, *arguments: Any, **options: Any) -> float:
        """Send one that is due; the seconds until the next look."""
        if not self._has_turn():
            self._leave()
            return WAIT_S
        if self._store is None:
            super().setup_schedule()
        return float(super().tick(*arguments, **options))

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        """Send one; a broker that is away is said once, not for each with all that led there."""
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except Exception as error:  # noqa: BLE001 - the library hides what it was behind an error of its own
            if not self._is_broker_away:
                log.warning(
                    "clock.broker_away", task=entry.task, error=type(error.__cause__ or error).__name__
                )
            self._is_broker_away = True
        else:
            if self._is_broker_away:
                log.info("clock.broker_back")
            self._is_broker_away = False

    def close(self) -> None:
        """End, and let another one take over at once."""
        super().close()
        self._store = None
        self._turn.give_back()

    def _leave(self) -> None:
        if self._store is not None:
            self._store.close()
        self._store, self._heap = None, None

    def _has_turn(self) -> bool:
        has, event = self._turn.take(), ""
        if not has:
            event = "clock.database_away" if self._turn.is_away else "clock.another_runs"
        if event != self._told and (event or self._told):
            said = _SAID.get(event, "this clock runs")
            log.warning(event or "clock.runs", said=said)
        self._told = event
        return has


_SAID = {
    "clock.another_runs": "another one runs on this database; this one waits, and takes over when that ends",
    "clock.database_away": "the database is away; the clock goes on when it is back",
}


def _own_turn() -> Turn:
    # A connection of its own, open for as long as the turn is held.
    return Database(make_engine(config.read().database_url, poolclass=NullPool)).turn(CLOCK)
