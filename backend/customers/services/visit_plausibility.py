"""Plausibility of visits: questions in words about a record, from what the record itself says.

A grade informs whoever calls back; it never punishes and never refuses. Every reason carries the figures it
was made of, and the representative sees it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.installation import installed
from backend.core.queries.scopes import in_city
from backend.core.services import record_writer
from backend.customers.kinds.visit import REASONS
from backend.customers.queries.call_backs import was_denied
from backend.customers.queries.visit_plausibility import (
    same_picture_before,
    standing_places,
    time_grade,
    visit_before,
    visits_at_once,
)
from geo.measure import distance_m
from sync.change import parse_moment
from sync.kind import Values


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
    if time_grade(session, visit_id) == "moved":
        yield Reason("clock_moved", {})
    yield from _travel(session, visit_id, visit)
    yield from _late(session, visit)
    yield from _pictures(session, visit)
    if was_denied(session, visit_id):
        yield Reason("denied", {})


def _place(session: Session, visit: Values) -> Iterator[Reason]:
    here = visit.get("check_in")
    if not here:
        yield Reason("no_position", {"why": visit.get("away_reason") or "-"})
        return
    accuracy = visit.get("check_in_accuracy_m") or 0
    if accuracy > installed().limits.visit_poor_accuracy_m:
        yield Reason("poor_accuracy", {"accuracy_m": round(accuracy)})
    lng, lat = here["coordinates"][:2]
    stands = standing_places(session, visit.get("service_point_id"), visit["customer_id"])
    metres = [distance_m((lng, lat), place) for place in stands]
    if metres and min(metres) - accuracy > installed().limits.visit_near_m:
        code = "away_with_reason" if visit.get("away_reason") else "away"
        yield Reason(code, {"distance_m": round(min(metres)), "why": visit.get("away_reason") or "-"})


def _dwell(visit: Values) -> Iterator[Reason]:
    if visit.get("started_at") and visit.get("ended_at"):
        stayed = parse_moment(visit["ended_at"]) - parse_moment(visit["started_at"])
        if stayed < timedelta(seconds=installed().limits.visit_shortest_s):
            yield Reason("short", {"seconds": max(int(stayed.total_seconds()), 0)})


def _travel(session: Session, visit_id: str, visit: Values) -> Iterator[Reason]:
    began = visit.get("started_at") or visit.get("ended_at")
    if not began or not visit.get("check_in"):
        return
    at = parse_moment(began)
    before = visit_before(session, visit.get("representative_id"), visit_id, at)
    if before is None:
        return
    lng, lat = visit["check_in"]["coordinates"][:2]
    km = distance_m((before.lng, before.lat), (lng, lat)) / 1000
    hours = max((at - before.ended_at).total_seconds(), 1) / 3600
    if km > 1 and km / hours > installed().limits.visit_fastest_kmh:
        yield Reason("too_fast", {"km": round(km, 1), "minutes": round(hours * 60)})


def _late(session: Session, visit: Values) -> Iterator[Reason]:
    if not visit.get("ended_at"):
        return
    at = parse_moment(visit["ended_at"])
    hour, limits = in_city(at).hour, installed().limits
    if limits.visit_late_until_hour <= hour < limits.visit_late_from_hour:
        return
    many = visits_at_once(session, visit.get("representative_id"), at)
    if many >= limits.visit_late_many:
        yield Reason("late_batch", {"count": many, "hour": hour})


def _pictures(session: Session, visit: Values) -> Iterator[Reason]:
    if not visit.get("photo_ids"):
        return
    same = same_picture_before(session, visit["photo_ids"], installed().limits.visit_look_bits)
    if same is not None:
        yield Reason("same_photo" if same.is_equal else "like_photo", {"kind": same.kind, "of": same.of_id})
