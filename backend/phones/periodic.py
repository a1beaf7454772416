"""Periodic tasks of phones: retries held work, alerts about silent phones, notices a restored database."""

from datetime import UTC, datetime

from backend.core.running import Clock, Periodic, Worker
from backend.phones.services.device_alerts import tell_of_silence
from backend.phones.services.history import watch_history
from backend.phones.services.syncing import retry_held
from sync.postgres.push import deadline_passed


def _end_holds(worker: Worker) -> int:
    with worker.database.transaction() as session:
        retry_held(session)
        return deadline_passed(session.connection(), datetime.now(UTC))


def _find_silent(worker: Worker) -> int:
    with worker.database.transaction() as session:
        return tell_of_silence(session, datetime.now(UTC))


PERIODIC = (
    Periodic("wangge.end_holds", 60.0, _end_holds),
    Periodic(
        "wangge.watch_history", 60.0, lambda worker: watch_history(worker.database, worker.settings.home)
    ),
    Periodic("wangge.find_silent", Clock(40), _find_silent),
)
