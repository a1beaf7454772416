"""The access token of an application (WeCom, DingTalk): asked for once, kept until shortly before its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from backend.notices.services.channels.port import Answer, Outcome, Refusal, asked, json_of

# So long before its end a token is asked for anew.
_EARLY_S = 120
# The token ended or was never good.
STALE = frozenset({40014, 42001})


class AccessToken:
    """One application's, kept in memory alone."""

    def __init__(self, url: str, key: Mapping[str, str]) -> None:
        self._url, self._key = url, key
        self._token, self._until = "", 0.0

    def used_in(self, send: Callable[[str], Mapping[str, Any]]) -> Mapping[str, Any]:
        """What is answered to a request with the token; with a new one where it had ended meanwhile.

        Raises Refusal.
        """
        said = send(self._get())
        if said.get("errcode") in STALE:
            self._until = 0.0
            said = send(self._get())
        return said

    def _get(self) -> str:
        if time.monotonic() >= self._until:
            said = self._asked()
            if said.get("errcode") != 0 or not said.get("access_token"):
                # -1 is "busy"; anything else says that the key is wrong, and stays so.
                code = said.get("errcode")
                outcome = Outcome.LATER if code in (-1, 0, None) else Outcome.REFUSED
                raise Refusal(Answer(outcome, f"token_errcode_{code}"))
            self._token = str(said["access_token"])
            self._until = time.monotonic() + max(int(said.get("expires_in") or 0) - _EARLY_S, 0)
        return self._token

    def _asked(self) -> Mapping[str, Any]:
        try:
            return json_of(asked("GET", self._url, params=self._key))
        except Refusal as refusal:
            answer = refusal.answer
            # No message was sent yet, whatever became of this request.
            outcome = Outcome.LATER if answer.outcome is Outcome.UNKNOWN else answer.outcome
            raise Refusal(Answer(outcome, f"token_{answer.reason}", wait_s=answer.wait_s)) from refusal
