"""Sentences that people read, by name: every capability's `messages.toml` and `faults.toml`.

A name is the capability's and the entry's: `dispatch.unopened`.
"""

from __future__ import annotations

from typing import Any

from backend.core import capabilities
from geo.sentences import Sentence, Words, sentences_in

__all__ = ["FAULTS", "MESSAGES", "Words", "fault", "sentence"]


def _collected(part: str) -> dict[str, Sentence]:
    found: dict[str, Sentence] = {}
    for name, path in capabilities.data_files(f"{part}.toml"):
        found |= sentences_in(path, f"{name}.")
    return found


MESSAGES = _collected("messages")
FAULTS = _collected("faults")


def sentence(name: str, /, **arguments: Any) -> Words:
    """What a message says, in both languages."""
    return MESSAGES[name].words(arguments)


def fault(field: str, name: str, about: str = "", /, **arguments: Any) -> dict[str, str]:
    """One thing that is wrong, at a field; `about` is what of its value."""
    entry = FAULTS[name]
    zh, en = entry.words(arguments)
    found = {"field": field, "code": entry.code, "zh": zh, "en": en}
    return found | {"about": about} if about else found
