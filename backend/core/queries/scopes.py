"""Which scopes a person holds: now, and at a moment in the past when offline work was done."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.installation import installed
from backend.core.kinds.registry import SYNC_KINDS
from sync.change import Key
from sync.kind import Values
from sync.postgres.rows import rows_of


def today(now: datetime | None = None) -> date:
    """The calendar day in the city."""
    return in_city(now or datetime.now(UTC)).date()


def in_city(moment: datetime) -> datetime:
    """A moment by the city's clock."""
    return moment.astimezone(installed().time_zone)


def day_begins(on: date) -> datetime:
    """The moment a calendar day begins in the city."""
    return datetime(on.year, on.month, on.day, tzinfo=installed().time_zone)


def units_below(session: Session, unit_id: str) -> list[str]:
    """A unit and everything under it."""
    rows = session.execute(
        text(
            """
                WITH RECURSIVE tree AS (SELECT id
                  FROM unit
                  WHERE id = CAST(:id AS uuid)
                  UNION
                  SELECT u.id
                  FROM unit u
                  JOIN tree t ON u.parent_id = t.id)
                SELECT id::text
                FROM tree
                ORDER BY id
            """
        ),
        {"id": unit_id},
    )
    return [row[0] for row in rows]


def unit_name(session: Session, unit_id: str) -> str:
    """What a unit is called."""
    return str(
        session.execute(
            text("SELECT name FROM unit WHERE id = CAST(:id AS uuid)"), {"id": unit_id}
        ).scalar_one()
    )


# The scopes of `who(staff_id, unit_id, is_office, audits)` on the day %(on)s, to stand behind WITH RECURSIVE.
# A scope that several duties give ends when the last of them does.
RIGHTS = """
    above AS (
      SELECT u.id, u.parent_id FROM unit u JOIN who ON u.id = who.unit_id
      UNION
      SELECT u.id, u.parent_id FROM unit u JOIN above a ON u.id = a.parent_id
    ),
    below AS (
      SELECT u.id FROM unit u JOIN who ON u.id = who.unit_id AND who.is_office
      UNION
      SELECT u.id FROM unit u JOIN below b ON u.parent_id = b.id
    ),
    held AS (
      SELECT 'reference:' || id AS scope, CAST(NULL AS date) AS until
      FROM (SELECT id FROM above UNION SELECT id FROM below) u
      UNION ALL
      SELECT 'office:' || id, NULL FROM below
      UNION ALL
      SELECT 'audit:' || below.id, NULL FROM below JOIN who ON who.audits
      UNION ALL
      SELECT 'staff:' || staff_id, NULL FROM who
      UNION ALL
      SELECT 'cell:' || c.cell_id, CASE WHEN count(*) = count(c.valid_until) THEN max(c.valid_until) END
      FROM cell_assignment c
      JOIN who ON c.staff_id = who.staff_id
      WHERE c.deleted_at IS NULL
          AND c.valid_from <= %(on)s
          AND (c.valid_until IS NULL OR c.valid_until >= %(on)s)
      GROUP BY c.cell_id
      UNION ALL
      SELECT 'crew:' || c.id, NULL
      FROM crew c
      JOIN who ON who.staff_id = ANY(c.member_ids || c.leader_id)
      WHERE c.deleted_at IS NULL AND c.is_active
    )
"""
_HELD = f"""
    WITH RECURSIVE who AS (SELECT CAST(%(staff)s AS uuid) AS staff_id,
          CAST(%(unit)s AS uuid) AS unit_id,
          CAST(%(office)s AS boolean) AS is_office,
          CAST(%(audits)s AS boolean) AS audits),
        {RIGHTS}
    SELECT scope, until
    FROM held
"""  # noqa: S608 - made of constants; values are bound
BODY = text("SELECT body FROM sync_document WHERE kind = :kind AND id = CAST(:id AS uuid)")


def held(session: Session, actor: Actor, on: date | None = None) -> dict[str, date | None]:
    """The scopes a person holds on a day -> the day they end, or None."""
    who = {
        "staff": actor.id,
        "unit": actor.unit_id,
        "office": actor.is_office,
        "audits": actor.audits,
        "on": on or today(),
    }
    return dict(rows_of(session.connection(), _HELD, who))


def values_at(session: Session, key: Key, moment: datetime) -> Values | None:
    """A record's values as they stood at a moment, by undoing what its history says came later; None if
    not there."""
    row = session.execute(BODY, {"kind": key[0], "id": key[1]}).one_or_none()
    if row is None:
        return None
    values: dict[str, Any] = dict.fromkeys(SYNC_KINDS[key[0]].fields) | orjson.loads(row[0])
    later = session.execute(
        text(
            """
                SELECT op, changed
                FROM sync_history
                WHERE kind = :kind AND id = CAST(:id AS uuid) AND recorded_at > :moment
                ORDER BY version DESC
            """
        ),
        {"kind": key[0], "id": key[1], "moment": moment},
    )
    for op, changed in later:
        if op == "create":
            return None
        # What the law took away has left a hash there, and says nothing.
        values |= {name: pair[0] for name, pair in changed.items() if isinstance(pair, list)}
    return values
