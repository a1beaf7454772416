"""What administrators see of the alarms, and the thresholds that they set."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy.orm import Session

from backend.alarms.kinds.alarm import AlarmRaised
from backend.alarms.queries.raised import keep_threshold, last_alarms, open_alarms, own_thresholds
from backend.alarms.services.standing import Standing, standings
from backend.alarms.services.table import ALARMS
from backend.alarms.services.words import sample_words, value_words
from backend.core.actor import Actor, Role
from backend.core.errors import Problem
from backend.core.queries import policy
from backend.core.queries.units import topmost_unit
from backend.core.services.auditing import note_act

MOST_SHOWN = 100


def seen_alarms(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """How each alarm stands, in the order of the table. Raises not_allowed: it is for administrators."""
    policy.need_role(actor, {Role.ADMIN})
    ringing, own = open_alarms(session), own_thresholds(session)
    return [_told(one, ringing.get(one.alarm.code), own) for one in standings(session)]


def ringing_alarms(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """Only those that rang at the last look: without measuring anything. Raises not_allowed."""
    policy.need_role(actor, {Role.ADMIN})
    found = open_alarms(session).values()
    return [
        {"code": one.code, "title": ALARMS[one.code].ringing.as_dict(), "since": one.began_at}
        for one in sorted(found, key=lambda one: one.began_at)
        if one.code in ALARMS
    ]


def past_alarms(session: Session, actor: Actor) -> list[dict[str, Any]]:
    """What rang, newest first. Raises not_allowed."""
    policy.need_role(actor, {Role.ADMIN})
    return [
        {
            "code": one.code,
            "title": ALARMS[one.code].ringing.as_dict(),
            "value": value_words(ALARMS[one.code].unit, one.value).as_dict(),
            "threshold": value_words(ALARMS[one.code].unit, one.threshold).as_dict(),
            "told": one.told,
            "began_at": one.began_at,
            "ended_at": one.ended_at,
        }
        for one in last_alarms(session, MOST_SHOWN)
        if one.code in ALARMS
    ]


def set_threshold(session: Session, actor: Actor, code: str, threshold: float | None) -> None:
    """Another threshold than the usual one, in the unit of the metric; None for the usual one again.

    It holds for the whole installation: an administrator of the topmost unit sets it. Raises not_allowed,
    not_found.
    """
    policy.need_role(actor, {Role.ADMIN})
    if actor.unit_id != topmost_unit(session):
        raise Problem("not_allowed", why="it is the topmost unit's to set")
    if code not in ALARMS:
        raise Problem("not_found", kind="alarm", id=code)
    before = own_thresholds(session).get(code)
    if before == threshold:
        return
    keep_threshold(session, code, threshold)
    said = [{"alarm": code, "threshold": one} for one in (before, threshold)]
    note_act(session, actor, "alarm_threshold_set", ("alarm", None), before=said[0], after=said[1])


def _told(standing: Standing, raised: AlarmRaised | None, own: dict[str, float]) -> dict[str, Any]:
    alarm, worst = standing.alarm, standing.worst
    value = worst.value if worst and math.isfinite(worst.value) else None
    return {
        "code": alarm.code,
        "metric": alarm.metric,
        "unit": str(alarm.unit),
        "title": alarm.title.as_dict(),
        "ringing": alarm.ringing.as_dict(),
        "meaning": alarm.why.as_dict(),
        "remedy": alarm.do.as_dict(),
        "page": alarm.page,
        "is_grave": alarm.is_grave,
        "is_urgent": alarm.is_urgent,
        "is_low": alarm.is_low,
        "is_ringing": raised is not None or standing.rings,
        "value": value,
        "said": sample_words(alarm, worst).as_dict() if worst else None,
        "threshold": standing.threshold,
        "usual_threshold": alarm.threshold,
        "is_own_threshold": alarm.code in own,
        "since": raised.began_at if raised else None,
    }
