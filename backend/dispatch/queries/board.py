"""Queries of the dispatcher's board.

Every open job, every crew with its last contact, every cell with its load, and the asker's unread notices.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.kinds.registry import KINDS
from backend.core.queries import policy
from backend.core.queries.masks import masked
from backend.core.queries.scopes import today
from backend.dispatch.queries.field_day import on_call_of, on_call_until
from backend.jobs.kinds.work_order import OPEN, WORKING

# What a list, a map and a timeline show of a job; its card is read when it is opened.
JOB_FIELDS = (
    "id",
    "number",
    "state",
    "urgency",
    "matter_id",
    "description",
    "address",
    "place",
    "cell_id",
    "crew_id",
    "customer_id",
    "due_at",
    "planned_at",
    "appointment_from",
    "appointment_until",
    "duration_minutes",
    "is_pinned",
    "dispatched_at",
    "opened_at",
    "escalated_at",
    "arrived_at",
    "started_at",
    "bundle_id",
    "waiting_for",
)
MOST_JOBS, MOST_NOTICES = 5_000, 50
NOBODYS = {"received", "waiting_papers"}


def board(session: Session, actor: Actor) -> dict[str, Any]:
    """Open jobs, crews and cells of the asker's units as they are now, and the asker's own notices."""
    units = policy.own_units(session, actor)
    return {
        "jobs": _jobs(session, actor, units),
        "crews": _crews(session, units),
        "cells": _cells(session, units),
        "extent": _extent(session, units),
        "notices": _notices(session, actor),
    }


def _notices(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Unread ones, the newest first."""
    rows = session.execute(
        text(
            """
            SELECT
                n.id::text, n.version, n.topic, n.text_zh, n.text_en, n.subject_kind,
                n.subject_id::text, coalesce(n.is_urgent, false) AS is_urgent, n.created_at
            FROM notice n
            WHERE n.staff_id = CAST(:me AS uuid)
              AND n.read_at IS NULL
              AND n.deleted_at IS NULL
            ORDER BY n.created_at DESC, n.id DESC
            LIMIT :most
            """
        ),
        {"me": actor.id, "most": MOST_NOTICES},
    ).mappings()
    return [dict(row) for row in rows]


def _extent(session: Session, units: list[str]) -> list[float] | None:
    """West, south, east and north of today's cells, for a map to begin with."""
    row = session.execute(
        text(
            """
            SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)
            FROM (
                SELECT ST_Extent(outline) AS e
                FROM cell c
                WHERE c.deleted_at IS NULL
                  AND c.valid_from <= :on
                  AND (c.valid_until IS NULL OR c.valid_until >= :on)
                  AND c.unit_id = ANY(CAST(:units AS uuid[]))
            ) found
            """
        ),
        {"on": today(), "units": units},
    ).one()
    return None if row[0] is None else list(row)


def _jobs(session: Session, actor: Actor, units: list[str]) -> list[dict[str, Any]]:
    rows = session.execute(
        text(
            """
            SELECT
                d.version, d.body,
                EXISTS (
                    SELECT
                    FROM emergency e
                    WHERE e.work_order_id = w.id
                      AND e.taken_back_at IS NULL
                      AND e.sent_at >= coalesce(w.done_at, e.sent_at)
                )
            FROM work_order w
            JOIN sync_document d ON d.kind = 'work_order' AND d.id = w.id
            WHERE w.deleted_at IS NULL
              AND w.state = ANY(:open)
              AND w.unit_id = ANY(CAST(:units AS uuid[]))
            ORDER BY w.due_at NULLS LAST, w.id
            LIMIT :most
            """
        ),
        {"open": sorted(OPEN), "units": units, "most": MOST_JOBS},
    )
    kind, found = KINDS["work_order"], []
    for version, body, is_sent in rows:
        values = masked(actor, kind, orjson.loads(body))
        # Only what was sent at once can be taken back with all that it moved.
        job = {name: values.get(name) for name in JOB_FIELDS} | {
            "version": version,
            "is_sent_at_once": is_sent,
        }
        # A job taken back still remembers its last crew; on the board it is nobody's.
        found.append(job | ({"crew_id": None} if job["state"] in NOBODYS else {}))
    return found


_CREWS = text(
    """
    SELECT
        c.id::text, c.name, c.leader_id::text, s.name AS leader, c.skills, c.shift_start,
        c.shift_end, c.phone,
        (
            SELECT max(d.last_seen_at)
            FROM device d
            JOIN token t ON t.device_id = d.id
            WHERE t.staff_id = ANY(c.member_ids || c.leader_id)
              AND d.revoked_at IS NULL
        ) AS last_contact_at,
        EXISTS (
            SELECT
            FROM account a
            WHERE a.staff_id = ANY(c.member_ids || c.leader_id)
              AND a.is_active
        ) AS has_account,
        (
            SELECT count(*)
            FROM work_order w
            WHERE w.crew_id = c.id
              AND w.deleted_at IS NULL
              AND w.state = ANY(:given)
        ) AS jobs,
        coalesce(
            (
                SELECT ST_AsGeoJSON(w.place)
                FROM work_order w
                WHERE w.crew_id = c.id
                  AND w.arrived_at > now() - interval '1 day'
                ORDER BY w.arrived_at DESC
                LIMIT 1
            ),
            ST_AsGeoJSON(c.start_place)
        ) AS place
    FROM crew c
    LEFT JOIN staff s ON s.id = c.leader_id
    WHERE c.deleted_at IS NULL
      AND c.is_active
      AND c.unit_id = ANY(CAST(:units AS uuid[]))
    ORDER BY c.name, c.id
    """
)


def _crews(session: Session, units: list[str]) -> list[dict[str, Any]]:
    """Crews with their open work, last place and last contact.

    Where they last arrived, when a phone of theirs last spoke, and until when they are on call now.
    """
    now = datetime.now(UTC)
    called = on_call_of(session, units, now)
    rows = session.execute(
        _CREWS,
        {"given": sorted(WORKING | {"dispatched"}), "units": units},
    ).mappings()
    return [
        dict(row)
        | {
            "place": orjson.loads(row["place"]) if row["place"] else None,
            "on_call_until": on_call_until(called.get(row["id"], ()), now),
        }
        for row in rows
    ]


def _cells(session: Session, units: list[str]) -> list[dict[str, Any]]:
    """Cells with their workload, open jobs, and who answers for them first.

    Outlines come with the coverage proof.
    """
    rows = session.execute(
        text(
            """
            SELECT
                c.id::text, c.name, c.workload::float, c.unit_id::text,
                (
                    SELECT count(*)
                    FROM work_order w
                    WHERE w.cell_id = c.id
                      AND w.deleted_at IS NULL
                      AND w.state = ANY(:open)
                ) AS jobs,
                (
                    SELECT s.name
                    FROM cell_assignment a
                    JOIN staff s ON s.id = a.staff_id
                    WHERE a.cell_id = c.id
                      AND a.deleted_at IS NULL
                      AND a.valid_from <= :on
                      AND (a.valid_until IS NULL OR a.valid_until >= :on)
                    ORDER BY a.duty = 'representative' DESC, a.valid_from
                    LIMIT 1
                ) AS representative
            FROM cell c
            WHERE c.deleted_at IS NULL
              AND c.valid_from <= :on
              AND (c.valid_until IS NULL OR c.valid_until >= :on)
              AND c.unit_id = ANY(CAST(:units AS uuid[]))
            ORDER BY c.name, c.id
            """
        ),
        {"open": sorted(OPEN), "on": today(), "units": units},
    ).mappings()
    return [dict(row) for row in rows]
