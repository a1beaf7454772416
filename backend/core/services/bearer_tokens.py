"""Bearer tokens: finds whose one is, and says why one is refused."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection

from backend.core.actor import Actor, Role
from backend.core.errors import Problem, WrongSecret
from backend.core.services.credentials import token_sha256
from sync.postgres.rows import rows_of

# Before every request: as models these three rows took as long as the rest of a short one.
_OWNER = """
    SELECT t.use,
        a.staff_id::text,
        a.unit_id::text,
        a.roles,
        a.is_active,
        t.device_id::text,
        d.revoked_at IS NOT NULL
    FROM token t
    JOIN account a ON a.staff_id = t.staff_id
    LEFT JOIN device d ON d.id = t.device_id
    WHERE t.sha256 = %(token)s AND t.use IN ('access', 'personal') AND t.expires_at > %(now)s
"""


def actor_of(connection: Connection, token: str) -> Actor:
    """Who a bearer token belongs to; raises not_signed_in."""
    given = {"token": token_sha256(token), "now": datetime.now(UTC)}
    rows = rows_of(connection, _OWNER, given)
    if not rows:
        raise _never_given(connection, token)
    use, staff_id, unit_id, roles, is_active, device_id, device_revoked = rows[0]
    if not is_active:
        raise Problem("not_signed_in")
    return Actor(
        id=staff_id,
        unit_id=unit_id,
        roles=frozenset(map(Role, roles)),
        device_id=device_id,
        device_revoked=device_revoked,
        read_only=use == "personal",
    )


def _never_given(connection: Connection, token: str) -> Problem:
    """The error for a token that opens nothing: one that has only ended is no guess."""
    ended = "SELECT 1 FROM token WHERE sha256 = %(token)s"
    is_known = rows_of(connection, ended, {"token": token_sha256(token)})
    return Problem("not_signed_in") if is_known else WrongSecret("not_signed_in", token)
