"""Who is asking and what they hold, in one statement: what every pull and push begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from backend.actor import OFFICE, Actor, Role
from backend.errors import Problem
from backend.queries.scopes import RIGHTS, today


@dataclass(frozen=True, slots=True)
class Entrance:
    """The actor, their scopes with the day each ends (if it does), and where the server's history stands.

    `backed_up_through` is the moment before which everything acknowledged is in a backup.
    """

    actor: Actor
    scopes: Mapping[str, str | None]
    epoch: int
    backed_up_through: datetime | None
    revoked_at: datetime | None
    public_key: str | None


def enter(connection: Connection, token_sha256: bytes) -> Entrance:
    """The entrance of a bearer token; raises not_signed_in, or read_only_token for one that is for programs."""
    row = connection.execute(
        _ENTER, {"token": token_sha256, "on": today(), "offices": sorted(map(str, OFFICE))}
    ).one_or_none()
    if row is None:
        raise Problem("not_signed_in")
    if row.use == "personal":
        raise Problem("read_only_token")
    actor = Actor(
        id=row.staff,
        unit_id=row.unit,
        roles=frozenset(Role(role) for role in row.roles),
        device_id=row.device,
        device_revoked=row.revoked_at is not None,
    )
    return Entrance(actor, row.scopes, row.epoch or 1, row.backed_up_through, row.revoked_at, row.public_key)


_ENTER = text(
    "WITH RECURSIVE who AS (SELECT t.use, t.device_id, a.staff_id, a.unit_id, a.roles, a.roles && CAST(:offices AS text[]) AS is_office "
    "FROM token t JOIN account a ON a.staff_id = t.staff_id AND a.is_active "
    "WHERE t.sha256 = :token AND t.use IN ('access', 'personal') AND t.expires_at > now()), "
    f"{RIGHTS} SELECT w.use, w.staff_id::text AS staff, w.unit_id::text AS unit, w.roles, w.device_id::text AS device, "
    "d.revoked_at, d.public_key, (SELECT json_object_agg(scope, until) FROM held) AS scopes, "
    "(SELECT max(number) FROM sync_epoch) AS epoch, (SELECT max(began_at) FROM sync_backup) AS backed_up_through "
    "FROM who w LEFT JOIN device d ON d.id = w.device_id"
)
