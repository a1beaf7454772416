"""Purposes of messages out: what each tells whom, from which values, and how its words are made.

A capability names its own in `messages.py` (`MESSAGES`: what an outgoing fact names -> `Made`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from backend.core import capabilities
from backend.core.config import Settings
from backend.core.sentences import sentence
from geo.sentences import Words

# What a purpose goes out by where the operator did not say, the first that can.
USUAL_CHANNELS = ("webhook", "sms", "wecom", "dingtalk", "email")
USUAL_QUIET = (21, 8)


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why a message goes out.

    `takes`: its values and their types (`geo.sentences.TYPES`); `must`: those without which the words would
    be of no use. `is_urgent`: quiet hours do not hold it. `asks_consent`: a customer gets it only after
    having agreed; others go to everybody who did not refuse.
    """

    name: str
    title: Words
    takes: Mapping[str, str]
    must: frozenset[str]
    words: Callable[..., Words]
    is_urgent: bool = False
    asks_consent: bool = False
    channels: tuple[str, ...] = USUAL_CHANNELS


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message when it goes out: its values, whom it goes to (kind, id) and what it is about (kind, id).

    `phone` is the number the maker found itself; without one that of the party is looked up.
    """

    values: Mapping[str, Any]
    party: tuple[str, str] | None
    subject: tuple[str, str] | None
    unit_id: str | None
    phone: str | None = None


# By the id of what it is about; None where it need not go any more.
Maker = Callable[[Session, Settings, str], Wanted | None]


@dataclass(frozen=True, slots=True)
class Made:
    """A purpose, and who makes its messages when they go out."""

    purpose: Purpose
    make: Maker


URGENT = Purpose(
    "urgent_notice",
    sentence("notices.urgent_purpose"),
    {"text": "words"},
    frozenset({"text"}),
    lambda **values: sentence("notices.urgent", **values),
    is_urgent=True,
)


@cache
def makers() -> Mapping[str, Made]:
    """What an outgoing fact names -> who makes it, collected from the capabilities."""
    return {name: one for module in capabilities.modules("messages") for name, one in module.MESSAGES.items()}


@cache
def purposes() -> Mapping[str, Purpose]:
    """All of them by name."""
    return {one.name: one for one in (URGENT, *(made.purpose for made in makers().values()))}
