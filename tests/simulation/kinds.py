"""The kinds that simulated people work on.

A note that merges, a job that lives, a picture that points at a note.
"""

from __future__ import annotations

from collections.abc import Callable

from sync.errors import Fault, Refused
from sync.kind import Action, Field, Kind, Policy, Values

# What no field takes: whoever writes it has slipped.
FAULTY = "faulty"
EVERYBODY = frozenset({"rep", "office"})


def _scopes(values: Values) -> frozenset[str]:
    return frozenset({f"cell:{values['cell']}", "office:u"})


def _loader(fields: dict[str, Field]) -> Callable[[Values, bool], Values]:
    def load(values: Values, partial: bool) -> Values:
        faults = [Fault(name, "invalid", "不行", "no") for name, value in values.items() if value == FAULTY]
        if faults:
            raise Refused(faults)
        return dict(values) if partial else dict.fromkeys(fields) | values

    return load


def _kind(name: str, rank: int, actions: tuple[Action, ...] = (), **fields: Field) -> Kind:
    known = {"unit_id": Field("unit_id", Policy.FIXED), "cell": Field("cell")} | fields
    return Kind(
        name,
        name,
        known,
        _scopes,
        _loader(known),
        rank=rank,
        actions={one.name: one for one in actions},
        initial_state="open" if actions else None,
        create_by=EVERYBODY,
        change_by=EVERYBODY,
        delete_by=EVERYBODY,
    )


def _action(name: str, sources: set[str], target: str, stamps: str | None = None) -> Action:
    return Action(name, name, name, frozenset(sources), target, EVERYBODY, (), stamps)


ACTIONS = (
    _action("take", {"open"}, "taken"),
    _action("work", {"taken"}, "working"),
    _action("finish", {"working"}, "done", "done_at"),
    _action("cancel", {"open", "taken", "working"}, "cancelled"),
    _action("reopen", {"done", "cancelled"}, "open"),
)
KINDS = {
    one.name: one
    for one in (
        _kind(
            "note",
            2,
            text=Field("text"),
            phone=Field("phone", Policy.REVIEW),
            tags=Field("tags", Policy.SET),
            count=Field("count", Policy.GREATEST),
            lng=Field("lng", group="place"),
            lat=Field("lat", group="place"),
        ),
        _kind(
            "job",
            0,
            ACTIONS,
            state=Field("state", Policy.SERVER),
            done_at=Field("done_at", Policy.SERVER),
            result=Field("result"),
        ),
        _kind("picture", 1, note_id=Field("note_id", references="note"), title=Field("title")),
    )
}
