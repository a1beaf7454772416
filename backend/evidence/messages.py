"""Outgoing messages of evidence: the link by which a customer who was away confirms."""

from backend.evidence.services.confirming import message_of

MESSAGES = {"confirmation_id": message_of}
