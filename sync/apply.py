"""One change put onto one record, or the reason it cannot be: the rules an office click and a phone's push share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync.change import Author, Grade, Op, Stored, Write, moment_text
from sync.errors import Fault, Refused, SyncError
from sync.kind import Action, Kind, Policy, Values
from sync.merge import Edit, Merged, fits, merge


class CannotApply(SyncError):
    """The change does not fit the record; `code` says why and `detail` names what a person must know."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Change:
    """Who does what to a record, and when it counts from; `id` names the write among a field's heads.

    `trusted` marks work of the server itself, which may set server fields and needs no role.
    """

    id: str
    author: Author
    at: datetime
    now: Values
    base_version: int = 0
    action: str | None = None
    mutation_id: str | None = None
    grade: Grade | None = None
    trusted: bool = False
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """The write for the door and how the merge went; `unknown` are fields this server does not know (yet)."""

    write: Write
    merged: Merged
    unknown: tuple[str, ...] = ()


def create(kind: Kind, record_id: str, change: Change) -> Applied:
    """A new record from whole values."""
    if not change.trusted:
        _need_role(kind.create_by, change)
    known, unknown = _split(kind, change, writable=frozenset(kind.fields))
    values = _load(kind, known, partial=False)
    if kind.initial_state is not None and not change.trusted:
        values[kind.state_field] = kind.initial_state
    _check(kind, values)
    # No heads: whoever has seen the record at all has seen its first version.
    merged = Merged(values=values, heads={})
    return Applied(_write(kind, record_id, None, merged, change, Op.CREATE), merged, unknown)


def change(kind: Kind, stored: Stored, edit: Change, next_version: int) -> Applied:
    """Some fields of a record set, merged with whatever was written since the author last saw it."""
    if stored.deleted:
        raise CannotApply("record_deleted")
    if not edit.trusted:
        _need_role(kind.change_by, edit)
    known, unknown = _split(kind, edit)
    merged = _merge(kind, stored, _load(kind, known, partial=True), edit, next_version)
    _check(kind, merged.values)
    return Applied(_write(kind, stored.id, stored, merged, edit, Op.CHANGE), merged, unknown)


def act(kind: Kind, stored: Stored, step: Change, next_version: int) -> Applied:
    """A step in the record's life, by the state machine; `forced` is a person's decision to let it stand anyway."""
    if stored.deleted:
        raise CannotApply("record_deleted")
    action = kind.actions.get(step.action or "")
    if action is None:
        raise CannotApply("unknown_action", action=step.action)
    if not step.trusted and not step.forced:
        _need_role(action.roles, step)
    state = stored.values.get(kind.state_field)
    if not fits(action, state) and not step.forced:
        raise CannotApply("action_does_not_fit", action=action.name, state=state, fits_in=sorted(action.sources))
    known, unknown = _split(kind, step, writable=frozenset(action.needs))
    values = _load(kind, known, partial=True)
    _need_fields(action, {**stored.values, **values})
    merged = _merge(kind, stored, values, step, next_version)
    merged.values[kind.state_field] = action.target
    if action.stamps:
        merged.values[action.stamps] = moment_text(step.at)
        by = action.stamps.removesuffix("_at") + "_by_id"
        if by in kind.fields:
            merged.values[by] = step.author.id
    _check(kind, merged.values)
    return Applied(_write(kind, stored.id, stored, merged, step, action.name), merged, unknown)


def delete(kind: Kind, stored: Stored, step: Change) -> Applied:
    """The record taken away; an edit its author had not seen makes it a question for a person."""
    if stored.deleted:
        raise CannotApply("record_deleted")
    if not step.trusted:
        _need_role(kind.delete_by, step)
    if stored.version > step.base_version and not step.forced:
        raise CannotApply("changed_meanwhile", version=stored.version)
    merged = Merged(values=stored.values, heads=stored.heads)
    return Applied(_write(kind, stored.id, stored, merged, step, Op.DELETE), merged)


def _write(kind: Kind, record_id: str, before: Stored | None, merged: Merged, by: Change, op: str) -> Write:
    return Write(
        kind=kind,
        id=record_id,
        before=before,
        values=None if op == Op.DELETE else merged.values,
        heads=merged.heads,
        author=by.author,
        happened_at=by.at,
        op=op,
        mutation_id=by.mutation_id,
        grade=by.grade,
    )


def _merge(kind: Kind, stored: Stored, now: Values, by: Change, next_version: int) -> Merged:
    edit = Edit(by.id, by.author.id, by.author.device_id, by.base_version, now, by.at)
    return merge(kind, stored, edit, next_version)


def _split(kind: Kind, by: Change, writable: frozenset[str] = frozenset()) -> tuple[Values, tuple[str, ...]]:
    """Known fields, and the names of those a newer app may know.

    Server fields are nobody's to write, fixed ones only where `writable` names them.
    """
    known = {name: value for name, value in by.now.items() if name in kind.fields}
    if not by.trusted:
        closed = {Policy.SERVER: frozenset[str](), Policy.FIXED: writable}
        forbidden = sorted(n for n in known if n not in closed.get(kind.fields[n].policy, {n}))
        if forbidden:
            raise CannotApply("field_not_writable", fields=forbidden)
    return known, tuple(sorted(set(by.now) - set(known)))


def _load(kind: Kind, values: Values, partial: bool) -> Values:
    try:
        return kind.load(values, partial)
    except Refused as refused:
        raise CannotApply("invalid", faults=[fault.as_dict() for fault in refused.faults]) from refused


def _check(kind: Kind, values: Values) -> None:
    faults = kind.check(values)
    if faults:
        raise CannotApply("check_failed", faults=[fault.as_dict() for fault in faults])


def _need_role(allowed: frozenset[str], by: Change) -> None:
    if not allowed & by.author.roles:
        raise CannotApply("not_allowed", needs=sorted(allowed))


def _need_fields(action: Action, values: Values) -> None:
    faults = [
        Fault(name, "required", f"“{action.zh}”之前必须填写", f"must be given before “{action.en}”")
        for name in action.needs
        if values.get(name) in (None, "", [])
    ]
    if faults:
        raise CannotApply("check_failed", faults=[fault.as_dict() for fault in faults])
