"""Everything that can go wrong, once: code, HTTP status, sentence and remedy in both languages.

Each capability has its own in `errors.toml`, with the type of all that a problem says besides;
`mobile_api_spec/errors.md` is made from them. Reasons for parking a phone's work stand here too:
they are never sent as an HTTP error, a phone's work is never refused.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.core import capabilities
from geo.sentences import TYPES, Words

# What a problem may say besides: the types of sentences' arguments that JSON has, and what has no sentence.
DETAILS: dict[str, tuple[type, ...]] = {
    **{name: TYPES[name][0] for name in ("text", "code", "number", "area_m2", "distance_m", "list")},
    "flag": (bool,),
    "rows": (list,),
    "faults": (list,),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to fail; `takes` says what else stands in the answer, `?` where it may be absent or null."""

    code: str
    status: int
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str
    takes: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> Words:
        """The sentence."""
        return Words(self.zh, self.en)

    @property
    def remedy(self) -> Words:
        """What to do."""
        return Words(self.remedy_zh, self.remedy_en)

    def need(self, detail: Mapping[str, Any]) -> None:
        """That a problem says what its entry declares. Raises TypeError."""
        must = {name for name, kind in self.takes.items() if not kind.endswith("?")}
        if must - detail.keys() or detail.keys() - self.takes.keys():
            raise TypeError(f"{self.code} takes {dict(self.takes)}, not {sorted(detail)}")
        for name, value in detail.items():
            kind = self.takes[name]
            if not (value is None and kind.endswith("?")) and not isinstance(value, DETAILS[kind.strip("?")]):
                raise TypeError(f"{self.code}: {name} is no {kind}: {value!r}")


PARKED = 0


def _catalogue() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for name, path in capabilities.data_files("errors.toml"):
        entries = tomllib.loads(path.read_text("utf-8"))
        if twice := found.keys() & entries.keys():
            raise ValueError(f"{sorted(twice)} stand in the errors of {name} and of another capability")
        found |= {code: Entry(code, **entry) for code, entry in entries.items()}
    return found


CATALOGUE = _catalogue()


class Problem(Exception):
    """Something a person can act on, with a code from the catalogue and what they must know in `detail`.

    Raises TypeError for a detail that its entry does not declare.
    """

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.entry = CATALOGUE[code]
        self.entry.need(detail)
        self.detail = detail

    @property
    def code(self) -> str:
        """The catalogue's code."""
        return self.entry.code


class WrongSecret(Problem):
    """A token or link that was never given out (or is long forgotten): counted as a guess by whoever answers.

    `secret` is told to nobody.
    """

    def __init__(self, code: str, secret: str) -> None:
        super().__init__(code)
        self.secret = secret


def as_document(problem: Problem, instance: str = "") -> dict[str, Any]:
    """The RFC 9457 problem document."""
    entry = problem.entry
    return {
        "type": f"urn:wangge:error:{entry.code}",
        "status": entry.status or 409,
        "code": entry.code,
        "title": entry.zh,
        "title_en": entry.en,
        "remedy": entry.remedy_zh,
        "remedy_en": entry.remedy_en,
        "instance": instance,
        **problem.detail,
    }
