"""Periodic tasks of people: deletes old positions."""

from backend.core.retention import days_of, settable
from backend.core.running import Clock, Periodic, Worker
from backend.core.sentences import sentence
from backend.people.services.positions import forget_old


def _forget_positions(worker: Worker) -> None:
    with worker.database.transaction() as session:
        forget_old(session, days_of("position_days", worker.settings.position_days))


PERIODIC = (Periodic("wangge.tidy", Clock(20), _forget_positions),)
_POSITIONS = sentence("people.kept_positions"), sentence("people.kept_positions_why")
KEEPS = (settable("position_days", _POSITIONS, lambda settings: settings.position_days),)
