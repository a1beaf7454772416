"""One change put onto one record, or the reason it cannot be.

The rules an office click and a phone's push share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sync.change import Author, Grade, Op, Stored, Write, moment_text
from sync.errors import Refused, SyncError, needed_before, no_such_state
from sync.kind import Action, Kind, Values
from sync.merge import Edit, Merged, merge, seen
from sync.questions import DELETED
from sync.steps import doers, fits_what_was_seen, fold, log_of, with_step

DECISION = "decide"


class CannotApply(SyncError):
    """The change does not fit the record; `code` says why and `detail` names what a person must know."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Change:
    """Who does what to a record, and when it counts from; `id` names the write among a field's heads.

    `trusted` marks work of the server itself, which may set server fields and needs no
    role; `forced` a person's decision to let a change stand anyway. `read` are a creation's
    values, read and completed, where somebody has.
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
    read: Values | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """The write to be made, the groups where it met others, and fields this server does not know (yet)."""

    write: Write
    met: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


Verb = Callable[[Kind, Stored, Change, int], Applied]


def create(kind: Kind, record_id: str, change: Change, version: int) -> Applied:
    """A new record from whole values.

    It has no heads: whoever has seen the record at all has seen its first version.
    """
    if not change.trusted:
        _need_role(kind.create_by, change)
    known, unknown = _split(kind, change, writable=frozenset(kind.fields))
    values = _load(kind, known, partial=False) if change.read is None else change.read
    if kind.initial_state is not None and not change.trusted:
        values[kind.state_field] = kind.initial_state
    _check(kind, values)
    write = Write(
        kind,
        record_id,
        version,
        None,
        values,
        {},
        False,
        change.author,
        change.at,
        Op.CREATE,
        change.mutation_id,
        change.grade,
    )
    return Applied(write, (), unknown)


def change(kind: Kind, stored: Stored, edit: Change, version: int) -> Applied:
    """Some fields of a record set, merged with whatever was written since the author last saw it."""
    _need_not_seen_deleted(stored, edit)
    if not edit.trusted:
        _need_role(kind.change_by, edit)
    known, unknown = _split(kind, edit)
    merged = merge(kind, stored, _edit(edit, _load(kind, known, partial=True)), version)
    # What the server finds out (a sheet changed, a photo is owed) may show a fault of
    # somebody else's; it still stands.
    _check(kind, merged.values, only=known if edit.trusted else None, before=stored.values)
    return _applied(kind, stored, merged, edit, Op.CHANGE, version, unknown)


def act(kind: Kind, stored: Stored, step: Change, version: int) -> Applied:
    """A step in the record's life.

    Refused when it did not fit what its author saw, a question when others came first.
    """
    _need_not_seen_deleted(stored, step)
    action = kind.actions.get(step.action or "")
    if action is None:
        raise CannotApply("unknown_action", action=step.action)
    if not step.trusted and not step.forced:
        _need_role(action.roles, step)
    base, device = step.base_version, step.author.device_id
    if not step.forced and not fits_what_was_seen(kind, stored, action, base, device):
        state = stored.values.get(kind.state_field)
        raise CannotApply(
            "action_does_not_fit", action=action.name, state=state, fits_in=sorted(action.sources)
        )
    known, unknown = _split(kind, step, writable=frozenset(action.needs))
    values = _load(kind, known, partial=True)
    _need_fields(action, {**stored.values, **values})
    edit = _edit(step, values)
    merged = merge(kind, stored, edit, version)
    log = with_step(kind, stored, action.name, action.target, edit, version, step.forced)
    _need_another(step, doers(kind, log, action.not_by))
    _fold_in(kind, stored, merged, log, step)
    _check(kind, merged.values)
    return _applied(kind, stored, merged, step, action.name, version, unknown)


def decide(kind: Kind, stored: Stored, word: Change, state: str, version: int) -> Applied:
    """A person's word on steps that met: the state stands, and every step it has seen is settled."""
    if state not in {one.target for one in kind.actions.values()} | {kind.initial_state}:
        raise CannotApply("invalid", faults=[no_such_state(kind.state_field).as_dict()])
    edit = _edit(word, {})
    barred = {name for one in kind.actions.values() if one.target == state for name in one.not_by}
    # Of a dispute every step counts, of whichever round.
    _need_another(word, {head["author"] for head in log_of(kind, stored) if head["action"] in barred})
    merged = Merged(dict(stored.values), dict(stored.heads))
    _fold_in(kind, stored, merged, with_step(kind, stored, DECISION, state, edit, version, True), word)
    _check(kind, merged.values)
    return _applied(kind, stored, merged, word, DECISION, version)


def delete(kind: Kind, stored: Stored, step: Change, version: int) -> Applied:
    """The record taken away.

    Edits its author had not seen stand beside it as a question, whichever came first.
    """
    _need_not_seen_deleted(stored, step)
    if not step.trusted:
        _need_role(kind.delete_by, step)
    deletions = [*stored.heads.get(DELETED, ()), _deletion(step, step.base_version, version)]
    return _with_deletions(kind, stored, deletions, step, Op.DELETE, version)


def settle_deletion(kind: Kind, stored: Stored, word: Change, is_deleted: bool, version: int) -> Applied:
    """A person's word on a deletion that met edits: it stands having seen them all, or it is taken back."""
    deletions = [_deletion(word, stored.version, version)] if is_deleted else []
    return _with_deletions(kind, stored, deletions, word, Op.DELETE if is_deleted else "restore", version)


def _deletion(by: Change, base: int, version: int) -> dict[str, Any]:
    return {
        "id": by.id,
        "author": by.author.id,
        "device": by.author.device_id,
        "at": moment_text(by.at),
        "version": version,
        "base": base,
        "values": {DELETED: True},
    }


def _with_deletions(
    kind: Kind, stored: Stored, deletions: list[dict[str, Any]], by: Change, op: str, version: int
) -> Applied:
    heads = {**stored.heads, DELETED: sorted(deletions, key=lambda head: (head["at"], head["id"]))}
    met = any(
        not seen(h, by.base_version, by.author.device_id) for g, ours in stored.heads.items() for h in ours
    )
    write = Write(
        kind,
        stored.id,
        version,
        stored,
        stored.values,
        heads,
        bool(deletions),
        by.author,
        by.at,
        op,
        by.mutation_id,
        by.grade,
    )
    return Applied(write, (DELETED,) if met else ())


def _applied(
    kind: Kind,
    stored: Stored,
    merged: Merged,
    by: Change,
    op: str,
    version: int,
    unknown: tuple[str, ...] = (),
) -> Applied:
    """A record that somebody deleted meanwhile stays so; the edit is kept beside the deletion."""
    write = Write(
        kind, stored.id, version, stored, merged.values, merged.heads, stored.deleted, by.author, by.at, op,
        by.mutation_id, by.grade,
    )  # fmt: skip
    return Applied(write, (*merged.met, *([DELETED] if stored.deleted else [])), unknown)


def _fold_in(kind: Kind, stored: Stored, merged: Merged, log: list[dict[str, Any]], by: Change) -> None:
    """Put a log's state and stamps into a merged record."""
    folded = fold(kind, log)
    merged.heads[kind.state_field] = log
    merged.values |= folded.values
    others = [h for h in log_of(kind, stored) if not seen(h, by.base_version, by.author.device_id)]
    if others or folded.unfit:
        merged.met.append(kind.state_field)


def _edit(by: Change, now: Values) -> Edit:
    return Edit(by.id, by.author.id, by.author.device_id, by.base_version, now, by.at)


def _need_not_seen_deleted(stored: Stored, by: Change) -> None:
    deletions = stored.heads.get(DELETED, ())
    if stored.deleted and (
        not deletions or any(seen(head, by.base_version, by.author.device_id) for head in deletions)
    ):
        raise CannotApply("record_deleted")


def _split(kind: Kind, by: Change, writable: frozenset[str] = frozenset()) -> tuple[Values, tuple[str, ...]]:
    """Known fields, and the names of those a newer app may know.

    Server fields are nobody's to write, fixed ones only where `writable` names them.
    """
    known = {name: value for name, value in by.now.items() if name in kind.fields}
    if not by.trusted:
        forbidden = known.keys() & (kind.servers_fields | (kind.fixed_fields - writable))
        if forbidden:
            raise CannotApply("field_not_writable", fields=sorted(forbidden))
    return known, tuple(sorted(set(by.now) - set(known)))


def _load(kind: Kind, values: Values, partial: bool) -> Values:
    try:
        return kind.load(values, partial)
    except Refused as refused:
        raise CannotApply("invalid", faults=[fault.as_dict() for fault in refused.faults]) from refused


def _check(kind: Kind, values: Values, only: Values | None = None, before: Values | None = None) -> None:
    """Refuse a record with faults; with `only`, those in these fields alone.

    Not for what stood so `before`.
    """
    faults = [fault for fault in kind.check(values) if only is None or fault.field.split(".")[0] in only]
    if before is not None:
        faults = [
            one for one in faults if not one.among or any(values.get(n) != before.get(n) for n in one.among)
        ]
    if faults:
        raise CannotApply("check_failed", faults=[fault.as_dict() for fault in faults])


def _need_role(allowed: frozenset[str], by: Change) -> None:
    if not allowed & by.author.roles:
        raise CannotApply("not_allowed", needs=sorted(allowed))


def _need_another(by: Change, barred: set[str]) -> None:
    """Whoever took the steps that this one confirms does not take it, whoever else lets it stand."""
    if by.author.id in barred:
        raise CannotApply("same_person")


def _need_fields(action: Action, values: Values) -> None:
    faults = [
        needed_before(name, action.zh, action.en)
        for name in action.needs
        if values.get(name) in (None, "", [])
    ]
    if faults:
        raise CannotApply("check_failed", faults=[fault.as_dict() for fault in faults])
