"""Keeps and asks for the utility's own numbers, in the form in which typed text is compared."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from sync.errors import DatabaseRefused
from sync.postgres.rows import rows_of


class NumberTaken(DatabaseRefused):
    """Another record has one of these numbers."""


class Holder(NamedTuple):
    """A number and a record that has it."""

    kind: str
    id: str
    form: str
    is_former: bool = False


def keep_numbers(connection: Connection, gone: Sequence[Holder], held: Sequence[Holder]) -> None:
    """These numbers are held no more, `held` are from now on. Raises NumberTaken."""
    freed = rows_of(connection, _FREE, _columns(("kinds", "ids", "forms"), gone)) if gone else []
    if held:
        try:
            rows_of(connection, _HOLD, _columns(("kinds", "ids", "forms", "formers"), held))
        except psycopg.errors.UniqueViolation as error:
            raise NumberTaken("unique: own number") from error
    if freed:
        # Who had the same before there was a rule holds it now.
        rows_of(
            connection, _PROMOTE, {"kinds": [row[0] for row in freed], "forms": [row[1] for row in freed]}
        )


def _columns(names: Sequence[str], rows: Sequence[Holder]) -> dict[str, list[str]]:
    return {name: [str(row[n]) for row in rows] for n, name in enumerate(names)}


def holders(session: Session, kind: str, forms: Collection[str]) -> dict[str, str]:
    """Form -> the record that holds it; of doubles the first."""
    asked = {"kind": kind, "forms": sorted(set(forms))}
    return {row[0]: row[1] for row in session.execute(text(_HOLDERS), asked)} if forms else {}


def is_taken(session: Session, kind: str, form: str, record_id: str) -> bool:
    """Whether another record has this number."""
    found = holders(session, kind, [form]).get(form)
    return found is not None and found != record_id


def doubles(session: Session, kind: str, units: Collection[str]) -> list[tuple[str, list[str]]]:
    """Numbers that several records of these units have since before there was a rule: form, ids."""
    rows = session.execute(text(_DOUBLES), {"kind": kind, "units": list(units)})
    return [(row[0], list(row[1])) for row in rows]


_FREE = """
    DELETE FROM own_number
    WHERE (kind, id, form) IN (
        SELECT *
        FROM unnest(%(kinds)b::text[], %(ids)b::text[]::uuid[], %(forms)b::text[])
    )
    RETURNING kind, form
"""
_HOLD = """
    INSERT INTO own_number (kind, id, form, is_former)
    SELECT *
    FROM unnest(%(kinds)b::text[], %(ids)b::text[]::uuid[], %(forms)b::text[], %(formers)b::text[]::boolean[])
    RETURNING 1
"""
_PROMOTE = """
    UPDATE own_number n
    SET is_double = false
    FROM (
        SELECT DISTINCT ON (d.kind, d.form) d.kind, d.id, d.form
        FROM unnest(%(kinds)b::text[], %(forms)b::text[]) AS f(kind, form)
        JOIN own_number d ON d.kind = f.kind
        AND d.form = f.form
        AND d.is_double
        WHERE NOT EXISTS (
            SELECT
            FROM own_number h
            WHERE h.kind = d.kind
            AND h.form = d.form
            AND h.is_double IS false
        )
        ORDER BY d.kind, d.form, d.id
    ) first
    WHERE n.kind = first.kind
    AND n.id = first.id
    AND n.form = first.form
    RETURNING 1
"""
_HOLDERS = """
    SELECT form, id::text
    FROM own_number
    WHERE kind = :kind
    AND form = ANY(CAST(:forms AS text[]))
    AND is_double IS false
"""
_DOUBLES = """
    SELECT o.form, array_agg(o.id::text ORDER BY o.is_double, o.id)
    FROM own_number d
    JOIN own_number o ON o.kind = d.kind
    AND o.form = d.form
    JOIN sync_document r ON r.kind = o.kind
    AND r.id = o.id
    WHERE d.kind = :kind
    AND d.is_double
    AND r.unit_id = ANY(CAST(:units AS uuid[]))
    GROUP BY o.form
    ORDER BY o.form
    LIMIT 1000
"""
