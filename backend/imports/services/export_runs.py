"""Exports prepared in the background: asked for, looked at, downloaded while they last, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.blobs.store import PASSING, BlobStore
from backend.core.errors import Problem
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.locks import hold
from backend.core.sentences import fault
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from backend.imports.kinds.export_run import FORMS, ExportRun
from backend.imports.queries.exported import counts_of
from backend.imports.services.exporting import geometry_of, need_exporter
from backend.imports.services.runs import KEEPERS

# Long enough to fetch it the next morning; a copy of everything is not left lying about.
LASTS = timedelta(hours=24)
_LISTED = 50


def contents(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """What there is to take away: each kind, its records in the actor's units, whether they lie somewhere.

    Raises not_allowed.
    """
    policy.need_role(actor, KEEPERS)
    counts = counts_of(session, policy.own_units(session, actor))
    return [
        {"kind": kind, "count": counts.get(kind, 0), "has_places": geometry_of(kind) is not None}
        for kind in sorted(KINDS)
    ]


def begin_export(session: Session, actor: Actor, kinds: Sequence[str], forms: Sequence[str]) -> ExportRun:
    """An export of these kinds (none: all) in these forms, which a worker writes next.

    Raises not_allowed, invalid, export_busy while another of the unit is being written.
    """
    policy.need_role(actor, KEEPERS)
    strange = sorted({*kinds} - {*KINDS})
    if strange:
        raise Problem("invalid", faults=[fault("kinds", "core.unknown", one[:40]) for one in strange])
    # Two at once: the second waits for the first and is refused.
    hold(session, f"exports {actor.unit_id}")
    if _writing(session, actor.unit_id):
        raise Problem("export_busy")
    need_exporter(session, actor, "everything", {"kinds": list(kinds) or None, "forms": list(forms)})
    run = ExportRun(
        id=UUID(record_writer.new_id()),
        unit_id=UUID(actor.unit_id),
        kinds=sorted({*kinds} or KINDS),
        forms=[one for one in FORMS if one in forms],
        state="writing",
        done=0,
        total=0,
        made_by_id=UUID(actor.id),
    )
    session.add(run)
    session.flush()
    return run


def _writing(session: Session, unit_id: str) -> bool:
    asked = select(ExportRun.id).where(ExportRun.unit_id == UUID(unit_id), ExportRun.state == "writing")
    return session.execute(asked.limit(1)).scalar() is not None


def list_exports(session: Session, actor: Actor) -> Sequence[ExportRun]:
    """The newest of the actor's units. Raises not_allowed."""
    policy.need_role(actor, KEEPERS)
    mine = ExportRun.unit_id.in_([UUID(one) for one in policy.own_units(session, actor)])
    asked = select(ExportRun).where(mine).order_by(ExportRun.made_at.desc(), ExportRun.id)
    return session.execute(asked.limit(_LISTED)).scalars().all()


def read_export(session: Session, actor: Actor, export_id: str, *, lock: bool = False) -> ExportRun:
    """One of the actor's units. Raises not_allowed, not_found."""
    policy.need_role(actor, KEEPERS)
    run = session.get(ExportRun, UUID(export_id), with_for_update=lock)
    if run is None:
        raise Problem("not_found", kind="export_run", id=export_id)
    policy.need_unit(session, actor, run.unit_id, "export_run", export_id)
    return run


def open_export(session: Session, actor: Actor, export_id: str, now: datetime | None = None) -> ExportRun:
    """One to be downloaded now, noted in the trail. Raises not_allowed, not_found, export_not_ready."""
    run = read_export(session, actor, export_id)
    is_there = run.state == "ready" and run.expires_at and run.expires_at > (now or datetime.now(UTC))
    if not is_there:
        raise Problem("export_not_ready", state="gone" if run.state == "ready" else run.state)
    note_act(session, actor, "exported", ("export_run", export_id), after={"downloaded": True})
    return run


def delete_export(session: Session, blobs: BlobStore, actor: Actor, export_id: str) -> None:
    """Delete its file before its time, or stop it being written. Raises not_allowed, not_found."""
    _let_go(blobs, read_export(session, actor, export_id, lock=True))


def forget_expired(session: Session, blobs: BlobStore, now: datetime | None = None) -> int:
    """Delete the files whose time is over; returns how many. That they were made stays known."""
    now = now or datetime.now(UTC)
    asked = select(ExportRun).where(ExportRun.state == "ready", ExportRun.expires_at <= now)
    over = session.execute(asked.with_for_update(skip_locked=True)).scalars().all()
    for run in over:
        _let_go(blobs, run)
    return len(over)


def _let_go(blobs: BlobStore, run: ExportRun) -> None:
    blobs.remove(key_of_export(run))
    if run.state in ("writing", "ready"):
        run.state = "gone"
        run.ended_at = run.ended_at or datetime.now(UTC)


def key_of_export(run: ExportRun) -> str:
    """Where its file lies in the object store."""
    return f"{PASSING}{run.id}.zip"
