"""What WeCom and DingTalk share: JSON posted, answered by an `errcode`; texts of 2,048 bytes at most."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

from backend.notices.services.channels.access_token import STALE
from backend.notices.services.channels.port import Answer, Outcome, asked, json_of

# Longest text in bytes of UTF-8: what is longer is cut or refused there.
MOST_BYTES = 2048
RATE_WAIT_S = 60
_LATER = frozenset({-1}) | STALE


def posted(url: str, params: Mapping[str, str], body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is answered to a body. Raises Refusal."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    return json_of(asked("POST", url, params=params, content=orjson.dumps(body), headers=headers))


def understood(said: Mapping[str, Any], rates: Collection[int], provider_id: str | None) -> Answer:
    """What became of a message by its `errcode`; `rates` are the codes of "too many at once"."""
    code = said.get("errcode")
    if code == 0:
        return Answer(Outcome.SENT, provider_id=provider_id)
    if code in rates:
        return Answer(Outcome.LATER, f"errcode_{code}", wait_s=RATE_WAIT_S)
    return Answer(Outcome.LATER if code in _LATER else Outcome.REFUSED, f"errcode_{code}")


def cut(text: str) -> str:
    """At most so many bytes, and no half character."""
    return text.encode()[:MOST_BYTES].decode(errors="ignore")


def is_number(agent_id: str) -> bool:
    """Whether an application's number is one."""
    return agent_id.isascii() and agent_id.isdigit()
