"""State of the demo story: its people, its records and its promises."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from backend.demo.story_actors import Office, Troupe
from mobile_api_spec.phone import Phone

Values = dict[str, Any]


@dataclass
class Day:
    """The day's people, things and promises."""

    troupe: Troupe
    console: Console
    hotline: Office
    dispatcher: Office
    supervisor: Office
    rep: Phone
    heir: Phone
    crew: Phone | None = None
    crew_number: str = ""
    burst: Values = field(default_factory=dict)
    doomed: Values = field(default_factory=dict)
    moved_cell: str = ""
    survey: str = ""
    visits: list[str] = field(default_factory=list)
    photos: dict[str, bytes] = field(default_factory=dict)
    disputed: str = ""
    promises: list[tuple[str, bool, str]] = field(default_factory=list)

    def tell(self, clock: str, sentence: str) -> None:
        """One line of the story."""
        self.console.print(f"[bold cyan]{clock}[/]  {sentence}", highlight=False)

    def promise(self, sentence: str, kept: bool, seen: object = "") -> None:
        """A promise and whether it held."""
        self.promises.append((sentence, bool(kept), str(seen)))
