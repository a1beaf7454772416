"""Decides parked work and disputes; the author is told by a notice that reaches their phone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import DESK, FIELD, SYSTEM_ID, Actor
from backend.core.errors import Problem
from backend.core.kinds.registry import KINDS, SYNC_KINDS
from backend.core.queries import due_days, policy
from backend.core.queries.locks import hold
from backend.core.queries.scopes import held
from backend.core.queries.voided import merged_into
from backend.core.sentences import fault, sentence
from backend.core.services import record_writer
from backend.core.services.auditing import NOTED_AS, note_write
from backend.core.services.voiding import need_restorer
from backend.notices.services.notifying import tell
from backend.phones.queries.deciding import close_group, heads_of
from backend.phones.queries.inbox import group_of
from sync import apply
from sync.apply import Applied, CannotApply, Change
from sync.change import Author, Mutation, Op, Stored
from sync.errors import Refused
from sync.kind import Kind, Policy, Values
from sync.prefetch import following
from sync.questions import DELETED
from sync.wire import Unreadable, mutation_from


def decide_group(
    session: Session, actor: Actor, group_id: str, decision: str, reason: str
) -> list[dict[str, Any]]:
    """Apply or discard a parked group, in the order it came; either is kept for ever with who, when and
    why."""
    policy.need_role(actor, DESK)
    if not reason.strip():
        raise Problem("reason_needed")
    hold(session, group_id)
    rows = [row for row in group_of(session, actor, group_id) if row["decision"] is None]
    if not rows:
        raise Problem("already_decided", id=group_id)
    if decision == "apply":
        for row in rows:
            _apply(session, actor, row, reason)
    decided = close_group(session, group_id, actor.id, decision, reason)
    if decided != {row["id"] for row in rows}:
        # Its author corrected it, or added to it, in this very moment: look again.
        raise Problem("already_decided", id=group_id)
    _tell_author(session, rows[0], decision, reason)
    return group_of(session, actor, group_id)


def _apply(session: Session, actor: Actor, row: dict[str, Any], reason: str) -> None:
    """The author's own change, let stand by a person who may write the record: it keeps its author, device
    and time."""
    try:
        mutation = mutation_from(row["verbatim"].encode())
        kind = SYNC_KINDS[mutation.kind]
    except (Unreadable, KeyError) as error:
        raise Problem("check_failed", cause="unreadable", id=row["id"]) from error
    author = Author(row["author_id"], row["device_id"], frozenset(), row["unit_id"])
    mutation = following(kind, mutation, merged_into(session, kind.named(mutation.now).values()))
    stored, is_anothers = _stored(session, actor, mutation)
    # What its author has set again since stands.
    own = {name: value for name, value in mutation.now.items() if name not in row["corrected"]}
    now = {name: value for name, value in own.items() if name in kind.fields and is_writable(kind, name)}
    step = Change(
        id=mutation.id,
        author=author,
        at=min(mutation.happened_at, datetime.now(UTC)),
        now=now | (_moves(session, actor, stored, now, reason) if stored and not is_anothers else {}),
        base_version=stored.version if stored else 0,
        action=mutation.action,
        mutation_id=mutation.id,
        trusted=True,
        forced=True,
    )
    try:
        if is_anothers:
            raise CannotApply("id_taken" if mutation.op is Op.CREATE else "not_found")
        _need_there(session, kind, stored, now)
        applied = _judge(session, mutation, stored, step)
        _need_theirs(session, actor, applied)
        record_writer.write_applied(session, applied)
    except CannotApply as error:
        if error.code == "same_person":
            raise Problem("same_person", id=row["id"]) from error
        raise Problem("check_failed", cause=error.code, id=row["id"], **error.detail) from error


def _need_there(session: Session, kind: Kind, stored: Stored | None, now: Values) -> None:
    """Nothing is made to point at what was voided meanwhile: whoever decides has that brought back first."""
    had = set(kind.references(stored.values).values()) if stored else set()
    named = set(kind.references(now).values()) - had
    found = record_writer.push_store(session).load(sorted(named), lock=False) if named else {}
    if any(one.deleted for one in found.values()):
        raise CannotApply("record_deleted")


def _moves(session: Session, actor: Actor, stored: Stored, now: Values, why: str) -> Values:
    """Who lets a due day be moved moves it: in their name, with their reason."""
    kind = SYNC_KINDS[stored.kind]
    try:
        given = kind.load({name: now[name] for name in KINDS[kind.name].due if name in now}, True)
    except Refused:
        return {}  # Told as what it is when the whole is judged.
    names = due_days.touched(kind, stored.values, given)
    if not names:
        return {}
    policy.need_mover(session, actor, kind, stored.id, stored.values, names)
    return {"due_moves": due_days.moves_of(stored.values, given, names, actor.id, why, datetime.now(UTC))}


def _stored(session: Session, actor: Actor, mutation: Mutation) -> tuple[Stored | None, bool]:
    """The record it is about, and whether it is none that the decider may know of: that looks as if it
    were not there."""
    store = record_writer.push_store(session)
    stored = store.load([mutation.key]).get(mutation.key)
    is_seen = stored and store.visible([mutation.key], held(session, actor), with_deleted=True)
    return stored, stored is not None and not is_seen


def _need_theirs(session: Session, actor: Actor, applied: Applied) -> None:
    """Nobody lets stand what they could not write themselves, but for steps that are field staff's to
    take."""
    write = applied.write
    before = write.before.values if write.before else None
    if write.op not in write.kind.actions:
        op = Op(write.op)
        allowed = {Op.CREATE: write.kind.create_by, Op.DELETE: write.kind.delete_by}.get(
            op, write.kind.change_by
        )
        policy.need_listed(actor, allowed if allowed.isdisjoint(FIELD) else frozenset(DESK))
        note_write(
            session,
            actor,
            write.kind,
            write.id,
            NOTED_AS[op],
            before,
            None if write.deleted else write.values,
        )
    if before is None:
        policy.need_new(session, actor, write.kind, write.id, write.values)
        policy.need_house_rules(session, actor, write.kind, write.id, None, write.values)
    else:
        policy.writer(session, actor, write.kind, write.id, before)
        policy.need_kept(session, actor, write.kind, write.id, before, write.values)
    if write.op == Op.DELETE:
        policy.need_unused(session, write.kind.name, write.id)


def is_writable(kind: Kind, field: str) -> bool:
    """A person's word lets a change stand; it does not make the server's own fields a phone's."""
    return kind.fields[field].policy is not Policy.SERVER


def _judge(session: Session, mutation: Mutation, stored: Stored | None, step: Change) -> Applied:
    kind = SYNC_KINDS[mutation.kind]
    version = record_writer.push_store(session).next_version(stored.version if stored else 0)
    if mutation.op is Op.CREATE and stored is None:
        values = {"unit_id": step.author.unit_id} | step.now
        if kind.initial_state:
            values[kind.state_field] = kind.initial_state
        return apply.create(kind, mutation.record, replace(step, now=values), version)
    if stored is None:
        raise CannotApply("not_found")
    return _VERBS[mutation.op](kind, stored, step, version)


_VERBS: dict[Op, apply.Verb] = {
    Op.CREATE: apply.change,
    Op.CHANGE: apply.change,
    Op.ACT: apply.act,
    Op.DELETE: apply.delete,
}


def _tell_author(session: Session, row: dict[str, Any], decision: str, reason: str) -> None:
    said = (
        sentence("phones.accepted", reason=reason)
        if decision == "apply"
        else sentence("phones.not_accepted", reason=reason)
    )
    tell(
        session,
        None,
        row["author_id"],
        row["unit_id"],
        topic="decision",
        **said.cut(1000).as_dict(),
        subject=(row["kind"], row["record_id"]) if len(row["record_id"]) == 36 else None,
    )


def answer_question(
    session: Session, actor: Actor, kind: str, record_id: str, field: str, values: dict[str, Any]
) -> Stored:
    """Settle a dispute: a write that has seen all its heads; those whose value did not stand are told."""
    policy.need_role(actor, DESK)
    before, hand = _disputed(session, actor, kind, record_id)
    heads = heads_of(session, kind, record_id, field)
    if heads is None:
        raise Problem("already_decided", kind=kind, id=record_id, field=field)
    if field == DELETED and values.get(DELETED) is False:
        need_restorer(session, actor, kind, record_id, before["unit_id"])
    stored = _settle(session, hand, SYNC_KINDS[kind], record_id, field, values)
    if field != DELETED:
        policy.need_kept(session, actor, SYNC_KINDS[kind], record_id, before, stored.values, {field})
    elif not stored.deleted:  # What comes back must fit in as if it were new.
        policy.need_house_rules(session, actor, SYNC_KINDS[kind], record_id, None, stored.values)
    act, after = ("record_deleted", None) if stored.deleted else ("record_changed", stored.values)
    note_write(session, actor, SYNC_KINDS[kind], record_id, act, before, after)
    for head in heads:
        if head["author"] not in (None, SYSTEM_ID) and {k: head["values"].get(k) for k in values} != values:
            tell(
                session,
                None,
                head["author"],
                stored.values["unit_id"],
                topic="question",
                subject=(kind, record_id),
                **sentence("phones.another_stands").as_dict(),
            )
    return stored


def _disputed(session: Session, actor: Actor, kind: str, record_id: str) -> tuple[Values, Actor]:
    """The record as it stands, also one whose deletion is disputed, and the actor as far as they may write
    it."""
    stored = record_writer.push_store(session).load([(kind, record_id)]).get((kind, record_id))
    if stored is None:
        raise Problem("not_found", kind=kind, id=record_id)
    policy.need_unit(session, actor, stored.values["unit_id"], kind, record_id)
    return stored.values, policy.writer(session, actor, SYNC_KINDS[kind], record_id, stored.values)


def _settle(
    session: Session, actor: Actor, kind: Kind, record_id: str, field: str, values: dict[str, Any]
) -> Stored:
    """The write that answers: a field's value, the state that stands, or whether the record stays deleted."""
    names = {name for name, one in kind.fields.items() if one.merges_as == field} | ({field} & {DELETED})
    if not values or set(values) - names or (field == DELETED and not isinstance(values[field], bool)):
        wrong = sorted(set(values) - names) or [field]
        raise Problem("invalid", faults=[fault(name, "phones.not_disputed") for name in wrong])
    if field not in {DELETED, kind.state_field}:
        return record_writer.change(session, actor, kind.name, record_id, values)
    store = record_writer.push_store(session)
    stored = store.load([(kind.name, record_id)])[kind.name, record_id]
    word = Change(
        record_writer.new_id(), actor.as_author(), datetime.now(UTC), {}, base_version=stored.version
    )
    version = store.next_version(stored.version)
    try:
        if field == DELETED:
            applied = apply.settle_deletion(kind, stored, word, values[field], version)
        else:
            applied = apply.decide(kind, stored, word, str(values[field]), version)
    except CannotApply as reason:
        raise Problem(reason.code, **reason.detail) from reason
    return record_writer.write_applied(session, applied)
