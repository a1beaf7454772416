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


def units_below(session: Session, unit_id: str) -> list[str]:
    """A unit and everything under it."""
    return _units(session, unit_id, "u.parent_id = t.id")


def units_above(session: Session, unit_id: str) -> list[str]:
    """A unit and everything over it."""
    return _units(session, unit_id, "u.id = t.parent_id")


def _units(session: Session, unit_id: str, step: str) -> list[str]:
    rows = session.execute(
        text(
            "WITH RECURSIVE tree AS (SELECT id, parent_id FROM unit WHERE id = CAST(:id AS uuid) UNION "
            f"SELECT u.id, u.parent_id FROM unit u JOIN tree t ON {step}) SELECT id::text FROM tree ORDER BY id"
        ),
        {"id": unit_id},
    )
    return [row[0] for row in rows]


def held(session: Session, actor: Actor, on: date | None = None) -> dict[str, date | None]:
    """The scopes a person holds on a day -> the day they end, or None."""
    scopes: dict[str, date | None] = {f"reference:{unit}": None for unit in units_above(session, actor.unit_id)}
    scopes[f"staff:{actor.id}"] = None
    if actor.is_office:
        below = units_below(session, actor.unit_id)
        scopes |= {f"office:{unit}": None for unit in below} | {f"reference:{unit}": None for unit in below}
    return scopes | _cells_and_crews(session, actor.id, on or today())


def _cells_and_crews(session: Session, staff_id: str, on: date) -> dict[str, date | None]:
    rows = session.execute(
        text(
            "SELECT 'cell:' || cell_id, CASE WHEN count(*) = count(valid_until) THEN max(valid_until) END FROM cell_assignment "
            "WHERE staff_id = CAST(:id AS uuid) AND deleted_at IS NULL AND valid_from <= :on AND (valid_until IS NULL OR valid_until >= :on) "
            "GROUP BY cell_id UNION ALL SELECT 'crew:' || id, NULL FROM crew WHERE deleted_at IS NULL AND is_active "
            "AND CAST(:id AS uuid) = ANY(member_ids || leader_id)"
        ),
        {"id": staff_id, "on": on},
    )
    return {row[0]: row[1] for row in rows}


class StaffRights:
    """A person's scopes for one push; the past is looked up only when it is asked for."""

    def __init__(self, session: Session, actor: Actor) -> None:
        self._session, self._actor = session, actor
        self._now: Collection[str] | None = None

    def now(self) -> Collection[str]:
        """Held at present."""
        if self._now is None:
            self._now = frozenset(held(self._session, self._actor))
        return self._now

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
    row = session.execute(
        text("SELECT body FROM sync_document WHERE kind = :kind AND id = CAST(:id AS uuid)"),
        {"kind": key[0], "id": key[1]},
    ).one_or_none()
    if row is None:
        return None
    values: dict[str, Any] = orjson.loads(row[0])
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
