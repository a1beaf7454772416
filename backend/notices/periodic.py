"""Periodic tasks of notices: sends what waits to go out, and asks what became of it."""

from backend.core.running import Periodic, Worker
from backend.notices.services.messaging import deliver
from backend.notices.services.results import ask_results


def _deliver(worker: Worker) -> int:
    return deliver(worker.database, worker.settings)


def _ask(worker: Worker) -> int:
    return ask_results(worker.database, worker.settings)


PERIODIC = (
    Periodic("wangge.deliver_messages", 5.0, _deliver, expires_s=5.0),
    Periodic("wangge.ask_message_results", 30.0, _ask, expires_s=30.0),
)
