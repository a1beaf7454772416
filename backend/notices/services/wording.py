"""Words of messages out: an edition with its values, or the usual words; checked and test-rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from string import Formatter
from typing import Any

from backend.core.errors import Problem
from backend.core.installation import installed
from backend.core.sentences import fault
from backend.notices.kinds.message_settings import MessageTemplate
from backend.notices.services.purposes import Purpose
from geo.sentences import TYPES, Words, need

LANGUAGES = ("zh", "en")
MOST_BODY = 500


@dataclass(frozen=True, slots=True)
class Worded:
    """A message in words: both languages, the recipient's, and what a provider of templates fills in."""

    zh: str
    en: str
    text: str
    title: str
    edition: int
    language: str
    code: str | None
    values: Mapping[str, str]


def worded(
    purpose: Purpose, values: Mapping[str, Any], in_force: Mapping[str, MessageTemplate], language: str
) -> Worded:
    """The words, by the editions in force (language -> template). Raises TypeError for values of another
    shape."""
    need(purpose.name, purpose.takes, values)
    usual = purpose.words(**values)
    texts = [
        filled(in_force[one].body, purpose, values, one) if one in in_force else usual[side]
        for side, one in enumerate(LANGUAGES)
    ]
    own = in_force.get(language)
    side = LANGUAGES.index(language)
    written = {name: TYPES[purpose.takes[name]][1](value, side) for name, value in values.items()}
    title = own.title if own else purpose.title[side]
    return Worded(
        texts[0],
        texts[1],
        texts[side],
        title,
        own.edition if own else 0,
        language,
        own.code if own else None,
        written,
    )


def filled(body: str, purpose: Purpose, values: Mapping[str, Any], language: str) -> str:
    """A template's text with its values, as each type is written in that language."""
    side = LANGUAGES.index(language)
    return body.format_map(
        {name: TYPES[purpose.takes[name]][1](value, side) for name, value in values.items()}
    )


def need_fit(purpose: Purpose, body: str) -> None:
    """That a template takes plain names of its purpose's values, and those it must.

    Raises invalid. Nothing but a name may stand in braces: an attribute or a format would reach into the
    server.
    """
    try:
        parts = [part for part in Formatter().parse(body) if part[1] is not None]
    except ValueError as error:
        raise Problem("invalid", faults=[fault("body", "notices.braces")]) from error
    if any(form or conversion for _, _, form, conversion in parts):
        raise Problem("invalid", faults=[fault("body", "notices.braces")])
    names = {str(name) for _, name, _, _ in parts}
    faults = [
        fault("body", "notices.unknown_value", name[:40], name=name[:40], known=sorted(purpose.takes))
        for name in sorted(names - purpose.takes.keys())
    ]
    faults += [
        fault("body", "notices.missing_value", name, name=name) for name in sorted(purpose.must - names)
    ]
    if faults:
        raise Problem("invalid", faults=faults)


def sample_values(purpose: Purpose) -> dict[str, Any]:
    """Values to show a template with, by type."""
    return {name: _SAMPLES.get(kind, f"<{name}>") for name, kind in purpose.takes.items()}


def tried_out(purpose: Purpose, body: str | None, language: str) -> str:
    """A template's text, or the usual words, with made-up values. Raises invalid."""
    values = sample_values(purpose)
    if body is None:
        return purpose.words(**values)[LANGUAGES.index(language)]
    need_fit(purpose, body)
    return filled(body, purpose, values, language)


def own_language() -> str:
    """That of the installation: people have none of their own."""
    return installed().language


_SAMPLES: dict[str, Any] = {
    "number": 12,
    "amount": 1200,
    "percent": 0.25,
    "seconds": 1.5,
    "area_m2": 1500.0,
    "distance_m": 350.0,
    "kilometres": 2500.0,
    "day": date(2026, 9, 1),
    "words": Words("<text>", "<text>"),
    "list": ["1", "2"],
    "enumeration": ["1", "2"],
    "clauses": ["1", "2"],
    "either": ["1", "2"],
}
