"""What a device has handed in today, and when its boots were last heard of: rows that every push writes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from backend.core.queries.scopes import today


def note_exchange(
    session: Session,
    device_id: str,
    clock: tuple[str, int | None] | None,
    at: datetime,
    mutations: int,
    size_bytes: int,
) -> Row[*tuple[Any, ...]]:
    """Count a device's work of the city's day, and keep its clock (boot, milliseconds) where it told one.

    Returns how many mutations and bytes that makes, and its boots as they were known before.
    """
    boot, ms = clock or ("", None)
    given = {
        "device": device_id,
        "boot": boot,
        "ms": ms,
        "at": at,
        "day": today(at),
        "mutations": mutations,
        "bytes": size_bytes,
    }
    return session.execute(_EXCHANGE if clock else _COUNT, given).one()


_COUNTED = """
    counted AS (
        INSERT INTO sync_quota AS q (device_id, day, mutations, bytes)
        VALUES (CAST(:device AS uuid), :day, :mutations, :bytes)
        ON CONFLICT (device_id, day) DO UPDATE
        SET mutations = q.mutations + excluded.mutations, bytes = q.bytes + excluded.bytes
        RETURNING mutations, bytes
    )
"""
_KEPT = """
    kept AS (
        INSERT INTO sync_exchange (device_id, boot, monotonic_ms, server_at)
        VALUES (CAST(:device AS uuid), :boot, :ms, :at)
        ON CONFLICT (device_id, boot) DO UPDATE
        SET monotonic_ms = excluded.monotonic_ms, server_at = excluded.server_at
    )
"""
_BOOTS = """
    SELECT c.mutations, c.bytes, (
        SELECT json_agg(json_build_array(boot, monotonic_ms, server_at))
        FROM sync_exchange
        WHERE device_id = CAST(:device AS uuid)
    ) AS boots
    FROM counted c
"""
_COUNT = text(f"WITH {_COUNTED} {_BOOTS}")
_EXCHANGE = text(f"WITH {_COUNTED}, {_KEPT} {_BOOTS}")
