"""Runs the health checks of `wangge doctor`: each on its own, so that one that breaks stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from backend.core.config import Settings
from backend.core.db import Database
from backend.core.sentences import Words, sentence

MOST_LETTERS = 300


class State(StrEnum):
    """How a check ended; `skipped`: what it looks into is away, which another line says."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: which check, how it ended, what was found, and what to do about it."""

    check: str
    state: State
    found: Words
    remedy: Words | None = None

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        said = {"check": self.check, "state": str(self.state), "found": self.found.as_dict()}
        return said | ({"remedy": self.remedy.as_dict()} if self.remedy else {})


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is looked at. `database` is None where it cannot be reached, and `away` says why.

    `program` says where one of PostgreSQL's programs is, and with which environment it runs; `newest_schema`
    is the last migration of this release; `font_folders` are where a font for papers may lie.
    """

    settings: Settings
    database: Database | None
    away: Words
    broker_url: str
    newest_schema: str
    program: Callable[[str], tuple[str, dict[str, str]]]
    font_folders: tuple[Path, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Check:
    """A check by name; most of them look into the database."""

    name: str
    look: Callable[[Surroundings], Iterator[Finding]]
    needs_database: bool = False


def run_checks(checks: Iterable[Check], around: Surroundings) -> Iterator[Finding]:
    """What each check finds, one after the other."""
    for check in checks:
        if check.needs_database and around.database is None:
            yield Finding(check.name, State.SKIPPED, sentence("setup.check_skipped"))
            continue
        try:
            yield from check.look(around)
        except Exception as error:  # noqa: BLE001 - whatever breaks in one check, the others are still made
            why = f"{type(error).__name__}: {error}"[:MOST_LETTERS]
            yield Finding(check.name, State.FAIL, sentence("setup.check_broke", why=why))


def days_since(moment: datetime, now: datetime | None = None) -> int:
    """Whole days that have passed."""
    return max(((now or datetime.now(UTC)) - moment).days, 0)
