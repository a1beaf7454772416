"""The error catalogue: code, HTTP status, sentence and remedy in both languages.

`mobile_api_spec/errors.md` is made from this catalogue. Reasons for parking a phone's work stand here too:
they are never sent as an HTTP error, a phone's work is never refused.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One way to fail."""

    code: str
    status: int
    zh: str
    en: str
    remedy_zh: str
    remedy_en: str


PARKED = 0

_FILE = Path(__file__).with_name("errors.toml")
CATALOGUE = {code: Entry(code, **entry) for code, entry in tomllib.loads(_FILE.read_text("utf-8")).items()}


class Problem(Exception):
    """Something a person can act on, with a code from the catalogue and what they must know in `detail`."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.entry = CATALOGUE[code]
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
