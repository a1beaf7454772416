"""Says in sealed history what rows beside the records say now, whenever they change.

A link, a look, a phone's key or a file's arrival is no record, so it has no history.
Whoever changes such a row says so here, in the same transaction; a row changed behind the server's back then
differs from what is sealed.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from backend.core.actor import SYSTEM_ID, Actor
from backend.core.queries.noted_rows import write_history


def note_rows(session: Session, table: str, keys: Iterable[object], actor: Actor | None = None) -> None:
    """Say in history what these rows of a table say now; without an actor the server itself changed them."""
    session.flush()
    write_history(session, table, keys, actor.id if actor else SYSTEM_ID, actor.device_id if actor else None)
