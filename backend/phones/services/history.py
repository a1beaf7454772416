"""Whether this is still the history that phones have seen: a witness outside the database remembers how
far it was.

A database that was restored by whatever means, copied or promoted is told by its names; one whose files were
put back by a transaction id lower than the witness has seen. Either opens a new epoch before anything else is
written.
"""

from __future__ import annotations

from pathlib import Path

import orjson
import structlog
from sqlalchemy.orm import Session

from backend.core.db import Database
from sync.postgres import epoch
from sync.postgres.epoch import Epoch, Identity

log = structlog.get_logger(__name__)
WITNESS = "history.json"


def watch_history(database: Database, home: Path) -> str | None:
    """Compare the database with what it remembers of itself and with the witness; why a new epoch was
    opened, if so."""
    witness = home / WITNESS
    with database.transaction() as session:
        reason, number, found = _look(session, witness)
    if reason:
        log.warning("history.changed", reason=reason, epoch=number)
    _write(witness, number, found)
    return reason


def _look(session: Session, witness: Path) -> tuple[str | None, int, Identity]:
    connection = session.connection()
    # Several processes look when they start: one after the other.
    epoch.hold(connection)
    known, found = epoch.remembered(connection), epoch.identity(connection)
    if known.names is None:
        epoch.remember(connection, found)
        return None, known.number, found
    reason = why_another(known, found, _read(witness))
    return reason, epoch.open_new(connection, reason) if reason else known.number, found


def why_another(known: Epoch, found: Identity, seen: tuple[int, Identity] | None) -> str | None:
    """Why this is another history than phones have seen; None when it is the same."""
    if known.names != found.names:
        return "the database was restored, copied or promoted"
    if seen is not None and seen[1].names == found.names:
        if seen[0] > known.number:
            return "the database is of an older epoch than the witness has seen"
        if seen[1].xid >= found.xid:
            return "the database has gone back behind what the witness has seen"
    return None


def _read(witness: Path) -> tuple[int, Identity] | None:
    try:
        saved = orjson.loads(witness.read_bytes())
        return int(saved["epoch"]), Identity(*map(int, saved["identity"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(witness: Path, number: int, found: Identity) -> None:
    """Whole or not at all: a torn witness would forget."""
    home = witness.parent
    home.mkdir(parents=True, exist_ok=True)
    fresh = home / f"{WITNESS}.new"
    fresh.write_bytes(orjson.dumps({"epoch": number, "identity": [*found.names, found.xid]}))
    fresh.replace(witness)
