"""Urgent jobs at night: to the crew on call at once and once, told to those it concerns.

By day people decide.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core import config
from backend.core.actor import system
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.queries.scopes import held
from backend.core.services import record_writer
from backend.dispatch.queries.board import board
from backend.dispatch.services.day_plans import hold_days
from backend.dispatch.services.dispatching import assign_job, escalate_unopened, propose_crews
from backend.dispatch.services.emergencies import WAITS, send_on_call
from backend.notices.services.notifying import RecordedChannel
from backend.queue import serving
from backend.queue.fact_table import SUBSCRIPTIONS
from tests.conftest import Person
from tests.factories import CITY, Town, middle

As = Callable[[str], Person]
NIGHT = datetime(2026, 9, 1, 22, tzinfo=CITY)
NOON = NIGHT.replace(hour=12)
ROSTER = {
    "valid_from": "2026-09-01",
    "valid_until": "2026-09-02",
    "clock_from": "17:00",
    "clock_until": "08:00",
}


@pytest.fixture
def night(session: Session, town: Town) -> Session:
    """Both crews work from eight to five; the first is on call in between."""
    north = system(town["north"])
    for crew in ("crew", "far crew"):
        record_writer.change(
            session, north, "crew", town[crew], {"shift_start": "08:00", "shift_end": "17:00"}
        )
    record_writer.create(
        session, north, "on_call", ROSTER | {"crew_id": town["crew"]}, record_id=town["roster"]
    )
    return session


def burst(session: Session, town: Town, name: str = "burst", **more: Any) -> str:
    values = {
        "matter_id": town["burst"],
        "place": middle(1),
        "state": "received",
        "number": name,
        "urgency": "urgent",
        "duration_minutes": 60,
        "skills": ["pipe_repair"],
    } | more
    return record_writer.create(session, system(town["north"]), "work_order", values, record_id=town[name]).id


def sent(session: Session, job: str, now: datetime = NIGHT) -> str | None:
    return send_on_call(session, config.read(), RecordedChannel(), job, now)


def told(session: Session) -> dict[str, str]:
    """Whom notices went to, with their words."""
    rows = session.execute(text("SELECT staff_id::text, text_zh FROM notice ORDER BY created_at, id"))
    return {row[0]: row[1] for row in rows}


def messages(session: Session) -> list[str]:
    rows = session.execute(
        text("SELECT detail->>'staff_id' FROM outbox WHERE fact = 'notify.recorded' ORDER BY id")
    )
    return [row[0] for row in rows]


def test_an_urgent_job_at_night_goes_to_the_crew_on_call(night: Session, town: Town) -> None:
    job = burst(night, town)
    assert sent(night, job) == town["crew"]
    stored = record_writer.read(night, "work_order", job).values
    assert (stored["state"], stored["crew_id"]) == ("dispatched", town["crew"])
    assert stored["planned_at"].startswith("2026-09-01T14:0"), "a few minutes after ten at night, as UTC"
    assert "立即出动" in told(night)[town["leader"]]
    assert "一班" in told(night)[town["dispatcher"]]
    assert messages(night) == [town["leader"]], "only the crew is woken"


def test_a_roster_that_the_group_keeps_counts_as_well(night: Session, town: Town) -> None:
    north, group = system(town["north"]), system(town["group"])
    record_writer.change(night, north, "on_call", town["roster"], {"valid_until": "2026-09-01"})
    record_writer.create(night, group, "on_call", ROSTER | {"crew_id": town["crew"]})
    assert sent(night, burst(night, town), NIGHT + timedelta(days=1)) == town["crew"]


def test_it_goes_out_once(night: Session, town: Town) -> None:
    job = burst(night, town)
    sent(night, job)
    assert sent(night, job) is None
    assert len(messages(night)) == 1


def test_what_a_dispatcher_took_back_is_the_dispatchers(night: Session, town: Town) -> None:
    job = burst(night, town)
    sent(night, job)
    record_writer.act(night, town.actor("dispatcher"), "work_order", job, "withdraw", {})
    assert sent(night, job) is None
    assert record_writer.read(night, "work_order", job).values["state"] == "received"


@pytest.mark.parametrize(
    ("now", "more"),
    [(NOON, {}), (NIGHT, {"urgency": "high"}), (NIGHT, {"state": "cancelled"})],
    ids=["by day", "not urgent", "not waiting"],
)
def test_what_is_left_to_people(night: Session, town: Town, now: datetime, more: dict[str, Any]) -> None:
    job = burst(night, town, **more)
    assert sent(night, job, now) is None
    assert told(night) == {}
    assert record_writer.read(night, "work_order", job).values.get("dispatched_at") is None


@pytest.mark.parametrize(
    ("more", "until"),
    [({"skills": ["water_quality"]}, "2026-09-02"), ({"place": None}, "2026-09-02"), ({}, "2026-09-01")],
    ids=["nobody has the skill", "no place", "the roster has ended"],
)
def test_where_nobody_on_call_can_go_dispatchers_must_call(
    night: Session, town: Town, more: dict[str, Any], until: str
) -> None:
    job = burst(night, town, **more)
    record_writer.change(night, system(town["north"]), "on_call", town["roster"], {"valid_until": until})
    later = NIGHT + timedelta(days=1)
    assert sent(night, job, later) is None
    assert sent(night, job, later) is None
    assert messages(night) == [town["dispatcher"]], "once"
    assert "请立即联系" in told(night)[town["dispatcher"]]
    assert record_writer.read(night, "work_order", job).values["state"] == "received"


def test_the_one_on_call_that_can_be_there_first_goes(night: Session, town: Town) -> None:
    north = system(town["north"])
    record_writer.change(night, north, "crew", town["far crew"], {"skills": ["pipe_repair"]})
    record_writer.create(night, north, "on_call", ROSTER | {"crew_id": town["far crew"]})
    assert sent(night, burst(night, town, place=middle(2))) == town["far crew"]
    assert sent(night, burst(night, town, "second", place=middle(0))) == town["crew"]


def test_a_second_burst_comes_after_the_first_and_the_days_jobs_keep_their_times(
    night: Session, town: Town
) -> None:
    planned = "2026-09-02T01:00:00.000000Z"
    burst(
        night,
        town,
        "tomorrow",
        urgency="normal",
        state="dispatched",
        crew_id=town["crew"],
        planned_at=planned,
    )
    first, second = burst(night, town, "first"), burst(night, town, "second", place=middle(0))
    assert [sent(night, job) for job in (first, second)] == [town["crew"]] * 2
    times = [
        record_writer.read(night, "work_order", town[name]).values["planned_at"]
        for name in ("first", "second", "tomorrow")
    ]
    assert abs(datetime.fromisoformat(times[0]) - datetime.fromisoformat(times[1])) >= timedelta(hours=1)
    assert times[2] == planned


def test_the_ladder_goes_on_where_the_crew_on_call_does_not_open_it(night: Session, town: Town) -> None:
    job = burst(night, town)
    sent(night, job)
    assert escalate_unopened(night, RecordedChannel(), 10, datetime.now(CITY) + timedelta(minutes=11)) == 1
    assert messages(night)[1:] == [town["leader"], town["dispatcher"]]


def test_a_ranking_says_who_is_on_call_and_only_for_what_cannot_wait(night: Session, town: Town) -> None:
    dispatcher = town.actor("dispatcher")
    first, second = propose_crews(night, config.read(), dispatcher, burst(night, town), NIGHT)
    assert "on_call" in {reason["code"] for reason in first["reasons"]}
    assert (first["crew_id"], first["arrives_at"].day) == (town["crew"], 1)
    assert second["arrives_at"].day == 2
    calm = propose_crews(
        night, config.read(), dispatcher, burst(night, town, "calm", urgency="normal"), NIGHT
    )
    assert {one["arrives_at"].day for one in calm} == {2}
    assert "on_call" not in {reason["code"] for one in calm for reason in one["reasons"]}


def test_the_outbox_sends_it_and_a_worker_twice_sends_it_once(database: Database, town: Town) -> None:
    now = datetime.now(CITY)
    off = {
        "shift_start": f"{now + timedelta(hours=2):%H:%M}",
        "shift_end": f"{now + timedelta(hours=3):%H:%M}",
    }
    with database.transaction() as session:
        north = system(town["north"])
        for crew in ("crew", "far crew"):
            record_writer.change(session, north, "crew", town[crew], off)
        roster = {
            "crew_id": town["crew"],
            "valid_from": f"{now - timedelta(days=1):%Y-%m-%d}",
            "valid_until": f"{now:%Y-%m-%d}",
            "clock_from": f"{now:%H:%M}",
            "clock_until": f"{now:%H:%M}",
        }
        record_writer.create(session, north, "on_call", roster)
        job = burst(session, town)
    for _ in range(2):
        serving.serve(database)
    with database.transaction() as session:
        assert record_writer.read(session, "work_order", job).values["crew_id"] == town["crew"]
        assert messages(session) == [town["leader"]]
        (crew, other) = sorted(board(session, town.actor("dispatcher"))["crews"], key=lambda one: one["name"])
        assert (crew["on_call_until"] is not None, other["on_call_until"]) == (True, None)


def test_a_roster_is_kept_by_the_office_and_read_by_the_crew(as_: As, town: Town, session: Session) -> None:
    body = ROSTER | {"crew_id": town["crew"], "unit_id": town["north"]}
    for who, status in (("leader", 403), ("agent", 403), ("rep", 403)):
        assert as_(who)("POST", "/on-call", body).status_code == status
    made = as_("dispatcher")("POST", "/on-call", body)
    assert made.status_code == 201, made.text
    wrong = as_("dispatcher")("POST", "/on-call", body | {"valid_until": "2026-08-01"}).get_json()
    assert wrong["faults"][0]["field"] == "valid_until"
    clock = as_("dispatcher")("POST", "/on-call", body | {"clock_from": "25:00"}).get_json()
    assert clock["faults"][0]["field"] == "clock_from"
    lines = as_("leader")("POST", "/sync/pull", {"store": town["s"]}).get_json()["lines"]
    assert "on_call" in {line["kind"] for line in lines if line.get("kind")}
    assert f"crew:{town['crew']}" in held(session, town.actor("leader"))
    assert "on_call" not in str(as_("rep")("POST", "/sync/pull", {"store": town["t"]}).get_json()["lines"])


def test_another_units_roster_is_not_there(night: Session, town: Town, settings: Settings) -> None:
    job = burst(night, town)
    record_writer.change(
        night, system(town["north"]), "on_call", town["roster"], {"valid_until": "2026-09-01"}
    )
    crew = record_writer.read(night, "crew", town["crew"]).values
    south = {
        name: crew[name]
        for name in ("leader_id", "member_ids", "skills", "shift_start", "shift_end", "is_active")
    }
    record_writer.create(
        night, system(town["south"]), "crew", south | {"name": "南班"}, record_id=town["south crew"]
    )
    record_writer.create(night, system(town["south"]), "on_call", ROSTER | {"crew_id": town["south crew"]})
    assert sent(night, job, NIGHT + timedelta(days=1)) is None
    with pytest.raises(Problem, match="not_found"):
        assign_job(night, town.actor("dispatcher"), job, town["south crew"], version=None)


def test_what_follows_a_written_job_waits_for_no_day(database: Database, town: Town) -> None:
    """It holds the job: an emergency that somebody sends holds the days, and then wants the job."""
    with database.transaction() as session:
        job = burst(session, town)
    with database.transaction() as sending, database.transaction() as following:
        hold_days(sending, town["north"])
        following.execute(text("SET LOCAL lock_timeout = '2s'"))
        for subscriber in SUBSCRIPTIONS["work_order.written"]:
            subscriber(following, {"id": job, "op": "create", "changed": []})
        waiting = following.execute(text("SELECT fact FROM outbox WHERE detail->>'id' = :id"), {"id": job})
        assert WAITS in {row[0] for row in waiting}
