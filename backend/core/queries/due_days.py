"""Due days: which fields they are, what a person may give a new record, and how a move stands on the
record."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

from backend.core.installation import installed
from backend.core.kinds.registry import KINDS
from backend.core.queries.scopes import today
from sync.change import moment_text
from sync.kind import Kind, Values


def own_limit(kind: str, on: date | None = None) -> str | None:
    """The day the server itself would give a new record: so many days from the day it is made; None where
    it gives none."""
    limits = installed().limits
    days = {"item": limits.item_days, "visit": limits.visit_days}.get(kind)
    return None if days is None else ((on or today()) + timedelta(days=days)).isoformat()


def is_noted(name: str, before: Values, after: Values) -> bool:
    """Whether the record says who moved this field from what it was to what it is."""
    fresh = (after.get("due_moves") or [])[len(before.get("due_moves") or []) :]
    pair = (before.get(name), after.get(name))
    return any((one["field"], (one.get("was"), one["now"])) == (name, pair) for one in fresh)


def touched(kind: Kind, before: Values, now: Values, met: Collection[str] = ()) -> list[str]:
    """The due fields that `now` would move; a promise that was not there before is made, not moved.

    `met` are groups in which two writes met that had not seen each other: that is a question, not a move.
    """
    return [
        name
        for name, what in KINDS[kind.name].due.items()
        if name in now
        and now[name] != before.get(name)
        and not (what == "promise" and (before.get(name) is None or kind.fields[name].merges_as in met))
    ]


def moves_of(
    before: Values, now: Values, names: Collection[str], by_id: str, why: str, at: datetime
) -> list[Any]:
    """The record's moves with these added."""
    fresh = [
        {
            "field": name,
            "was": before.get(name),
            "now": now[name],
            "why": why,
            "by_id": by_id,
            "at": moment_text(at),
        }
        for name in names
    ]
    return [*(before.get("due_moves") or []), *fresh]
