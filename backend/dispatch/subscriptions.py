"""Subscriptions of dispatch: an urgent job at night goes to the crew on call."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.core import config
from backend.core.subscribing import Subscriptions, of_record, while_there
from backend.dispatch.services.emergencies import WAITS, send_on_call, tell_of_waiting
from backend.notices.services.notifying import channel_named


def _send_on_call(session: Session, job_id: str) -> None:
    settings = config.read()
    send_on_call(session, settings, channel_named(settings.notify_channel), job_id)


FOLLOWS: Subscriptions = {
    "work_order.written": (while_there(tell_of_waiting),),
    WAITS: (of_record(_send_on_call),),
}
