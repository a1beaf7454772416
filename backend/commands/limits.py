"""Command `limits read`: an auditor's reading of limits from a file, without a server or a database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from backend.core.sentences import sentence
from backend.limits.clock.days import Calendar, calendar_from
from backend.limits.reading.case_files import NotCases, answers, cases_in
from backend.setup.services.holiday_calendars import CHINA, calendar_of

# What the state had published when the form of these files was fixed: later years are published by the case,
# so that a file says the same whatever calendar is installed.
KNOWN_YEARS = range(2004, 2027)
MOST_BYTES, MOST_SHOWN = 256 * 1024 * 1024, 120

words = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


@click.group()
def limits() -> None:
    """Limits: how long an answer may take."""


@limits.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option(
    "--explain",
    is_flag=True,
    help="add `lines`: every stretch of time and decision, or the field and why, in words",
)
def read(file: Path, explain: bool) -> None:
    """Read the clock of every case in FILE (JSON) and print when it is due, what was spent, if it is late.

    FILE may be - for standard input. JSON alone on standard output, words on standard error. Ends with 2
    if it cannot be read; a case that cannot has an `error` among the others, and is told in words with its
    field.
    """
    try:
        cases = cases_in(_bytes_of(file))
    except NotCases as error:
        words.print(sentence("commands.no_cases", file=file.name, why=error.why).line)
        raise SystemExit(2) from error
    found = _read_all(cases, explains=explain)
    lines = ",\n".join(orjson.dumps(one if explain else _short(one)).decode() for one in found)
    # As bytes: JSON is UTF-8 whatever the terminal or the pipe of this machine is.
    click.echo((f"[\n{lines}\n]" if found else "[]").encode())
    _say(found)


def _bytes_of(file: Path) -> bytes:
    """What a file or standard input holds. Counted as it is read: a pipe has no size before."""
    try:
        with click.open_file(str(file), "rb") as source:
            found: bytes = source.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotCases(error.strerror or str(error)) from error
    if len(found) > MOST_BYTES:
        raise NotCases(f"> {MOST_BYTES} B")
    return found


def _read_all(cases: list[Any], *, explains: bool) -> Sequence[dict[str, Any]]:
    bar = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*bar, console=words, transient=True, disable=not words.is_terminal) as progress:
        task = progress.add_task(sentence("commands.reading_limits").line, total=len(cases))
        return list(progress.track(answers(cases, known_days(), explains=explains), task_id=task))


def known_days() -> Calendar:
    """The working days of the years that every case takes as published."""
    return calendar_from(calendar_of(year, CHINA, language="zh") for year in KNOWN_YEARS)


def _short(one: dict[str, Any]) -> dict[str, Any]:
    """What is said of a case under the names of its form alone: where it cannot be read, its error."""
    return {"name": one["name"], "error": one["error"]} if "error" in one else one


def _say(found: Sequence[dict[str, Any]]) -> None:
    bad = [(n, one) for n, one in enumerate(found, 1) if "error" in one]
    for n, one in bad:
        about, field = _printable(f"{n} {one['name'] or ''}".strip()), _printable(one["field"])
        words.print(sentence("commands.bad_case", case=about, field=field, why=(one["zh"], one["en"])).line)
    words.print(sentence("commands.limits_read", cases=len(found), bad=len(bad)).line)


def _printable(text: str) -> str:
    """A text of the file as a terminal may show it."""
    return "".join(one if one.isprintable() else "�" for one in text[:MOST_SHOWN])
