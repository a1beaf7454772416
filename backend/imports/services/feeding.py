"""Feeds: files that another program sends, imported by the mapping that a person confirmed once.

Who may: an administrator, or a token that may do this and nothing else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import CATALOGUE, Problem
from backend.core.kinds.account import Token
from backend.core.queries.locks import hold
from backend.core.sentences import sentence
from backend.core.services.auditing import note_act
from backend.core.services.credentials import new_token, token_sha256
from backend.core.services.record_writer import new_id
from backend.imports.kinds.import_run import ImportRun
from backend.imports.reading.shapes import Table
from backend.imports.services.feed_notices import tell_administrators
from backend.imports.services.runs import (
    apply_run,
    author_of,
    begin_run,
    confirm_mapping,
    need_keeper,
    saved_for,
    target_of,
)
from sync.change import moment_text

# Beyond this share of refused rows (and this many) a person looks at a file before anything of it is written.
MOST_REFUSED, FEW = 0.2, 10
_ENDED_BADLY = frozenset({"failed", "discarded"})


@dataclass(frozen=True, slots=True)
class Fed:
    """The run of a file; `is_repeat` where the last file was the same one, and nothing begins."""

    run: ImportRun
    is_repeat: bool


def need_feeder(session: Session, actor: Actor, unit_id: str, target: str) -> None:
    """Raises not_allowed, not_found, feed_not_this (a token of another unit or target)."""
    need_keeper(session, actor, unit_id)
    feed = actor.feeds
    if feed is not None and (unit_id != feed.unit_id or target not in feed.targets):
        raise Problem("feed_not_this", targets=sorted(feed.targets), unit_id=feed.unit_id)


def feed_file(
    session: Session, actor: Actor, unit_id: str, target: str, filename: str, data: bytes, table: Table
) -> Fed:
    """A run of a file by the mapping of before: checked and, unless too much is refused, written by a worker.

    Raises feed_without_mapping, and what `need_feeder` raises.
    """
    need_feeder(session, actor, unit_id, target)
    # The same file twice at once: the second finds the first.
    hold(session, f"feed {unit_id} {target}")
    last = _last(session, unit_id, target)
    if last and last.file_sha256 == hashlib.sha256(data).hexdigest() and last.state not in _ENDED_BADLY:
        return Fed(last, is_repeat=True)
    mapping = saved_for(session, unit_id, target_of(target), table.columns)
    if mapping is None:
        raise Problem("feed_without_mapping")
    run = begin_run(session, actor, unit_id, target, filename, data, table)
    run.is_feed = True
    confirm_mapping(session, actor, str(run.id), mapping.columns, mapping.answers, {})
    return Fed(run, is_repeat=False)


def _last(session: Session, unit_id: str, target: str) -> ImportRun | None:
    mine = ImportRun.is_feed, ImportRun.unit_id == UUID(unit_id), ImportRun.target == target
    found = select(ImportRun).where(*mine).order_by(ImportRun.made_at.desc(), ImportRun.id.desc()).limit(1)
    return session.execute(found).scalar_one_or_none()


def read_feed(session: Session, actor: Actor, run_id: str) -> ImportRun:
    """A run of a feed. A token sees those of its own unit and targets; raises not_allowed, not_found."""
    run = session.get(ImportRun, UUID(run_id))
    if run is None or not run.is_feed:
        raise Problem("not_found", kind="import_run", id=run_id)
    need_feeder(session, actor, str(run.unit_id), run.target)
    return run


def go_on_by_itself(session: Session, run: ImportRun) -> None:
    """Have a feed's run that is checked written; where much of it is refused, a person is told instead."""
    if not run.is_feed:
        return
    refused = run.counts.get("refused", 0)
    if refused > FEW and refused > MOST_REFUSED * run.rows:
        words = sentence("imports.feed_held", file=run.filename, refused=refused, rows=run.rows)
        tell_administrators(session, str(run.unit_id), words)
        return
    apply_run(session, author_of(run), str(run.id))


def tell_of_end(session: Session, run: ImportRun) -> None:
    """Tell administrators of a feed's run that failed, or of which not all was written."""
    if not run.is_feed:
        return
    unit_id = str(run.unit_id)
    left = run.counts.get("refused", 0), run.counts.get("to_settle", 0)
    if run.state == "failed":
        entry = CATALOGUE[str((run.problem or {}).get("code", "server_error"))]
        words = sentence("imports.feed_failed", file=run.filename, why=(entry.zh, entry.en))
        tell_administrators(session, unit_id, words)
    elif any(left):
        refused, to_settle = left
        words = sentence("imports.feed_left_rows", file=run.filename, refused=refused, to_settle=to_settle)
        tell_administrators(session, unit_id, words)


def make_feed_token(
    session: Session, actor: Actor, label: str, days: int, unit_id: str, targets: Sequence[str]
) -> dict[str, Any]:
    """A token by which another program sends files as these targets into a unit, shown once.

    It is its maker's: it ends with their account, password or administrator's role. Raises not_allowed,
    not_found.
    """
    need_keeper(session, actor, unit_id)
    token, family = new_token(), UUID(new_id())
    expires_at = datetime.now(UTC) + timedelta(days=days)
    of = {"label": label, "expires_at": expires_at, "unit_id": UUID(unit_id), "targets": sorted(set(targets))}
    session.add(Token(sha256=token_sha256(token), use="feed", staff_id=UUID(actor.id), family=family, **of))
    after = of | {"expires_at": moment_text(expires_at), "unit_id": unit_id}
    note_act(session, actor, "token_made", ("token", str(family)), after=after)
    return of | {"id": str(family), "token": token, "unit_id": unit_id}
