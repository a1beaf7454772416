"""What follows for dispatch: an urgent job at night goes to the crew on call."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.core import config
from backend.core.subscribing import Subscriptions, while_there
from backend.dispatch.services.emergencies import send_on_call
from backend.notices.services.notifying import channel_named


def _send_on_call(session: Session, job_id: str) -> None:
    settings = config.read()
    send_on_call(session, settings, channel_named(settings.notify_channel), job_id)


FOLLOWS: Subscriptions = {"work_order.written": (while_there(_send_on_call),)}
