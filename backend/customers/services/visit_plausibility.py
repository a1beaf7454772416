"""Plausibility of visits: questions in words about a record, from what the record itself says.

A grade informs whoever calls back; it never punishes and never refuses. Every reason carries the figures it
was made of, and the representative sees it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.queries.scopes import CITY
from backend.core.services import record_writer
from backend.customers.kinds.visit import REASONS
from geo.measure import distance_m
from sync.change import parse_moment
from sync.kind import Values

NEAR_M = 300.0
POOR_ACCURACY_M = 200.0
SHORTEST = timedelta(minutes=2)
FASTEST_KMH = 120.0
LOOK_BITS = 4
LATE_FROM, LATE_UNTIL, LATE_MANY = 22, 5, 5

_STANDS = text(
    """
    SELECT ST_X(p.place) AS lng, ST_Y(p.place) AS lat
    FROM service_point p
    WHERE p.deleted_at IS NULL
        AND p.place IS NOT NULL
        AND (p.id = CAST(:point AS uuid)
            OR (CAST(:point AS uuid) IS NULL AND p.customer_id = CAST(:customer AS uuid)))
"""
)
_TIME_GRADE = text(
    """
    SELECT grade
    FROM sync_history
    WHERE kind = 'visit' AND id = CAST(:id AS uuid) AND changed ? 'ended_at'
    ORDER BY version DESC
    LIMIT 1
"""
)
_BEFORE = text(
    """
    SELECT ST_X(check_in) AS lng, ST_Y(check_in) AS lat, ended_at
    FROM visit
    WHERE representative_id = CAST(:who AS uuid)
        AND id <> CAST(:id AS uuid)
        AND check_in IS NOT NULL
        AND ended_at <= :at
        AND ended_at > :at - interval '4 hours'
        AND deleted_at IS NULL
    ORDER BY ended_at DESC
    LIMIT 1
"""
)
_AT_ONCE = text(
    """
    SELECT count(*)
    FROM visit
    WHERE representative_id = CAST(:who AS uuid)
        AND deleted_at IS NULL
        AND ended_at BETWEEN :at - interval '30 minutes'
        AND :at + interval '30 minutes'
"""
)
_DENIED = text(
    "SELECT EXISTS (SELECT FROM call_back WHERE visit_id = CAST(:id AS uuid) AND outcome = 'denied')"
)
# When a picture was taken; where it does not say, it cannot have been later than its record.
_MINES, _OTHERS = (f"coalesce({one}.taken_at, {one}.created_at)" for one in ("mine", "other"))
# The same picture of another record, or one that looks like it, by anybody, taken before.
_SAME = text(
    f"""
    SELECT mine.id::text AS mine,
        other.of_kind AS kind,
        other.of_id::text AS of_id,
        mine.sha256 = other.sha256 AS is_equal
    FROM photo mine
    JOIN look a ON a.sha256 = mine.sha256
    JOIN photo other ON other.of_id <> mine.of_id
        AND ({_OTHERS}, other.id) < ({_MINES}, mine.id)
        AND {_OTHERS} > {_MINES} - interval '180 days'
        AND other.unit_id = mine.unit_id
        AND other.deleted_at IS NULL
    JOIN look b ON b.sha256 = other.sha256
    WHERE mine.id = ANY(CAST(:photos AS uuid[]))
        AND (mine.sha256 = other.sha256
            OR (a.looks_like <> :blank
                AND bit_count((('x' || a.looks_like)::bit(64)) # (('x' || b.looks_like)::bit(64))) <= :bits))
    ORDER BY is_equal DESC
    LIMIT 1
"""
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One question about a visit, with its figures; `is_strong` alone makes it doubtful."""

    code: str
    figures: dict[str, Any]

    @property
    def is_strong(self) -> bool:
        """Whether it weighs as much as two others."""
        return REASONS[self.code][2]

    def told(self) -> Values:
        """As it stands on the visit: in words of both languages."""
        zh, en, _ = REASONS[self.code]
        return {"code": self.code, "zh": zh.format(**self.figures), "en": en.format(**self.figures)}


def judge_visit(session: Session, visit_id: str) -> None:
    """Look at a visit that was made; safe to repeat."""
    visit = record_writer.read(session, "visit", visit_id).values
    if visit["state"] != "done":
        return
    reasons = list(reasons_for(session, visit_id, visit))
    told = [one.told() for one in reasons]
    weight = sum(2 if one.is_strong else 1 for one in reasons)
    grade = "sound" if not weight else "open" if weight == 1 else "doubtful"
    if (visit.get("truth_grade"), visit.get("truth_reasons") or []) != (grade, told):
        now = {"truth_grade": grade, "truth_reasons": told or None}
        record_writer.change(session, system(visit["unit_id"]), "visit", visit_id, now)


def reasons_for(session: Session, visit_id: str, visit: Values) -> Iterator[Reason]:
    """The questions a visit raises."""
    if visit["method"] == "door":
        yield from _place(session, visit)
        yield from _dwell(visit)
    if session.execute(_TIME_GRADE, {"id": visit_id}).scalar_one_or_none() == "moved":
        yield Reason("clock_moved", {})
    yield from _travel(session, visit_id, visit)
    yield from _late(session, visit)
    yield from _pictures(session, visit)
    if session.execute(_DENIED, {"id": visit_id}).scalar_one():
        yield Reason("denied", {})


def _place(session: Session, visit: Values) -> Iterator[Reason]:
    here = visit.get("check_in")
    if not here:
        yield Reason("no_position", {"why": visit.get("away_reason") or "-"})
        return
    accuracy = visit.get("check_in_accuracy_m") or 0
    if accuracy > POOR_ACCURACY_M:
        yield Reason("poor_accuracy", {"accuracy_m": round(accuracy)})
    asked = {"point": visit.get("service_point_id"), "customer": visit["customer_id"]}
    lng, lat = here["coordinates"][:2]
    metres = [distance_m((lng, lat), (row.lng, row.lat)) for row in session.execute(_STANDS, asked)]
    if metres and min(metres) - accuracy > NEAR_M:
        code = "away_with_reason" if visit.get("away_reason") else "away"
        yield Reason(code, {"distance_m": round(min(metres)), "why": visit.get("away_reason") or "-"})


def _dwell(visit: Values) -> Iterator[Reason]:
    if visit.get("started_at") and visit.get("ended_at"):
        stayed = parse_moment(visit["ended_at"]) - parse_moment(visit["started_at"])
        if stayed < SHORTEST:
            yield Reason("short", {"seconds": max(int(stayed.total_seconds()), 0)})


def _travel(session: Session, visit_id: str, visit: Values) -> Iterator[Reason]:
    began = visit.get("started_at") or visit.get("ended_at")
    if not began or not visit.get("check_in"):
        return
    asked = {"who": visit.get("representative_id"), "id": visit_id, "at": parse_moment(began)}
    before = session.execute(_BEFORE, asked).one_or_none()
    if before is None:
        return
    lng, lat = visit["check_in"]["coordinates"][:2]
    km = distance_m((before.lng, before.lat), (lng, lat)) / 1000
    hours = max((asked["at"] - before.ended_at).total_seconds(), 1) / 3600
    if km > 1 and km / hours > FASTEST_KMH:
        yield Reason("too_fast", {"km": round(km, 1), "minutes": round(hours * 60)})


def _late(session: Session, visit: Values) -> Iterator[Reason]:
    if not visit.get("ended_at"):
        return
    at = parse_moment(visit["ended_at"])
    hour = at.astimezone(CITY).hour
    if LATE_UNTIL <= hour < LATE_FROM:
        return
    many = session.execute(_AT_ONCE, {"who": visit.get("representative_id"), "at": at}).scalar_one()
    if many >= LATE_MANY:
        yield Reason("late_batch", {"count": many, "hour": hour})


def _pictures(session: Session, visit: Values) -> Iterator[Reason]:
    if not visit.get("photo_ids"):
        return
    asked = {"photos": visit["photo_ids"], "bits": LOOK_BITS, "blank": "0" * 16}
    same = session.execute(_SAME, asked).one_or_none()
    if same is not None:
        yield Reason("same_photo" if same.is_equal else "like_photo", {"kind": same.kind, "of": same.of_id})


def visits_with_picture(session: Session, sha256: str) -> list[str]:
    """Visits that show a picture with these bytes."""
    rows = session.execute(
        text("""
            SELECT v.id::text
            FROM photo p
            JOIN visit v ON v.id = p.of_id AND p.of_kind = 'visit' AND v.deleted_at IS NULL
            WHERE p.sha256 = :sha256
        """),
        {"sha256": sha256},
    )  # fmt: skip
    return [row[0] for row in rows]
