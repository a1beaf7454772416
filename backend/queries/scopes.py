"""Which scopes a person holds: now, and at a moment in the past when offline work was done."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.actor import Actor
from backend.records.registry import SYNC_KINDS
from sync.change import Key
from sync.kind import Values

CITY = ZoneInfo("Asia/Shanghai")


def today(now: datetime | None = None) -> date:
    """The calendar day in the city."""
    return (now or datetime.now(UTC)).astimezone(CITY).date()


def day_begins(on: date) -> datetime:
    """The moment a calendar day begins in the city."""
    return datetime(on.year, on.month, on.day, tzinfo=CITY)


def units_below(session: Session, unit_id: str) -> list[str]:
    """A unit and everything under it."""
    rows = session.execute(
        text(
            "WITH RECURSIVE tree AS (SELECT id FROM unit WHERE id = CAST(:id AS uuid) UNION "
            "SELECT u.id FROM unit u JOIN tree t ON u.parent_id = t.id) SELECT id::text FROM tree ORDER BY id"
        ),
        {"id": unit_id},
    )
    return [row[0] for row in rows]


# The scopes of `who(staff_id, unit_id, is_office, audits)` on the day :on, to stand behind WITH RECURSIVE. A scope that
# several duties give ends when the last of them does.
RIGHTS = (
    "above AS (SELECT u.id, u.parent_id FROM unit u JOIN who ON u.id = who.unit_id UNION "
    "SELECT u.id, u.parent_id FROM unit u JOIN above a ON u.id = a.parent_id), "
    "below AS (SELECT u.id FROM unit u JOIN who ON u.id = who.unit_id AND who.is_office UNION "
    "SELECT u.id FROM unit u JOIN below b ON u.parent_id = b.id), "
    "held AS (SELECT 'reference:' || id AS scope, CAST(NULL AS date) AS until FROM (SELECT id FROM above UNION SELECT id FROM below) u "
    "UNION ALL SELECT 'office:' || id, NULL FROM below UNION ALL SELECT 'audit:' || below.id, NULL FROM below JOIN who ON who.audits "
    "UNION ALL SELECT 'staff:' || staff_id, NULL FROM who "
    "UNION ALL SELECT 'cell:' || c.cell_id, CASE WHEN count(*) = count(c.valid_until) THEN max(c.valid_until) END "
    "FROM cell_assignment c JOIN who ON c.staff_id = who.staff_id WHERE c.deleted_at IS NULL AND c.valid_from <= :on "
    "AND (c.valid_until IS NULL OR c.valid_until >= :on) GROUP BY c.cell_id "
    "UNION ALL SELECT 'crew:' || c.id, NULL FROM crew c JOIN who ON who.staff_id = ANY(c.member_ids || c.leader_id) "
    "WHERE c.deleted_at IS NULL AND c.is_active)"
)
_HELD = text(
    "WITH RECURSIVE who AS (SELECT CAST(:staff AS uuid) AS staff_id, CAST(:unit AS uuid) AS unit_id, :office AS is_office, :audits AS audits), "
    f"{RIGHTS} SELECT scope, until FROM held"
)


_BODY = text("SELECT body FROM sync_document WHERE kind = :kind AND id = CAST(:id AS uuid)")


def held(session: Session, actor: Actor, on: date | None = None) -> dict[str, date | None]:
    """The scopes a person holds on a day -> the day they end, or None."""
    who = {
        "staff": actor.id,
        "unit": actor.unit_id,
        "office": actor.is_office,
        "audits": actor.audits,
        "on": on or today(),
    }
    return {row[0]: row[1] for row in session.execute(_HELD, who)}


class StaffRights:
    """A person's scopes for one push; the past is looked up only when it is asked for."""

    def __init__(self, session: Session, actor: Actor, now: Collection[str] | None = None) -> None:
        self._session, self._actor = session, actor
        self._now = now

    def now(self) -> Collection[str]:
        """Held at present."""
        if self._now is None:
            self._now = frozenset(held(self._session, self._actor))
        return self._now

    def naming(self, kind: str) -> Collection[str]:
        """Who works in the unit is known to all of it; anything else is named by those who have seen it."""
        return {*self.now(), f"office:{self._actor.unit_id}"} if kind == "staff" else self.now()

    def at(self, moment: datetime) -> Collection[str]:
        """Held at a moment, by the history of duties and crews."""
        scopes = set()
        on = today(moment).isoformat()
        for kind in ("cell_assignment", "crew"):
            for record_id in self._once_concerned(kind):
                values = values_at(self._session, (kind, record_id), moment)
                if values and self._was_mine(kind, values, on):
                    scopes.add(f"cell:{values['cell_id']}" if kind == "cell_assignment" else f"crew:{record_id}")
        return scopes

    def ever(self) -> Collection[str]:
        """Every cell and crew that was once the person's: of these they may be told that they are no longer."""
        scopes = set()
        for kind in ("cell_assignment", "crew"):
            for record_id in self._once_concerned(kind):
                body = orjson.loads(self._session.execute(_BODY, {"kind": kind, "id": record_id}).scalar_one())
                scopes.add(f"cell:{body['cell_id']}" if kind == "cell_assignment" else f"crew:{record_id}")
        return scopes

    def record_scopes_at(self, key: Key, moment: datetime) -> Collection[str]:
        """The scopes a record was filed under at a moment."""
        values = values_at(self._session, key, moment)
        return SYNC_KINDS[key[0]].scopes({**values, "id": key[1]}) if values else frozenset()

    def _once_concerned(self, kind: str) -> list[str]:
        """Records of a kind whose history names this person anywhere."""
        anywhere = "$.* ? (@[*] == $me || @[*][*] == $me)"
        rows = self._session.execute(
            text(
                "SELECT DISTINCT id::text FROM sync_history WHERE kind = :kind AND "
                "jsonb_path_exists(changed, CAST(:path AS jsonpath), jsonb_build_object('me', CAST(:me AS text)))"
            ),
            {"kind": kind, "me": self._actor.id, "path": anywhere},
        )
        return [row[0] for row in rows]

    def _was_mine(self, kind: str, values: Values, on: str) -> bool:
        if kind == "crew":
            return self._actor.id in [*values["member_ids"], values["leader_id"]]
        until = values.get("valid_until")
        return values["staff_id"] == self._actor.id and values["valid_from"] <= on and (until is None or on <= until)


def values_at(session: Session, key: Key, moment: datetime) -> Values | None:
    """A record's values as they stood at a moment, by undoing what its history says came later; None if not there."""
    row = session.execute(_BODY, {"kind": key[0], "id": key[1]}).one_or_none()
    if row is None:
        return None
    values: dict[str, Any] = dict.fromkeys(SYNC_KINDS[key[0]].fields) | orjson.loads(row[0])
    later = session.execute(
        text(
            "SELECT op, changed FROM sync_history WHERE kind = :kind AND id = CAST(:id AS uuid) AND recorded_at > :moment ORDER BY version DESC"
        ),
        {"kind": key[0], "id": key[1], "moment": moment},
    )
    for op, changed in later:
        if op == "create":
            return None
        values |= {name: pair[0] for name, pair in changed.items()}
    return values
