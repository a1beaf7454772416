"""Periodic tasks of notices: sends urgent messages to the operator's gateway, where there is one."""

from backend.core.running import Periodic, Worker
from backend.notices.services.messaging import deliver


def _deliver(worker: Worker) -> int:
    return deliver(worker.database, worker.settings) if worker.settings.notify_channel == "webhook" else 0


PERIODIC = (Periodic("wangge.deliver_messages", 5.0, _deliver, expires_s=5.0),)
