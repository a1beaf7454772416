"""The audit trail: one line per administrative act, in the transaction of the act itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import SYSTEM_ID, Actor, system
from backend.core.queries.units import has_table, topmost_unit
from backend.core.services import record_writer
from sync.change import Op, moment_text
from sync.kind import Kind, Values

# The unit's own settings: what one line in them changes for everybody.
SETTINGS = frozenset(
    {"unit", "staff", "matter", "calendar", "questionnaire", "crew", "cell", "cell_assignment", "on_call"}
)
NOTED_AS = {Op.CREATE: "record_created", Op.CHANGE: "record_changed", Op.DELETE: "record_deleted"}
# Of people: their history has it, the trail need not.
_PERSONAL = frozenset({"work_phone", "phone", "working_hours"})
_LONGEST = 500


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

    `before` and `after` hold what changed and nothing secret: no password, token, key or hash of one. A
    subject that has no id of its own (settings, keys) gives None.
    """
    kind, subject_id = subject
    values = {
        "act": act,
        "by_staff_id": None if actor.id == SYSTEM_ID else actor.id,
        "device_id": actor.device_id,
        "network_address": actor.network_address,
        "subject_kind": kind,
        "subject_id": subject_id,
        "before": before,
        "after": after,
        "acted_at": moment_text(datetime.now(UTC)),
    }
    record_writer.create(session, system(actor.unit_id), "administrative_act", values)


def note_at_shell(
    session: Session, act: str, subject: tuple[str, str | None], *, after: Values | None = None
) -> None:
    """Note what an operator did at the machine's own shell, in the name of the topmost unit.

    A database without units, or of a release from before there was a trail, has nobody to tell: nothing is
    noted.
    """
    if not has_table(session, "administrative_act"):
        return
    unit_id = topmost_unit(session)
    if unit_id is not None:
        note_act(session, system(unit_id), act, subject, after=after)


def note_write(
    session: Session,
    actor: Actor,
    kind: Kind,
    record_id: str,
    act: str,
    before: Values | None,
    after: Values | None,
) -> None:
    """Note a write of a unit's settings: the fields that changed, before and after; other kinds have their
    history.

    What is personal is left out, and what is long (an outline, a form) is only named.
    """
    if kind.name not in SETTINGS or actor.is_system:
        return
    old, new = before or {}, after or {}
    changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    told = [{name: _told(kind, name, side.get(name)) for name in changed} for side in (old, new)]
    note_act(session, actor, act, (kind.name, record_id), before=before and told[0], after=after and told[1])


def _told(kind: Kind, name: str, value: Any) -> Any:
    is_personal = name in _PERSONAL or (kind.name, name) == ("staff", "name")
    if value is not None and is_personal:
        return "***"
    return "…" if len(str(value)) > _LONGEST else value
