"""Periodic tasks of people: deletes old positions."""

from backend.core.running import Clock, Periodic, Worker
from backend.people.services.positions import forget_old


def _forget_positions(worker: Worker) -> None:
    with worker.database.transaction() as session:
        forget_old(session, worker.settings.position_days)


PERIODIC = (Periodic("wangge.tidy", Clock(20), _forget_positions),)
