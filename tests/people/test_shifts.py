"""Work shifts, and the positions within them: over midnight, at their edges, told twice, corrected from two
sides.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.services import record_writer
from backend.people.services.positions import LONGEST_SHIFT, Fix, forget_old, keep_positions, trace_of
from sync.change import parse_moment
from tests.conftest import Person
from tests.factories import CITY, Town, hand_in, mutation

As = Callable[[str], Person]
EVENING = datetime(2026, 11, 20, 22, 0, tzinfo=CITY)
MORNING = EVENING + timedelta(hours=9)
LATER = EVENING + timedelta(days=1)


def shift(session: Session, town: Town, started: datetime, ended: datetime | None = None) -> str:
    values = {"staff_id": town["leader"], "crew_id": town["crew"], "started_at": started.isoformat()}
    if ended:
        values["ended_at"] = ended.isoformat()
    return record_writer.create(session, town.actor("dispatcher"), "duty", values).id


def told(session: Session, town: Town, *moments: datetime, who: str = "leader", days: int = 30) -> list[str]:
    fixes = [Fix("arrive", at, 120.38, 36.06, 8.0, "work_order", town["a job"]) for at in moments]
    return keep_positions(session, town.actor(who), fixes, days, LATER)


def hours_of(session: Session, town: Town, day: date) -> list[str]:
    rows = trace_of(session, town.actor("leader"), town["leader"], day, None)
    return [f"{one['at'].astimezone(CITY):%H:%M}" for one in rows]


def test_a_night_shift_is_one_shift_and_its_positions_stand_on_their_own_days(
    session: Session, town: Town
) -> None:
    shift(session, town, EVENING, MORNING)
    midnight = EVENING + timedelta(hours=2)
    moments = [EVENING, midnight - timedelta(minutes=1), midnight, midnight + timedelta(hours=5), MORNING]
    assert told(session, town, *moments) == ["kept"] * 5
    assert hours_of(session, town, date(2026, 11, 19)) == []
    assert hours_of(session, town, date(2026, 11, 20)) == ["22:00", "23:59"]
    assert hours_of(session, town, date(2026, 11, 21)) == ["00:00", "05:00", "07:00"]
    assert hours_of(session, town, date(2026, 11, 22)) == []


def test_a_shift_holds_from_its_first_second_to_its_last(session: Session, town: Town) -> None:
    shift(session, town, EVENING, MORNING)
    second = timedelta(seconds=1)
    assert told(session, town, EVENING - second, EVENING, MORNING, MORNING + second) == [
        "off_shift",
        "kept",
        "kept",
        "off_shift",
    ]
    assert told(session, town, EVENING, who="member") == ["off_shift"], "a colleague of the crew is not on it"


@pytest.mark.parametrize("ended", [None, EVENING + timedelta(hours=23)])
def test_no_shift_is_longer_than_people_work(session: Session, town: Town, ended: datetime | None) -> None:
    shift(session, town, EVENING, ended)
    last = EVENING + LONGEST_SHIFT
    assert told(session, town, last, last + timedelta(seconds=1)) == ["kept", "off_shift"]


def test_what_is_too_old_or_to_come_is_said_before_the_shift_is_asked(session: Session, town: Town) -> None:
    minute = timedelta(minutes=1)
    shift(session, town, LATER - timedelta(hours=1))
    assert told(session, town, LATER + 5 * minute, LATER + 5 * minute + timedelta(seconds=1)) == [
        "kept",
        "in_the_future",
    ]
    assert told(session, town, LATER - timedelta(days=1), LATER - timedelta(days=1) - minute, days=1) == [
        "off_shift",
        "too_old",
    ]


def test_one_moment_in_two_time_zones_is_one_position(session: Session, town: Town) -> None:
    shift(session, town, EVENING, MORNING)
    at = EVENING + timedelta(hours=1)
    same = [at, at.astimezone(UTC), at.astimezone(ZoneInfo("America/New_York"))]
    assert told(session, town, *same) == ["kept"] * 3
    assert hours_of(session, town, date(2026, 11, 20)) == ["23:00"]
    # Two events of one moment are two.
    keep_positions(session, town.actor("leader"), [Fix("start", at, 120.38, 36.06)], 30, LATER)
    assert hours_of(session, town, date(2026, 11, 20)) == ["23:00", "23:00"]


def test_a_shift_corrected_from_two_sides_is_the_longer_one(session: Session, town: Town) -> None:
    leader, duty = town.actor("leader"), record_writer.new_id()
    new = {"staff_id": town["leader"], "started_at": EVENING.isoformat(), "unit_id": town["north"]}
    begun = mutation("duty", duty, "create", new, base_version=0)
    assert hand_in(session, leader, [begun])[0]["status"] == "applied"
    minutes, tablet = timedelta(minutes=20), town.actor("leader", "leader's tablet")
    corrections = [
        (leader, "ended_at", MORNING),
        (tablet, "ended_at", MORNING - minutes),
        (leader, "started_at", EVENING - minutes),
        (tablet, "started_at", EVENING + minutes),
    ]
    for actor, name, at in corrections:
        sent = mutation("duty", duty, "change", {name: at.isoformat()})
        assert hand_in(session, actor, [sent])[0]["status"] in ("applied", "merged"), (name, at)
    values = record_writer.read(session, "duty", duty).values
    assert parse_moment(values["started_at"]) == EVENING - timedelta(minutes=20)
    assert parse_moment(values["ended_at"]) == MORNING
    # What the longer shift now holds is kept.
    assert told(session, town, EVENING - timedelta(minutes=10), MORNING) == ["kept", "kept"]


def test_nobody_begins_a_shift_in_anothers_name(as_: As, session: Session, town: Town) -> None:
    new = {"staff_id": town["member"], "started_at": EVENING.isoformat(), "unit_id": town["north"]}
    sent = mutation("duty", record_writer.new_id(), "create", new, base_version=0)
    outcome = hand_in(session, town.actor("rep"), [sent])[0]
    assert (outcome["status"], outcome["code"]) == ("parked", "outside_scope")
    answer = as_("stranger")("POST", "/duties", new | {"unit_id": town["south"]})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "reference_missing")
    assert as_("stranger")("POST", "/duties", new).status_code == 404
    assert as_("auditor")("POST", "/duties", new).get_json()["code"] == "not_allowed"
    made = as_("dispatcher")("POST", "/duties", new).get_json()
    assert parse_moment(made["started_at"]) == EVENING
    assert as_("stranger")("GET", f"/duties/{made['id']}").status_code == 404


def test_a_look_needs_a_reason_in_words_and_is_told_to_whom_it_was_about(
    session: Session, town: Town
) -> None:
    shift(session, town, EVENING, MORNING)
    told(session, town, EVENING)

    def look(who: str, reason: str | None) -> list[dict[str, Any]]:
        return trace_of(session, town.actor(who), town["leader"], EVENING.date(), reason)

    for who, reason, code in (
        ("dispatcher", None, "reason_needed"),
        ("supervisor", "  \t", "reason_needed"),
        ("stranger", "客户催问", "not_found"),
        ("agent", "客户催问", "not_allowed"),
        ("auditor", "客户催问", "not_allowed"),
        ("member", "客户催问", "not_allowed"),
    ):
        with pytest.raises(Problem, match=code):
            look(who, reason)
    noted = text("SELECT count(*) FROM access WHERE what = 'positions'")
    assert session.execute(noted).scalar_one() == 0
    (seen,) = look("admin", "保险理赔")
    assert (seen["of_kind"], seen["of_id"]) == ("work_order", town["a job"])
    assert (seen["lng"], seen["accuracy_m"], seen["is_exact"]) == (120.38, None, False)
    assert session.execute(noted).scalar_one() == 1


def test_odd_tellings_are_refused_whole(as_: As, database: Database, town: Town) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        shift(session, town, now - timedelta(minutes=30))
    good = {"event": "arrive", "at": now.isoformat(), "lng": 120.38, "lat": 36.06}
    odd: list[list[dict[str, Any]]] = [
        [],
        [good | {"lat": 90.5}, good],
        [good | {"accuracy_m": -1}, good],
        [good | {"of_kind": "customer"}, good],
        [good | {"of_id": "7"}, good],
        [good] * 501,
    ]
    for fixes in odd:
        answer = as_("leader")("POST", "/positions", {"positions": fixes})
        assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid"), fixes[:1]
    assert as_("leader").get(f"/positions?day={now.astimezone(CITY).date()}") == []
    for path in ("/positions", "/positions?day=2026-02-30", "/positions?day=2026-01-01&staff_id=x"):
        assert as_("leader")("GET", path).status_code == 422, path


def test_the_oldest_positions_go_first_and_a_look_stays_noted(session: Session, town: Town) -> None:
    shift(session, town, EVENING, MORNING)
    told(session, town, EVENING, MORNING)
    trace_of(session, town.actor("dispatcher"), town["leader"], EVENING.date(), "客户催问")
    assert forget_old(session, 7, EVENING + timedelta(days=7)) == 0, "what is just seven days old is kept"
    assert forget_old(session, 7, EVENING + timedelta(days=7, seconds=1)) == 1
    assert hours_of(session, town, date(2026, 11, 20)) == []
    assert hours_of(session, town, date(2026, 11, 21)) == ["07:00"]
    assert forget_old(session, 7, EVENING + timedelta(days=7, seconds=1)) == 0
    assert session.execute(text("SELECT reason FROM access WHERE what = 'positions'")).scalar_one()
