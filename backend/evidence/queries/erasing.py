"""Where a record's personal values also stand, and writing over them there: history, seals, waiting work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session


def salted_steps(session: Session, kind: str, record_id: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """The sealed steps of a record whose salt is still kept: version, what changed, salt."""
    asked = """
        SELECT h.version, h.changed, s.salt
        FROM sync_history h
        JOIN sealed_row s USING (kind, id, version)
        WHERE h.kind = :kind
        AND h.id = CAST(:id AS uuid)
        AND s.salt IS NOT NULL
    """
    return session.execute(text(asked), {"kind": kind, "id": record_id}).all()


def replace_step(session: Session, kind: str, record_id: str, version: int, changed: str) -> None:
    """Write over what a step of history says changed (as JSON)."""
    step = """
        UPDATE sync_history
        SET changed = CAST(:changed AS jsonb)
        WHERE kind = :kind
        AND id = CAST(:id AS uuid)
        AND version = :version
    """
    given = {"kind": kind, "id": record_id, "version": version, "changed": changed}
    session.execute(text(step), given)


def forget_salt(session: Session, kind: str, record_id: str, version: int) -> None:
    """Without its salt nobody can try what a hash was made of."""
    step = """
        UPDATE sealed_row
        SET salt = NULL
        WHERE kind = :kind
        AND id = CAST(:id AS uuid)
        AND version = :version
    """
    session.execute(text(step), {"kind": kind, "id": record_id, "version": version})


def waiting_of(session: Session, kind: str, record_id: str) -> Iterator[tuple[str, bytes]]:
    """The work about a record that waits or waited, locked: the mutation's id and its bytes."""
    asked = """
        SELECT mutation_id, verbatim
        FROM sync_waiting
        WHERE kind = :kind
        AND record_id = :id
        FOR UPDATE
    """
    rows = session.execute(text(asked), {"kind": kind, "id": record_id}).all()
    return ((mutation_id, bytes(verbatim)) for mutation_id, verbatim in rows)


def replace_waiting(session: Session, mutation_id: str, verbatim: bytes) -> None:
    """Write over a waiting mutation's bytes."""
    step = """
        UPDATE sync_waiting
        SET verbatim = :verbatim
        WHERE mutation_id = :mutation
    """
    session.execute(text(step), {"verbatim": verbatim, "mutation": mutation_id})


def delete_disputes(session: Session, kind: str, record_id: str, fields: Sequence[str]) -> None:
    """Disputes about these fields of a record hold their values: they go."""
    step = """
        DELETE FROM sync_question
        WHERE kind = :kind
        AND id = CAST(:id AS uuid)
        AND field = ANY(:fields)
    """
    session.execute(text(step), {"kind": kind, "id": record_id, "fields": list(fields)})
