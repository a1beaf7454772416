"""Office writes: create, change, act on and delete records as far as the policy allows."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.kinds.declaration import RecordKind
from backend.core.kinds.registry import SYNC_KINDS
from backend.core.queries import policy
from backend.core.queries.documents import read_document
from backend.core.services import record_writer
from backend.core.services.auditing import note_write
from backend.core.services.record_writer import Versions
from backend.core.services.steps_by_kind import steps_of
from sync.change import Stored
from sync.errors import Refused
from sync.kind import Kind, Values


def create_record(session: Session, actor: Actor, kind: RecordKind, values: Values) -> Stored:
    """A new record of the asker's own unit or one below; `id` may come with the values."""
    values = dict(values)
    record_id, steps = values.pop("id", None) or record_writer.new_id(), steps_of(kind.name)
    policy.need_listed(actor, kind.kind.create_by)
    if kind.name == "unit":
        values["unit_id"] = (
            record_id  # A unit is filed under itself; the parent it names must be the asker's.
        )
    else:
        values.setdefault("unit_id", actor.unit_id)
        values = steps.complete(session, actor, kind.kind, values) if steps.complete else values
        policy.need_new(session, actor, kind.kind, record_id, values)
    policy.need_visible(session, actor, kind.kind, values)
    policy.need_house_rules(
        session, actor, kind.kind, record_id, None, values | read_values(kind.kind, values)
    )
    _need_own_attachments(session, kind.kind, record_id, {}, values)
    if steps.create:
        return steps.create(session, actor, values, record_id)
    stored = record_writer.create(session, actor, kind.name, values, record_id=record_id)
    note_write(session, actor, kind.kind, record_id, "record_created", None, stored.values)
    return stored


def change_record(
    session: Session, actor: Actor, kind: RecordKind, record_id: str, now: Values, version: Versions | None
) -> Stored:
    """Set fields of a record that was read at `version`."""
    steps = steps_of(kind.name)
    if steps.before_change:
        steps.before_change(session)
    before, hand = writable(session, actor, kind, record_id)
    policy.need_listed(hand, kind.kind.change_by)
    now = steps.complete_change(session, actor, kind.kind, before, now) if steps.complete_change else now
    policy.need_visible(session, actor, kind.kind, now)
    policy.need_kept(session, actor, kind.kind, record_id, before, before | read_values(kind.kind, now))
    _need_own_attachments(session, kind.kind, record_id, before, now)
    stored = record_writer.change(session, hand, kind.name, record_id, now, version=version)
    note_write(session, actor, kind.kind, record_id, "record_changed", before, stored.values)
    return stored


def act_on_record(
    session: Session,
    actor: Actor,
    kind: RecordKind,
    record_id: str,
    action: str,
    now: Values,
    version: Versions | None,
) -> Stored:
    """A step in a record's life."""
    before, hand = writable(session, actor, kind, record_id)
    policy.need_visible(session, actor, kind.kind, now)
    policy.need_house_rules(
        session, actor, kind.kind, record_id, before, before | read_values(kind.kind, now)
    )
    _need_own_attachments(session, kind.kind, record_id, before, now)
    stored = record_writer.act(session, hand, kind.name, record_id, action, now, version=version)
    after_step = steps_of(kind.name).after_step
    return after_step(session, record_id) if after_step else stored


def delete_record(
    session: Session, actor: Actor, kind: RecordKind, record_id: str, version: Versions | None
) -> None:
    """Take a record away; its history stays."""
    before, hand = writable(session, actor, kind, record_id)
    policy.need_listed(hand, kind.kind.delete_by)
    record_writer.delete(session, hand, kind.name, record_id, version=version)
    note_write(session, actor, kind.kind, record_id, "record_deleted", before, None)


def writable(session: Session, actor: Actor, kind: RecordKind, record_id: str) -> tuple[Values, Actor]:
    """A record the actor may write, and the actor as far as they may.

    Raises not_found, and not_allowed where they only read.
    """
    read_document(session, actor, kind, record_id)
    # Locked: what the rules compare with is what is written on.
    values = record_writer.read(session, kind.name, record_id, lock=True).values
    return values, policy.writer(session, actor, kind.kind, record_id, values)


def read_values(kind: Kind, given: Values) -> Values:
    """Values as the record will carry them, for rules that look into them; raises invalid.

    Unknown ones are left out.
    """
    try:
        return kind.load({name: value for name, value in given.items() if name in kind.fields}, True)
    except Refused as refused:
        raise Problem("invalid", faults=[fault.as_dict() for fault in refused.faults]) from refused


def _need_own_attachments(session: Session, kind: Kind, record_id: str, before: Values, now: Values) -> None:
    """What is newly hung on a record (photos) stands on this one, or on what this one stands on."""
    fresh = kind.attached(now) - kind.attached(before)
    places = {(kind.name, record_id), kind.owner_of(before | now)}
    stored = record_writer.push_store(session).load(fresh) if fresh else {}
    wrong = {
        key[1]
        for key in fresh
        if key not in stored
        or stored[key].deleted
        or SYNC_KINDS[key[0]].owner_of(stored[key].values) not in places
    }
    names = [
        name for name in kind.attaches if wrong & {one for _, one in kind.attached({name: now.get(name)})}
    ]
    if names:
        raise Problem(
            "reference_missing", faults=[policy.missing(name, kind.attaches[name]) for name in names]
        )
