"""The audit trail as it is looked through: by person, act, kind of subject and time, newest first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

PAGE = 100


def acts_of(session: Session, units: Collection[str], wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A page of these units' acts, newest first, with the names of who did them and of whom they concern.

    `wanted` has `act`, `by_staff_id`, `subject_kind`, `from_at`, `until_at`, `before`: None for any.
    """
    asked = """
        SELECT a.id::text,
            a.act,
            a.acted_at,
            a.by_staff_id::text,
            s.name AS by,
            a.network_address,
            a.subject_kind,
            a.subject_id::text,
            CASE WHEN a.subject_kind IN ('account', 'staff') THEN o.name END AS subject,
            a.before,
            a.after
        FROM administrative_act a
        LEFT JOIN staff s ON s.id = a.by_staff_id
        LEFT JOIN staff o ON o.id = a.subject_id
        WHERE a.unit_id = ANY(CAST(:units AS uuid[]))
            AND a.deleted_at IS NULL
            AND (CAST(:act AS text) IS NULL OR a.act = :act)
            AND (CAST(:by AS uuid) IS NULL OR a.by_staff_id = CAST(:by AS uuid))
            AND (CAST(:kind AS text) IS NULL OR a.subject_kind = :kind)
            AND (CAST(:from_at AS timestamptz) IS NULL OR a.acted_at >= CAST(:from_at AS timestamptz))
            AND (CAST(:until_at AS timestamptz) IS NULL OR a.acted_at < CAST(:until_at AS timestamptz))
            AND (CAST(:before AS uuid) IS NULL OR a.id < CAST(:before AS uuid))
        ORDER BY a.id DESC
        LIMIT :page
    """
    given = {
        "units": list(units),
        "page": PAGE,
        "by": wanted.get("by_staff_id"),
        "kind": wanted.get("subject_kind"),
        **{name: wanted.get(name) for name in ("act", "from_at", "until_at", "before")},
    }
    return [dict(row) for row in session.execute(text(asked), given).mappings()]
