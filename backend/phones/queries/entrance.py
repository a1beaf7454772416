"""Authenticates a pull or push and reads its scopes, in one statement."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from backend.core.actor import AUDITS, OFFICE, Actor, Role
from backend.core.errors import Problem, WrongSecret
from backend.core.kinds.registry import KINDS_BY_RANK
from backend.core.queries.scopes import RIGHTS, today
from sync.cursor import ScopeClass, ScopeProgress, Snapshot
from sync.postgres.pull import LOOK, look_parameters, looked
from sync.postgres.rows import rows_of


@dataclass(frozen=True, slots=True)
class Entrance:
    """The actor, their scopes with the day each ends (if it does), and where the server's history stands.

    `epochs` are those opened by restores, each with the moment up to which it holds what was acknowledged
    before it; `backed_up_through` is the moment before which everything acknowledged is in a backup.
    """

    actor: Actor
    scopes: Mapping[str, str | None]
    epoch: int
    epochs: Sequence[tuple[int, str | None]]
    backed_up_through: datetime | None
    revoked_at: datetime | None
    looked: tuple[Snapshot, Collection[ScopeClass]]


def enter(connection: Connection, token_sha256: bytes, parts: Sequence[ScopeProgress] = ()) -> Entrance:
    """The entrance of a bearer token, and whether these parts of its store's cursor have news.

    Raises not_signed_in, read_only_token for a token that is for programs, password_change_needed.
    """
    parameters = {
        "token": token_sha256,
        "on": today(),
        "offices": _OFFICES,
        "audits": _AUDITS,
    } | look_parameters(parts, KINDS_BY_RANK)
    rows = rows_of(connection, _ENTER, parameters)
    if not rows:
        ended = rows_of(connection, "SELECT 1 FROM token WHERE sha256 = %(token)s", {"token": token_sha256})
        raise Problem("not_signed_in") if ended else WrongSecret("not_signed_in", token_sha256.hex())
    use, must_change, *found = rows[0]
    if use == "personal":
        raise Problem("read_only_token")
    if must_change:
        raise Problem("password_change_needed")
    staff, unit, roles, device, revoked_at, scopes, epochs, backed_up_through, snapshot, fresh = found
    actor = Actor(
        id=staff,
        unit_id=unit,
        roles=frozenset(Role(role) for role in roles),
        device_id=device,
        device_revoked=revoked_at is not None,
    )
    later = [(number, through) for number, through in epochs or () if number > 1]
    number = later[-1][0] if later else 1
    return Entrance(actor, scopes, number, later, backed_up_through, revoked_at, looked(snapshot, fresh))


_OFFICES = sorted(map(str, OFFICE))
_AUDITS = sorted(map(str, AUDITS))
_ENTER = f"""
    WITH RECURSIVE who AS (SELECT t.use,
          t.device_id,
          a.staff_id,
          a.unit_id,
          a.roles,
          a.must_change_password,
          a.roles && CAST(%(offices)s AS text[]) AS is_office,
          a.roles && CAST(%(audits)s AS text[]) AS audits
      FROM token t
      JOIN account a ON a.staff_id = t.staff_id AND a.is_active
      LEFT JOIN staff s ON s.id = a.staff_id
      WHERE t.sha256 = %(token)s
          AND t.use IN ('access', 'personal')
          AND t.expires_at > now()
          AND COALESCE(s.is_active AND s.deleted_at IS NULL, TRUE)), {RIGHTS}
    SELECT w.use,
          w.must_change_password,
          w.staff_id::text AS staff,
          w.unit_id::text AS unit,
          w.roles,
          w.device_id::text AS device,
          d.revoked_at,
          (SELECT json_object_agg(scope, until)
      FROM held) AS scopes, (SELECT json_agg(json_build_array(number, holds_through) ORDER BY number)
      FROM sync_epoch) AS epochs, (SELECT max(began_at)
      FROM sync_backup) AS backed_up_through, {LOOK}
    FROM who w
    LEFT JOIN device d ON d.id = w.device_id
"""  # noqa: S608 - made of constants; values are bound
