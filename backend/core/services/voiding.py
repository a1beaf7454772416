"""Voids a wrong record: it counts nowhere any more, and stays readable with who voided it, when and why.

A voided record is deleted for everything that lists, counts, plans or syncs, so no query has to know of it;
what it said, its history and its seals stay.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.kinds.declaration import RecordKind
from backend.core.queries import policy
from backend.core.queries.documents import lines_of, read_document
from backend.core.queries.masks import mask, masked, sees_all
from backend.core.queries.voided import voided_in, voided_one
from backend.core.services import record_writer
from backend.core.services.auditing import SETTINGS, note_act
from sync.kind import Values

_VOIDS = frozenset({Role.ADMIN, Role.SUPERVISOR})
_SETS = frozenset({Role.ADMIN})


def void_record(
    session: Session, actor: Actor, kind: RecordKind, record_id: str, reason: str, version: Any = None
) -> None:
    """Void a record of the actor's units; what one line changes for everybody is voided by administrators.

    Raises not_found, not_allowed, reason_needed, in_use while others point at it, changed_meanwhile,
    not_voidable for what the server alone writes.
    """
    _need_voider(actor, kind.name)
    read_document(session, actor, kind, record_id)
    if not kind.kind.create_by:
        raise Problem("not_voidable", kind=kind.name)
    if not reason.strip():
        raise Problem("reason_needed")
    values = record_writer.read(session, kind.name, record_id, lock=True).values
    policy.writer(session, actor, kind.kind, record_id, values)
    policy.need_unit(session, actor, values["unit_id"], kind.name, record_id)
    record_writer.delete(session, actor, kind.name, record_id, version=version, trusted=True)
    note_act(session, actor, "record_voided", (kind.name, record_id), after={"reason": reason.strip()})


def need_restorer(session: Session, actor: Actor, kind: str, record_id: str, unit_id: str) -> None:
    """What was voided is brought back, by a dispute about it and who may void. Raises not_allowed."""
    if voided_one(session, [unit_id], kind, record_id) is not None:
        _need_voider(actor, kind)


def _need_voider(actor: Actor, kind: str) -> None:
    policy.need_role(actor, _SETS if kind in SETTINGS else _VOIDS)


def list_voided(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """What was voided or merged in the asker's units, newest first."""
    return [_told(actor, row) for row in voided_in(session, policy.office_units(session, actor))]


def read_voided(session: Session, actor: Actor, kind: RecordKind, record_id: str) -> Values:
    """A voided record as it was at its end, with why, and its history. Raises not_found."""
    units = policy.office_units(session, actor)
    found = voided_one(session, units, kind.name, record_id)
    if found is None:
        raise Problem("not_found", kind=kind.name, id=record_id)
    told, values = found
    history = lines_of(session, actor, kind, record_id)
    return _told(actor, told) | {"values": masked(actor, kind, values), "history": history}


def _told(actor: Actor, row: dict[str, Any]) -> dict[str, Any]:
    """Why it was voided, for an auditor without the numbers that were written there."""
    return row if sees_all(actor) else row | {"reason": mask("text", row["reason"])}
