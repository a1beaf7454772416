"""Periodic tasks of notices: sends what waits to go out, asks what became of it, forgets what is old."""

from backend.core.retention import days_of, settable
from backend.core.running import Clock, Periodic, Worker
from backend.core.sentences import sentence
from backend.notices.services.messaging import deliver
from backend.notices.services.results import ask_results
from backend.notices.services.tidying import ADDRESS_DAYS, forget_old


def _deliver(worker: Worker) -> int:
    return deliver(worker.database, worker.settings)


def _ask(worker: Worker) -> int:
    return ask_results(worker.database, worker.settings)


def _forget(worker: Worker) -> int:
    with worker.database.transaction() as session:
        days = days_of("message_days", worker.settings.message_days)
        return forget_old(session, days, address_days=days_of("message_address_days", ADDRESS_DAYS))


PERIODIC = (
    Periodic("wangge.deliver_messages", 5.0, _deliver, expires_s=5.0),
    Periodic("wangge.ask_message_results", 30.0, _ask, expires_s=30.0),
    Periodic("wangge.tidy", Clock(20), _forget),
)
_MESSAGES = sentence("notices.kept_messages"), sentence("notices.kept_messages_why")
_ADDRESSES = sentence("notices.kept_addresses"), sentence("notices.kept_addresses_why")
KEEPS = (
    settable("message_days", _MESSAGES, lambda settings: settings.message_days),
    settable("message_address_days", _ADDRESSES, lambda _: ADDRESS_DAYS),
)
