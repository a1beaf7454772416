"""Reads a file of cases, one by one: a reading for each, or in words why there is none."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any

import orjson

from backend.core.sentences import fault
from backend.limits.clock.days import Calendar
from backend.limits.clock.explaining import explain
from backend.limits.reading.clock_cases import answer, asked_in
from backend.limits.reading.connections import connection_of
from backend.limits.reading.fields import Fields, Refused


class NotCases(ValueError):
    """A file that is no list of cases: `why` as its reader said it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def cases_in(data: bytes) -> list[Any]:
    """The cases of a file, unread; editors put a byte order mark before them. Raises `NotCases`."""
    try:
        found = orjson.loads(data.removeprefix(BOM_UTF8))
    except orjson.JSONDecodeError as error:
        raise NotCases(str(error)) from error
    if not isinstance(found, list):
        raise NotCases(type(found).__name__)
    return found


def answers(cases: list[Any], known: Calendar, *, explains: bool = False) -> Iterator[dict[str, Any]]:
    """What is to be said of each case, in their order. What a case expects of itself is not looked at.

    A case that cannot be read is answered by its name, `error` (the code), `field` and the sentence as `zh`
    and `en`; the others are read all the same. `explains` adds `lines` to what is no connection.
    """
    for case in cases:
        name = case.get("name") if isinstance(case, dict) else None
        try:
            yield _answer(Fields(case), known, explains=explains)
        except Refused as refused:
            wrong = refused.wrong
            yield {
                "name": name if isinstance(name, str) else None,
                "error": wrong["code"],
                "field": wrong["field"],
                "zh": wrong["zh"],
                "en": wrong["en"],
            }


def _answer(case: Fields, known: Calendar, *, explains: bool) -> dict[str, Any]:
    name = case.text("name")
    if "steps" in case.values:
        return {"name": name, **connection_of(case, known)}
    if "events" in case.values:
        reading = asked_in(case, known).reading()
        lines = {"lines": [line.words.as_dict() for line in explain(reading)]} if explains else {}
        return {"name": name, **answer(reading), **lines}
    raise Refused(fault("events", "limits.no_such_form"))
