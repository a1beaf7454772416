"""Due days: a supervisor moves one with a reason and the old one stays on the record; the server gives
what nobody gave."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.errors import Problem
from backend.core.kinds.declaration import RecordKind
from backend.core.queries import due_days, policy
from backend.core.queries.documents import read_document
from backend.core.sentences import fault
from backend.core.services import record_writer
from backend.core.services.record_writer import Versions
from sync.change import Stored
from sync.errors import Refused
from sync.kind import Values


def move_due(
    session: Session,
    actor: Actor,
    kind: RecordKind,
    record_id: str,
    now: Values,
    why: str,
    version: Versions | None = None,
) -> Stored:
    """Set due fields of a record anew; who, when, from what, to what and why stand in its `due_moves` and
    its history.

    Raises not_found, not_allowed, due_day_kept for the owner of the record, reason_needed, invalid,
    changed_meanwhile.
    """
    if not kind.due:
        raise Problem("not_found", kind=kind.name, id=record_id)
    read_document(session, actor, kind, record_id)
    stored = record_writer.read(session, kind.name, record_id, lock=True)
    _need_due_fields(kind, now)
    policy.need_mover(session, actor, kind.kind, record_id, stored.values, now)
    if not why.strip():
        raise Problem("reason_needed")
    now = _loaded(kind, now)
    names = [name for name in now if now[name] != stored.values.get(name)]
    if not names:
        return stored
    moves = due_days.moves_of(stored.values, now, names, actor.id, why.strip(), datetime.now(UTC))
    changed = {name: now[name] for name in names} | {"due_moves": moves}
    moved = record_writer.change(session, actor, kind.name, record_id, changed, version=version, trusted=True)
    _need_whole(kind, moved.values, names)
    return moved


def keep_due_day(session: Session, kind: RecordKind, record_id: str) -> bool:
    """Give an open record that came without a due day the house's own; returns whether it was given one."""
    limit = due_days.own_limit(kind.name)
    stored = record_writer.read(session, kind.name, record_id, lock=True)
    if not limit or stored.values.get("due_on") or stored.values.get("state") != kind.kind.initial_state:
        return False
    record_writer.change(session, system(stored.values["unit_id"]), kind.name, record_id, {"due_on": limit})
    return True


def _need_due_fields(kind: RecordKind, now: Values) -> None:
    wrong = [name for name, value in now.items() if name not in kind.due or value is None]
    if wrong or not now:
        raise Problem("invalid", faults=[fault(name, "core.not_due") for name in wrong or ["now"]])


def _loaded(kind: RecordKind, now: Values) -> Values:
    try:
        return kind.kind.load(now, True)
    except Refused as refused:
        raise Problem("invalid", faults=[one.as_dict() for one in refused.faults]) from refused


def _need_whole(kind: RecordKind, values: Values, names: list[str]) -> None:
    """What speaks against the new days, also against the end of a span whose beginning was moved."""
    groups = {kind.kind.fields[name].merges_as for name in names}
    faults = [one for one in kind.kind.check(values) if _group_of(kind, one.field) in groups]
    if faults:
        raise Problem("check_failed", faults=[one.as_dict() for one in faults])


def _group_of(kind: RecordKind, field: str) -> str:
    name = field.split(".")[0]
    return kind.kind.fields[name].merges_as if name in kind.kind.fields else name
