"""Records by the office's hand: create, change, act and delete inside the asker's scopes."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.actor import Actor
from backend.errors import Problem
from backend.queries.documents import read_document
from backend.queries.scopes import held
from backend.records.declaration import RecordKind
from backend.services import door
from backend.services.intake import receive_job
from sync.change import Stored
from sync.kind import Values

# A kind whose creation is more than its record.
_CREATE = {"work_order": receive_job}


def create_record(session: Session, actor: Actor, kind: RecordKind, values: Values) -> Stored:
    """A new record of the asker's own unit or one below; `id` may come with the values."""
    values = dict(values)
    record_id = values.pop("id", None) or door.new_id()
    if kind.name == "unit":
        values["unit_id"] = record_id  # A unit is filed under itself; the parent it names must be the asker's.
    else:
        values.setdefault("unit_id", actor.unit_id)
        _need_held(session, actor, kind, record_id, values)
    _need_visible(session, actor, kind, values)
    if kind.name in _CREATE:
        return _CREATE[kind.name](session, actor, values, record_id=record_id)
    return door.create(session, actor, kind.name, values, record_id=record_id)


def change_record(
    session: Session, actor: Actor, kind: RecordKind, record_id: str, now: Values, version: int
) -> Stored:
    """Set fields of a record that was read at `version`."""
    read_document(session, actor, kind, record_id)
    _need_visible(session, actor, kind, now)
    stored = door.change(session, actor, kind.name, record_id, now, version=version)
    _need_held(session, actor, kind, record_id, stored.values)
    return stored


def act_on_record(
    session: Session, actor: Actor, kind: RecordKind, record_id: str, action: str, now: Values, version: int | None
) -> Stored:
    """A step in a record's life."""
    read_document(session, actor, kind, record_id)
    _need_visible(session, actor, kind, now)
    return door.act(session, actor, kind.name, record_id, action, now, version=version)


def delete_record(session: Session, actor: Actor, kind: RecordKind, record_id: str, version: int) -> None:
    """Take a record away; its history stays."""
    read_document(session, actor, kind, record_id)
    door.delete(session, actor, kind.name, record_id, version=version)


def _need_held(session: Session, actor: Actor, kind: RecordKind, record_id: str, values: Values) -> None:
    """The record must lie in a scope the asker holds; another unit's answers as if it were not there."""
    unit_id = values.get("unit_id")
    if not unit_id or kind.kind.scopes({**values, "id": record_id}).isdisjoint(held(session, actor)):
        raise Problem("not_found", kind="unit", id=unit_id)


def _need_visible(session: Session, actor: Actor, kind: RecordKind, values: Values) -> None:
    """What the values point at must be the asker's too, else a site card would carry a stranger's phone number."""
    references = kind.kind.references(values)
    if not references:
        return
    scopes = list(held(session, actor))
    rows = session.execute(
        text(
            "SELECT DISTINCT kind, id::text FROM sync_entry WHERE NOT removed AND scope = ANY(:scopes) AND id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"scopes": scopes, "ids": [key[1] for key in references.values()]},
    )
    visible = {(row[0], row[1]) for row in rows}
    faults = [
        {"field": name, "code": "missing", "zh": "引用的记录不存在", "en": f"there is no such {key[0]}"}
        for name, key in references.items()
        if key not in visible and key != ("unit", values.get("unit_id"))
    ]
    if faults:
        raise Problem("reference_missing", faults=faults)
