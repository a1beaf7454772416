"""The audit trail: one line per administrative act, in the transaction of the act itself."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.actor import Actor, system
from backend.services import door
from sync.change import moment_text
from sync.kind import Values


def note_act(
    session: Session,
    actor: Actor,
    act: str,
    subject: tuple[str, str | None],
    *,
    before: Values | None = None,
    after: Values | None = None,
) -> None:
    """Note that `actor` did `act` (a code of `records.administrative_act.ACTS`) to a subject (kind, id).

    `before` and `after` hold what changed and nothing secret: no password, token, key or hash of one. A subject that
    has no id of its own (settings, keys) gives None.
    """
    kind, subject_id = subject
    values = {
        "act": act,
        "by_staff_id": None if actor.is_system else actor.id,
        "device_id": actor.device_id,
        "network_address": actor.network_address,
        "subject_kind": kind,
        "subject_id": subject_id,
        "before": before,
        "after": after,
        "acted_at": moment_text(datetime.now(UTC)),
    }
    door.create(session, system(actor.unit_id), "administrative_act", values)


def note_at_shell(session: Session, act: str, subject: tuple[str, str | None], *, after: Values | None = None) -> None:
    """Note what an operator did at the machine's own shell, in the name of the topmost unit.

    A database without units, or of a release from before there was a trail, has nobody to tell: nothing is noted.
    """
    if session.execute(text("SELECT to_regclass('administrative_act')")).scalar() is None:
        return
    top = text(
        "SELECT id::text FROM unit WHERE deleted_at IS NULL AND parent_id IS NULL ORDER BY created_at, id LIMIT 1"
    )
    unit_id = session.execute(top).scalar()
    if unit_id is not None:
        note_act(session, system(str(unit_id)), act, subject, after=after)
