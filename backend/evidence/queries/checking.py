"""Reads what stands now, to be compared with sealed history: records, documents, other rows, objects."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Result, Row, exists, func, select, text
from sqlalchemy import table as table_named
from sqlalchemy.orm import Session

from backend.core.kinds.registry import TABLES
from backend.core.queries.noted_rows import NOTED, said_by
from sync.postgres.tables import document, history

_OWN = frozenset({"id", "version", "created_at", "updated_at", "deleted_at"})


def next_ids(session: Session, kind: str, after: str, most: int) -> list[str]:
    """The next records of a kind that history tells of, by id."""
    asked = """
        SELECT id::text
        FROM sync_history
        WHERE kind = :kind
        AND id > CAST(:after AS uuid)
        GROUP BY id
        ORDER BY id
        LIMIT :most
    """
    return list(session.scalars(text(asked), {"kind": kind, "after": after, "most": most}))


def without_history(session: Session, kind: str, table: str) -> list[str]:
    """Up to 100 rows of a kind, in its own table or among the documents, that no history tells of."""
    rows = document.c if table == document.name else TABLES[table].c
    is_told = exists().where(history.c.kind == kind, history.c.id == rows.id)
    asked = select(rows.id).where(~is_told).limit(100)
    if table == document.name:
        asked = asked.where(document.c.kind == kind)
    return [str(one) for one in session.scalars(asked)]


def steps_of(session: Session, kind: str, ids: Sequence[str]) -> Result[*tuple[Any, ...]]:
    """Every step of these records' history: id, version, op, changed, recorded_at."""
    asked = """
        SELECT id::text, version, op, changed, recorded_at
        FROM sync_history
        WHERE kind = :kind
        AND id = ANY(CAST(:ids AS uuid[]))
        ORDER BY id, version
    """
    return session.execute(text(asked), {"kind": kind, "ids": list(ids)})


def documents_of(session: Session, kind: str, ids: Collection[str]) -> dict[str, Sequence[Any]]:
    """Record -> unit, version, whether it is deleted, body and the body's hash, as its document has them."""
    asked = """
        SELECT id::text, unit_id::text, version, deleted, body, body_sha256
        FROM sync_document
        WHERE kind = :kind
        AND id = ANY(CAST(:ids AS uuid[]))
    """
    rows = session.execute(text(asked), {"kind": kind, "ids": list(ids)})
    return {row[0]: row[1:] for row in rows}


@cache
def _comparing(table: str) -> str:
    columns = TABLES[table].columns
    names = [one.name for one in columns if one.name not in _OWN]
    places = {one.name for one in columns if "geometry" in type(one.type).__name__.lower()}
    pairs = (
        (name, *(f"ST_AsEWKB({side}.{name})" if name in places else f"{side}.{name}" for side in "tp"))
        for name in names
    )
    wrong = ", ".join(
        f"CASE WHEN {ours} IS DISTINCT FROM {sealed} THEN '{name}' END" for name, ours, sealed in pairs
    )
    return f"""
        SELECT e.id::text, t.id IS NOT NULL, t.version, t.created_at, t.updated_at, t.deleted_at,
            array_remove(ARRAY[{wrong}]::text[], NULL)
        FROM unnest(CAST(:ids AS uuid[]), CAST(:bodies AS text[])) e(id, body)
        CROSS JOIN LATERAL json_populate_record(NULL::{table}, e.body::json) p
        LEFT JOIN {table} t ON t.id = e.id
    """  # noqa: S608 - names of our own tables and columns


def compared(
    session: Session, table: str, ids: Sequence[str], bodies: Sequence[str]
) -> Result[*tuple[Any, ...]]:
    """Each record's row beside what it should say (as JSON): id, whether it is there, version, its three
    times, and the columns that differ."""
    return session.execute(text(_comparing(table)), {"ids": list(ids), "bodies": list(bodies)})


def noted_otherwise(session: Session, table: str) -> Sequence[Row[*tuple[Any, ...]]]:
    """Rows beside the records that do not say what history last said of them: id, history's word, theirs."""
    noted = NOTED[table]
    asked = f"""
        SELECT coalesce(h.id, n.id)::text, h.said, n.said
        FROM (
            SELECT DISTINCT ON (id) id, changed AS said
            FROM sync_history
            WHERE kind = '{table}'
            ORDER BY id, version DESC
        ) h
        FULL JOIN (
            SELECT {noted.uuid} AS id, {said_by(table)} AS said
            FROM {table} t
            WHERE {noted.counts}
        ) n ON n.id = h.id
        WHERE h.said IS DISTINCT FROM n.said
    """  # noqa: S608 - names of our own tables and columns
    return session.execute(text(asked)).all()


def count_rows(session: Session, table: str) -> int:
    """How many rows a table has."""
    return session.execute(select(func.count()).select_from(table_named(table))).scalar_one()


def count_told(session: Session, kinds: Sequence[str]) -> int:
    """How many records of these kinds history tells of."""
    asked = """
        SELECT count(DISTINCT (kind, id))
        FROM sync_history
        WHERE kind = ANY(:kinds)
    """
    return int(session.execute(text(asked), {"kinds": list(kinds)}).scalar_one())


def objects_kept(session: Session) -> dict[str, int | None]:
    """The hash of each object that should be in the store -> its size in bytes."""
    asked = """
        SELECT sha256, size_bytes
        FROM object
        ORDER BY sha256
    """
    return {row[0]: row[1] for row in session.execute(text(asked))}


def copies_kept(session: Session) -> list[str]:
    """The hashes of the smaller copies of pictures that should be in the store."""
    asked = """
        SELECT unnest(ARRAY[web_sha256, thumb_sha256])
        FROM look
        WHERE state = 'ready'
        ORDER BY 1
    """
    return list(session.scalars(text(asked)))


def photos_without_bytes(session: Session) -> list[str]:
    """Up to 100 photos that are said to be here, while no object has their bytes."""
    asked = """
        SELECT id::text
        FROM photo p
        WHERE arrived_at IS NOT NULL
        AND NOT EXISTS (
            SELECT
            FROM object o
            WHERE o.sha256 = p.sha256
        )
        ORDER BY id
        LIMIT 100
    """
    return list(session.scalars(text(asked)))


def documents_of_no_kind(session: Session, kinds: Sequence[str]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Up to 100 documents of other kinds than these: kind, id."""
    asked = """
        SELECT kind, id::text
        FROM sync_document
        WHERE NOT kind = ANY(:kinds)
        LIMIT 100
    """
    return session.execute(text(asked), {"kinds": list(kinds)}).all()
