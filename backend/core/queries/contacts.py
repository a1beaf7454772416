"""Devices' latest contacts, written several at once: a device is no record."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session


def write_contacts(session: Session, rows: list[dict[str, Any]]) -> None:
    """Each device's row with what its contact says; what it does not say stays as it was."""
    step = """
        UPDATE device d
        SET last_seen_at = coalesce(r.seen_at, d.last_seen_at),
            last_failure_at = coalesce(r.failed_at, d.last_failure_at),
            last_failure = coalesce(r.failure, d.last_failure),
            waiting_count = coalesce(r.waiting, d.waiting_count),
            app_version = coalesce(r.app_version, d.app_version),
            storage_left_mb = coalesce(r.storage_left_mb, d.storage_left_mb)
        FROM json_to_recordset(:rows) AS r(
            id uuid, seen_at timestamptz, failed_at timestamptz, failure text, waiting int, app_version text,
            storage_left_mb int
        )
        WHERE d.id = r.id
    """
    session.execute(text(step), {"rows": orjson.dumps(rows).decode()})
