"""Periodic tasks of dispatch: plans requested days, and escalates jobs that nobody opens."""

from backend.core.running import Periodic, Worker
from backend.dispatch.services.day_plans import work_out_waiting
from backend.dispatch.services.dispatching import escalate_unopened
from backend.notices.services.notifying import channel_named


def _escalate(worker: Worker) -> int:
    settings = worker.settings
    with worker.database.transaction() as session:
        return escalate_unopened(
            session, channel_named(settings.notify_channel), settings.escalate_after_minutes
        )


PERIODIC = (
    Periodic(
        "wangge.make_plans", 3.0, lambda one: work_out_waiting(one.database, one.settings), expires_s=3.0
    ),
    Periodic("wangge.escalate", 30.0, _escalate),
)
