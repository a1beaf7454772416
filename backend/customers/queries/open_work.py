"""Open items and visits: whose they are, at which customer, and in which cell."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.customers.queries.representatives import OPEN_VISIT, OWN


class OpenWork(NamedTuple):
    """How a kind of work says whose it is (a column), and that it is open (SQL over a row `r`)."""

    whose: str
    is_open: str


OPEN_WORK = {
    "item": OpenWork("owner_id", "r.state <> 'closed'"),
    "visit": OpenWork("representative_id", OPEN_VISIT.format(v="r")),
}


def work_of_cell(
    session: Session, kind: str, cell_id: str, holders: Collection[str], *, besides: str
) -> list[str]:
    """Open work of a kind in a cell that one of the holders, though not `besides`, has as the cell's own.

    What a key customer's representative has of theirs is not the cell's, until they have left.
    """
    whose, is_open = OPEN_WORK[kind]
    asked = f"""
        SELECT r.id::text
        FROM {kind} r
        LEFT JOIN customer c ON c.id = r.customer_id
        WHERE r.cell_id = CAST(:cell AS uuid)
        AND r.{whose} <> CAST(:besides AS uuid)
        AND r.deleted_at IS NULL
        AND {is_open}
        AND CASE
            WHEN r.{whose} = c.key_representative_id THEN {OWN} IS NULL
            ELSE r.{whose} = ANY(CAST(:holders AS uuid[]))
        END
        ORDER BY r.id
    """  # noqa: S608 - kinds and columns of OPEN_WORK, or a caller's constants
    given = {"cell": cell_id, "holders": list(holders), "besides": besides}
    return list(session.scalars(text(asked), given))


def work_at_customer(
    session: Session, kind: str, customer_id: str, holders: Collection[str]
) -> list[tuple[str, bool]]:
    """Open work of a kind at a customer, and whether one of the holders has it."""
    whose, is_open = OPEN_WORK[kind]
    asked = f"""
        SELECT r.id::text, r.{whose} = ANY(CAST(:holders AS uuid[]))
        FROM {kind} r
        WHERE r.deleted_at IS NULL
        AND r.customer_id = CAST(:customer AS uuid)
        AND {is_open}
        ORDER BY r.id
    """  # noqa: S608 - kinds and columns of OPEN_WORK, or a caller's constants
    rows = session.execute(text(asked), {"holders": list(holders), "customer": customer_id})
    return [(row[0], bool(row[1])) for row in rows]


def work_in_cells(
    session: Session, kind: str, is_open: str, customer_id: str, cell_ids: Collection[str]
) -> list[str]:
    """Work of a kind at a customer, open by `is_open` (SQL over a row `r`), that is filed in these cells."""
    asked = f"""
        SELECT r.id::text
        FROM {kind} r
        WHERE r.customer_id = CAST(:customer AS uuid)
        AND r.deleted_at IS NULL
        AND {is_open}
        AND r.cell_id = ANY(CAST(:cells AS uuid[]))
        ORDER BY r.id
    """  # noqa: S608 - kinds and columns of OPEN_WORK, or a caller's constants
    return list(session.scalars(text(asked), {"customer": customer_id, "cells": list(cell_ids)}))
