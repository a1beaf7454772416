"""Periodic tasks of notices: sends what waits to go out, asks what became of it, forgets what is old."""

from backend.core.running import Clock, Periodic, Worker
from backend.notices.services.messaging import deliver
from backend.notices.services.results import ask_results
from backend.notices.services.tidying import forget_old


def _deliver(worker: Worker) -> int:
    return deliver(worker.database, worker.settings)


def _ask(worker: Worker) -> int:
    return ask_results(worker.database, worker.settings)


def _forget(worker: Worker) -> int:
    with worker.database.transaction() as session:
        return forget_old(session, worker.settings.message_days)


PERIODIC = (
    Periodic("wangge.deliver_messages", 5.0, _deliver, expires_s=5.0),
    Periodic("wangge.ask_message_results", 30.0, _ask, expires_s=30.0),
    Periodic("wangge.tidy", Clock(20), _forget),
)
