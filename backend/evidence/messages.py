"""Outgoing messages of evidence: the link by which a customer who was away confirms."""

from backend.core.sentences import sentence
from backend.evidence.services.confirming import message_of
from backend.notices.services.purposes import Made, Purpose

CONFIRMATION = Purpose(
    "confirmation_link",
    sentence("evidence.confirm_purpose"),
    {"number": "text", "url": "text"},
    frozenset({"url"}),
    lambda **values: sentence("evidence.confirm", **values),
)
MESSAGES = {"confirmation_id": Made(CONFIRMATION, message_of)}
