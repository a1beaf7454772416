"""A record's state as a log of steps, sorted by (time, id) and folded by the kind's table of actions.

A step is judged against what its author had seen; what others did meanwhile can only
turn it into a question. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sync.change import Stored, moment_text
from sync.kind import Action, Kind, Values
from sync.merge import Edit, seen

Head = dict[str, Any]


@dataclass(slots=True)
class Folded:
    """The state and stamps a log leads to, the step that gave the state, and the steps that did not fit."""

    values: Values
    last: Head
    unfit: list[Head] = field(default_factory=list)


def log_of(kind: Kind, stored: Stored) -> list[Head]:
    """The record's steps so far; before the first one stands the state the record began in."""
    return list(stored.heads.get(kind.state_field) or [_beginning(kind, stored)])


def fits_what_was_seen(
    kind: Kind, stored: Stored, action: Action, base_version: int, device_id: str | None
) -> bool:
    """Whether a step could be taken from the state its author saw, which no later arrival can change."""
    known = [head for head in log_of(kind, stored) if seen(head, base_version, device_id)]
    return fold(kind, known).values[kind.state_field] in action.sources


def with_step(
    kind: Kind, stored: Stored, action: str, target: str, edit: Edit, version: int, forced: bool
) -> list[Head]:
    """The log with one step more.

    A forced one is a person's word: it always fits and settles what it has seen.
    """
    head: Head = {
        "id": edit.id,
        "author": edit.author_id,
        "device": edit.device_id,
        "at": moment_text(edit.at),
        "version": version,
        "action": action,
        "values": {kind.state_field: target},
    }
    if forced:
        head |= {"forced": True, "base": edit.base_version}
    return sorted([*log_of(kind, stored), head], key=lambda one: (one["at"], one["id"]))


def doers(kind: Kind, log: Sequence[Head], steps: Collection[str]) -> set[str]:
    """Who took one of these steps since the record last stood where it began."""
    found: set[str] = set()
    fitting = {head["id"] for head in taken(kind, log)}
    for head in log[1:]:
        # A step that did not fit begins nothing anew: else one such step would wash its author clean.
        if head["values"][kind.state_field] == kind.initial_state and head["id"] in fitting:
            found = set()
        elif head["action"] in steps:
            found.add(head["author"])
    return found


def taken(kind: Kind, log: Sequence[Head]) -> list[Head]:
    """The steps of a log, after its beginning, that fitted the state they met."""
    state, found = log[0]["values"][kind.state_field], []
    for head in log[1:]:
        if _fits(kind, head, state):
            state = head["values"][kind.state_field]
            found.append(head)
    return found


def _fits(kind: Kind, head: Head, state: Any) -> bool:
    action = kind.actions.get(head["action"])
    return bool(head.get("forced")) or (action is not None and state in action.sources)


def fold(kind: Kind, log: Sequence[Head]) -> Folded:
    """Walk the log from its beginning; a step that does not fit the state it meets is left out and named."""
    result = Folded(dict(log[0]["values"]), log[0])
    for head in log[1:]:
        if not _fits(kind, head, result.values[kind.state_field]):
            result.unfit.append(head)
            continue
        result.last = head
        result.values[kind.state_field] = head["values"][kind.state_field]
        result.values |= _stamps(kind, kind.actions.get(head["action"]), head)
    decided = [head["base"] for head in log if head.get("forced")]
    result.unfit = [head for head in result.unfit if not any(head["version"] <= base for base in decided)]
    return result


def _stamps(kind: Kind, action: Action | None, head: Head) -> Values:
    if action is None or not action.stamps:
        return {}
    by = action.stamps.removesuffix("_at") + "_by_id"
    return {action.stamps: head["at"]} | ({by: head["author"]} if by in kind.fields else {})


def _beginning(kind: Kind, stored: Stored) -> Head:
    """The state and stamps before any step: a step that falls out of the log gives its stamp back."""
    names = {kind.state_field}
    for action in kind.actions.values():
        if action.stamps:
            names |= {action.stamps, action.stamps.removesuffix("_at") + "_by_id"} & set(kind.fields)
    values = {name: stored.values.get(name) for name in sorted(names)}
    return {"id": "", "author": "", "device": None, "at": "", "version": 0, "action": "", "values": values}
