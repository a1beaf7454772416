"""What lies near what: reports of the same trouble, jobs at one address, customers of a drawn area or a
pipe."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.kinds.registry import KINDS
from backend.core.queries.masks import mask, masked, sees_all
from backend.core.queries.scopes import held

# Reports of one burst come within a day and from a few houses; jobs at one door are within a GPS error.
SAME_TROUBLE_M, SAME_TROUBLE_HOURS, SAME_DOOR_M = 300, 24, 15
MOST_CUSTOMERS = 20_000
_OPEN = """
    w.state NOT IN ('closed', 'refused', 'cancelled', 'failed', 'partly_done', 'done')
    AND w.deleted_at IS NULL
"""


def same_trouble(session: Session, actor: Actor, job_id: str) -> list[dict[str, Any]]:
    """Open jobs of the same matter reported near a job in place and time, nearest first: perhaps the same
    trouble."""
    rows = session.execute(
        text(
            f"""
                SELECT w.id::text,
                    w.number,
                    w.address,
                    w.state,
                    w.created_at,
                    round(ST_Distance(CAST(w.place AS geography), CAST(j.place AS geography)))
                FROM work_order w, work_order j
                WHERE j.id = CAST(:id AS uuid)
                    AND w.id <> j.id
                    AND w.unit_id = j.unit_id
                    AND {_OPEN}
                    AND w.matter_id = j.matter_id
                    AND w.created_at BETWEEN j.created_at - make_interval(hours => :hours)
                    AND j.created_at + make_interval(hours => :hours)
                    AND ST_DWithin(CAST(w.place AS geography), CAST(j.place AS geography), :metres)
                    AND w.place && ST_Expand(j.place, 0.01)
                ORDER BY 6, 1
                LIMIT 20
            """  # noqa: S608 - made of constants; values are bound
        ),
        {"id": job_id, "hours": SAME_TROUBLE_HOURS, "metres": SAME_TROUBLE_M},
    )
    is_whole = sees_all(actor)
    return [
        {
            "job_id": r[0],
            "number": r[1],
            "address": r[2] if is_whole else mask("address", r[2]),
            "state": r[3],
            "reported_at": r[4],
            "distance_m": int(r[5]),
        }
        for r in rows
    ]


def at_same_door(session: Session, job_id: str) -> list[tuple[str, str | None]]:
    """Open jobs at the address of a job, itself included: (id, bundle)."""
    rows = session.execute(
        text(
            f"""
                SELECT w.id::text, w.bundle_id::text
                FROM work_order w, work_order j
                WHERE j.id = CAST(:id AS uuid)
                    AND w.unit_id = j.unit_id
                    AND {_OPEN}
                    AND (w.service_point_id = j.service_point_id
                        OR (w.place && ST_Expand(j.place, 0.001)
                            AND ST_DWithin(CAST(w.place AS geography), CAST(j.place AS geography), :metres)))
                ORDER BY w.id
                LIMIT 50
            """  # noqa: S608 - made of constants; values are bound
        ),
        {"id": job_id, "metres": SAME_DOOR_M},
    )
    return [(row[0], row[1]) for row in rows]


_CUSTOMERS_IN = text(
    """
    WITH wanted AS (SELECT ST_SetSRID(ST_GeomFromGeoJSON(:area), 4326) AS shape)
    SELECT DISTINCT ON (c.id) c.id::text,
          c.number,
          c.name,
          c.category,
          p.address,
          c.phone,
          coalesce(c.is_vulnerable, false)
        OR c.category IN ('key', 'special', 'large')
    FROM service_point p
    JOIN customer c ON c.id = p.customer_id AND c.deleted_at IS NULL, wanted
    WHERE p.deleted_at IS NULL
          AND p.place && ST_Expand(wanted.shape, :degrees)
          AND ST_DWithin(CAST(p.place AS geography), CAST(wanted.shape AS geography), :metres)
          AND EXISTS (SELECT FROM sync_document d
      WHERE d.kind = 'customer' AND d.id = c.id AND d.scopes && CAST(:scopes AS text[]))
          AND EXISTS (SELECT FROM sync_document d
      WHERE d.kind = 'service_point' AND d.id = p.id AND d.scopes && CAST(:scopes AS text[]))
    ORDER BY c.id, p.id
    LIMIT :most
    """
)


def customers_in(session: Session, actor: Actor, area: dict[str, Any], around_m: int) -> list[dict[str, Any]]:
    """Customers of the asker's scopes within an area, or within so many metres of it (a pipe): who must be
    told.

    Those who must be called in person come first: key customers, and people who need care.
    """
    rows = session.execute(
        _CUSTOMERS_IN,
        {
            "area": orjson.dumps(area).decode(),
            "metres": around_m,
            "degrees": around_m / 80_000,
            "scopes": list(held(session, actor)),
            "most": MOST_CUSTOMERS,
        },
    ).all()
    found = [
        {
            "customer_id": r[0],
            "number": r[1],
            "name": r[2],
            "category": r[3],
            "address": r[4],
            "phone": r[5],
            "call_in_person": r[6],
        }
        for r in rows
    ]
    if not sees_all(actor):
        found = [one | _hidden(actor, one) for one in found]
    return sorted(found, key=lambda one: (not one["call_in_person"], one["address"]))


def _hidden(actor: Actor, row: dict[str, Any]) -> dict[str, Any]:
    """What of a row somebody sees who may not see all."""
    customer, point = masked(actor, KINDS["customer"], row), masked(actor, KINDS["service_point"], row)
    return {"name": customer["name"], "phone": customer["phone"], "address": point["address"]}
