"""Tells the administrators of an alarm: a notice for each, and a message by the channels of its purpose."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.alarms.queries.raised import administrators
from backend.alarms.services.table import Alarm
from backend.core.config import Settings
from backend.core.events import announce
from backend.core.services import record_writer
from backend.notices.queries.messages import unit_of_staff
from backend.notices.services.notifying import MESSAGE, tell
from backend.notices.services.purposes import Wanted
from geo.sentences import Words

# What the outgoing fact names: its purpose follows from that.
PLAIN, URGENT = "alarm_notice_id", "urgent_alarm_notice_id"


def tell_administrators(session: Session, settings: Settings, alarm: Alarm, words: Words) -> int:
    """Tell those of the topmost unit, or where it has none all there are; returns how many were told.

    The notice stands on their screens at once. The message waits for the end of quiet hours, but for an
    urgent alarm.
    """
    people = administrators(session)
    for staff_id, unit_id in people:
        notice = tell(
            session,
            None,
            staff_id,
            unit_id,
            topic="general",
            zh=words.zh,
            en=words.en,
            is_urgent=alarm.is_urgent,
        )
        if settings.notify_channel == "recorded":
            announce(session, "notify.recorded", staff_id=staff_id, zh=words.zh, en=words.en)
        else:
            about = {URGENT if alarm.is_urgent else PLAIN: notice.id}
            announce(session, MESSAGE, staff_id=staff_id, **about)
    return len(people)


def message_of(session: Session, _settings: Settings, notice_id: str) -> Wanted:
    """The message that goes with a notice of an alarm."""
    notice = record_writer.read(session, "notice", notice_id)
    values = {"text": Words(notice.values["text_zh"], notice.values["text_en"])}
    party = ("staff", notice.values["staff_id"])
    return Wanted(values, party, ("notice", notice_id), unit_of_staff(session, party[1]))
