"""Whose a bearer token is, by the hash of it that is kept."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from sync.postgres.rows import rows_of

# Before every request: as models these four rows took as long as the rest of a short one.
_OWNER = """
    SELECT t.use,
        a.staff_id::text,
        a.unit_id::text,
        a.roles,
        a.is_active AND COALESCE(s.is_active AND s.deleted_at IS NULL, TRUE),
        t.device_id::text,
        d.revoked_at IS NOT NULL,
        a.must_change_password,
        t.unit_id::text,
        t.targets
    FROM token t
    JOIN account a ON a.staff_id = t.staff_id
    LEFT JOIN staff s ON s.id = a.staff_id
    LEFT JOIN device d ON d.id = t.device_id
    WHERE t.sha256 = %(token)s AND t.use IN ('access', 'personal', 'feed') AND t.expires_at > %(now)s
"""


class Owner(NamedTuple):
    """A token that has not ended, with whose account and which device it is for.

    An account is active as long as its member of staff works."""

    use: str
    staff_id: str
    unit_id: str
    roles: list[str]
    is_active: bool
    device_id: str | None
    device_revoked: bool
    must_change_password: bool
    feeds_unit_id: str | None
    feeds: list[str] | None


def owner_of(connection: Connection, sha256: bytes, now: datetime) -> Owner | None:
    """The owner of an access or personal token, or a feed's; None where there is none now."""
    rows = rows_of(connection, _OWNER, {"token": sha256, "now": now})
    return Owner(*rows[0]) if rows else None


def is_known(connection: Connection, sha256: bytes) -> bool:
    """Whether such a token was ever given, and is still kept."""
    return bool(rows_of(connection, "SELECT 1 FROM token WHERE sha256 = %(token)s", {"token": sha256}))
