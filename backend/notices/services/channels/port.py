"""The port of channels: what a message is to one, what it answers, and what failures of HTTP mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar, Protocol, runtime_checkable

import httpx
import orjson

from backend.core.config import Settings

TIMEOUT_S = 10.0
_LONGEST_ANSWER_BYTES = 256 * 1024


class Outcome(StrEnum):
    """What became of handing one message on."""

    SENT = "sent"
    # It will never be taken as it is.
    REFUSED = "refused"
    # Not taken now; it may be later.
    LATER = "later"
    # Nobody knows whether it was taken: the answer never came.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """A channel's answer: outcome, reason (a code, never words of the message), the provider's own number,
    and how many seconds to wait where it said so."""

    outcome: Outcome
    reason: str | None = None
    provider_id: str | None = None
    wait_s: int | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as a channel gets it.

    `key` is the same at each attempt; `number` is that of the outbox. `to` is a phone number, an id of WeCom
    or DingTalk, or a mailbox; with a group's robot it is the phone number to mention, or empty. `text` is
    what `zh` and `en` say in the recipient's language. `code` is the provider's own number of the template,
    whose `values` a channel fills in that sends approved templates alone.
    """

    key: str
    number: int
    to: str
    zh: str
    en: str
    text: str
    title: str = ""
    code: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    repeats: int = 0

    @property
    def marked_text(self) -> str:
        """The text with the message's own number: for who takes two messages of the same words for one."""
        return f"{self.text} #{self.number}" + (f"-{self.repeats}" if self.repeats else "")


class Channel(Protocol):
    """A way out. `address`: what it sends to (`phone`, `wecom`, `dingtalk`, `email`, `group`);
    `repeats_safely_s`: how many seconds the same key twice is one message to who gets it (0: never)."""

    name: ClassVar[str]
    address: ClassVar[str]
    repeats_safely_s: ClassVar[float]

    def __init__(self, settings: Settings) -> None: ...

    @classmethod
    def is_set(cls, settings: Settings) -> bool:
        """Whether the operator gave what it needs."""
        ...

    def send(self, letter: Letter) -> Answer:
        """Hand one message on. Raises nothing: whatever happens is an answer."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """What a provider says became of a message: delivered, or failed with its reason."""

    is_delivered: bool
    reason: str | None = None


@runtime_checkable
class Tells(Protocol):
    """A channel that tells what became of a message when it is asked."""

    def result(self, key: str, to: str, provider_id: str | None, on: date) -> Result | None:
        """What became of it, sent on that day by the provider's clock; None while it does not know."""
        ...


class Refusal(Exception):
    """An answer that ends an attempt early; `body` is what the provider said with a status that refuses."""

    def __init__(self, answer: Answer, body: bytes = b"") -> None:
        super().__init__(answer.reason)
        self.answer, self.body = answer, body


def asked(method: str, url: str, **options: Any) -> httpx.Response:
    """One request that was answered with a status below 400. Raises Refusal with what a failure means.

    Without a connection nothing was sent. A connection that broke later may have carried the message.
    """
    try:
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            response = client.request(method, url, **options)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL) as error:
        raise Refusal(Answer(Outcome.LATER, type(error).__name__)) from error
    except (httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
        raise Refusal(Answer(Outcome.LATER, type(error).__name__)) from error
    except httpx.HTTPError as error:
        raise Refusal(Answer(Outcome.UNKNOWN, type(error).__name__)) from error
    if response.is_success:
        return response
    raise Refusal(_of_status(response), response.content)


def _of_status(response: httpx.Response) -> Answer:
    status = response.status_code
    wait = response.headers.get("Retry-After", "")
    wait_s = int(wait) if wait.isascii() and wait.isdigit() else None
    if status in (408, 425, 429) or status >= 500:
        return Answer(Outcome.LATER, f"status_{status}", wait_s=wait_s)
    return Answer(Outcome.REFUSED, f"status_{status}")


def json_of(response: httpx.Response) -> Mapping[str, Any]:
    """An answer's object. Raises Refusal where there is none: whether it was taken is not known."""
    try:
        return object_in(response.content)
    except ValueError as error:
        raise Refusal(Answer(Outcome.UNKNOWN, "no_json")) from error


def object_in(body: bytes) -> Mapping[str, Any]:
    """The JSON object that a body holds. Raises ValueError where it holds none, or is very long."""
    if len(body) > _LONGEST_ANSWER_BYTES:
        raise ValueError("too long")
    found = orjson.loads(body)
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found
