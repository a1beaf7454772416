"""Who answers for a customer: a key customer's own representative while they work here, else whoever
serves the cell."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.queries.scopes import today

# For SQL over `customer c`: their own representative, as long as they have not left.
OWN = (
    "(SELECT s.id FROM staff s WHERE s.id = c.key_representative_id AND s.is_active AND s.deleted_at IS NULL)"
)
# For SQL over a visit: still to be made. A return visit that met nobody is not over.
OPEN_VISIT = "({v}.state = 'planned' OR ({v}.state = 'not_met' AND {v}.work_order_id IS NOT NULL))"
_OF_CELL = """
    SELECT d.staff_id::text
    FROM cell_assignment d
    JOIN staff s ON s.id = d.staff_id AND s.is_active AND s.deleted_at IS NULL
    WHERE d.cell_id = CAST(:cell AS uuid)
        AND d.deleted_at IS NULL
        AND d.valid_from <= :on
        AND (d.valid_until IS NULL OR d.valid_until >= :on)
        AND d.staff_id <> ALL(CAST(:without AS uuid[]))
    ORDER BY array_position(ARRAY['representative', 'deputy', 'stand_in'], d.duty), d.valid_from DESC, d.id
    LIMIT 1
"""


def own_representative(session: Session, customer_id: str) -> str | None:
    """A key customer's own representative who works here."""
    asked = f"""
        SELECT {OWN}::text
        FROM customer c
        WHERE c.id = CAST(:id AS uuid)
    """  # noqa: S608 - made of constants; values are bound
    found = session.execute(text(asked), {"id": customer_id})
    return found.scalar_one_or_none()


def responsible(
    session: Session,
    customer_id: str,
    cell_id: str | None,
    *,
    without: Collection[str] = (),
    on: date | None = None,
) -> str | None:
    """Who has a customer's open work: their own representative, else the cell's; nobody of `without`."""
    own = own_representative(session, customer_id)
    if own is not None and own not in without:
        return own
    given = {"cell": cell_id, "on": on or today(), "without": list(without)}
    return session.execute(text(_OF_CELL), given).scalar_one_or_none() if cell_id else None


def was(session: Session, record_id: str, field: str, kind: str = "customer") -> list[str]:
    """What a field of a customer (or another record) has ever said, by history, as text."""
    rows = session.execute(
        text(
            """
                SELECT DISTINCT value
                FROM sync_history h,
                  LATERAL jsonb_array_elements_text(
                    CASE jsonb_typeof(h.changed->:field) WHEN 'array' THEN h.changed->:field ELSE '[]' END
                  ) value
                WHERE h.kind = :kind
                  AND h.id = CAST(:id AS uuid)
                  AND h.changed ? :field
                  AND value IS NOT NULL
                ORDER BY 1
            """
        ),
        {"id": record_id, "field": field, "kind": kind},
    )
    return [row[0] for row in rows]


def ever_responsible(session: Session, customer_id: str) -> list[str]:
    """Everybody who may hold open work of a customer because they once answered for them or for their
    cell."""
    cells = was(session, customer_id, "cell_id")
    rows = session.execute(
        text(
            """
                SELECT DISTINCT staff_id::text
                FROM cell_assignment
                WHERE duty = 'representative'
                      AND (cell_id = ANY(CAST(:cells AS uuid[])) OR cell_id = (SELECT cell_id
                  FROM customer
                  WHERE id = CAST(:id AS uuid)))
            """
        ),
        {"cells": cells, "id": customer_id},
    )
    return sorted({*(row[0] for row in rows), *was(session, customer_id, "key_representative_id")})


def customers_of(session: Session, staff_id: str) -> Sequence[str]:
    """The customers who name this person as their own representative."""
    rows = session.execute(
        text(
            """
                SELECT id::text
                FROM customer
                WHERE key_representative_id = CAST(:id AS uuid) AND deleted_at IS NULL
                ORDER BY id
            """
        ),
        {"id": staff_id},
    )
    return [row[0] for row in rows]


def misfiled_points(session: Session, customer_id: str | None = None) -> list[tuple[str, str, str | None]]:
    """Up to 5000 service points (of one customer, or of all) that name another own representative than their
    customer has: their id, unit, and who it should be."""
    asked = f"""
        SELECT p.id::text, p.unit_id::text, {OWN}::text
        FROM service_point p
        JOIN customer c ON c.id = p.customer_id
        WHERE p.deleted_at IS NULL
        AND p.key_representative_id IS DISTINCT FROM {OWN}
        {"AND c.id = CAST(:customer AS uuid)" if customer_id else ""}
        ORDER BY p.id
        LIMIT 5000
    """  # noqa: S608 - made of constants; values are bound
    given = {"customer": customer_id} if customer_id else {}
    return [(row[0], row[1], row[2]) for row in session.execute(text(asked), given)]
