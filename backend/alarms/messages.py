"""Outgoing messages of alarms: to administrators, urgent ones also in quiet hours."""

from backend.alarms.services.telling import PLAIN, URGENT, message_of
from backend.core.sentences import sentence
from backend.notices.services.purposes import Made, Purpose
from geo.sentences import Words


def _words(text: Words) -> Words:
    return sentence("alarms.message", text=text)


_TAKES, _MUST = {"text": "words"}, frozenset({"text"})
ALARM = Purpose("alarm", sentence("alarms.purpose"), _TAKES, _MUST, _words)
URGENT_ALARM = Purpose(
    "urgent_alarm", sentence("alarms.urgent_purpose"), _TAKES, _MUST, _words, is_urgent=True
)
MESSAGES = {PLAIN: Made(ALARM, message_of), URGENT: Made(URGENT_ALARM, message_of)}
