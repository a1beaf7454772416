"""The operator's own gateway by HTTP: `{id, to, zh, en}` by POST, signed, until it is taken.

`Idempotency-Key` is the same at each attempt; where a secret is set, `X-Wangge-Signature: sha256=<HMAC of the
body>`. What becomes of a message it may tell by a signed receipt (`services/results.py`).
"""

from __future__ import annotations

import hashlib
import hmac
import math
from typing import ClassVar

import orjson

from backend.core.config import Settings
from backend.notices.services.channels.port import Answer, Letter, Outcome, Refusal, asked


class Webhook:
    """One POST for each message. Whatever it answers but success is tried again: gateways say 4xx also
    while they are being set up."""

    name: ClassVar[str] = "webhook"
    address: ClassVar[str] = "phone"
    repeats_safely_s: ClassVar[float] = math.inf

    def __init__(self, settings: Settings) -> None:
        self._url, self._secret = settings.notify_url, settings.notify_secret

    @classmethod
    def is_set(cls, settings: Settings) -> bool:
        """It has an address."""
        return bool(settings.notify_url)

    def send(self, letter: Letter) -> Answer:
        """Post it."""
        body = orjson.dumps({"id": letter.number, "to": letter.to, "zh": letter.zh, "en": letter.en})
        headers = {"Content-Type": "application/json", "Idempotency-Key": letter.key}
        if self._secret:
            digest = hmac.new(self._secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Wangge-Signature"] = f"sha256={digest}"
        try:
            asked("POST", self._url, content=body, headers=headers)
        except Refusal as refusal:
            return Answer(Outcome.LATER, refusal.answer.reason, wait_s=refusal.answer.wait_s)
        return Answer(Outcome.SENT)
