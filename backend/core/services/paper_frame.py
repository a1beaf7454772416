"""What every paper has: fonts, language, issuing unit, number and footer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from backend.core.blobs.store import BlobStore
from backend.core.papers.words import word
from backend.core.queries.scopes import in_city, unit_name
from sync.change import parse_moment
from sync.kind import Values

LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Press:
    """What a paper is made with: pictures, fonts, the public address of this server, and the reader's
    language."""

    blobs: BlobStore
    fonts: Path
    address: str
    language: str

    def say(self, name: str, **figures: object) -> str:
        """A word on the paper."""
        return word(name, self.language, **figures)


def head_of(session: Session, press: Press, title: str, number: str, unit_id: str) -> Values:
    """What every paper says of itself: its title, whose it is, its number, and a line at its foot."""
    unit = unit_name(session, unit_id)
    words = {"title": press.say(title), "utility": unit, "number": number}
    foot = press.say("foot", at=local_time(datetime.now(UTC).isoformat()), **words)
    more = {"number_label": press.say("number"), "missing_label": press.say("missing"), "foot": foot}
    return words | {"language": press.language} | more


def local_time(moment: str | None) -> str:
    """A moment as the city's clocks show it."""
    return in_city(parse_moment(moment)).strftime("%Y-%m-%d %H:%M") if moment else "—"
