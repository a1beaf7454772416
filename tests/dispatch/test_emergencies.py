"""Emergencies over HTTP and from the outbox: looked at, sent, taken back.

Also those that pre-empt, that come by night, and on days that were broken.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.core import config
from backend.core.actor import system
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.services import record_writer
from backend.dispatch.services.dispatching import propose_crews
from backend.dispatch.services.emergencies import preview, send_at_once, send_on_call
from backend.dispatch.services.taking_back import take_back
from backend.jobs.queries.jobs import unopened_jobs
from backend.notices.services.notifying import RecordedChannel
from sync.change import moment_text
from tests.conftest import Person
from tests.factories import CITY, Town, middle

As = Callable[[str], Person]
NOON = datetime(2026, 9, 1, 12, tzinfo=CITY)
STEPS = ("accept", "leave", "arrive", "start")


def at(hour: int, minute: int = 0, *, day: int = 1) -> str:
    return moment_text(datetime(2026, 9, day, hour, minute, tzinfo=CITY).astimezone(UTC))


def job(session: Session, town: Town, name: str, where: int = 0, **more: Any) -> str:
    values = {
        "matter_id": town["leak"],
        "place": middle(where),
        "state": "received",
        "number": name,
        "duration_minutes": 60,
        "skills": ["pipe_repair"],
        "cell_id": town[f"cell {where}"],
    } | more
    return record_writer.create(session, system(town["north"]), "work_order", values, record_id=town[name]).id


def burst(session: Session, town: Town, name: str = "burst", where: int = 0, **more: Any) -> str:
    return job(
        session,
        town,
        name,
        where,
        **{"matter_id": town["burst"], "urgency": "urgent", "duration_minutes": 180, **more},
    )


def given(session: Session, town: Town, name: str, planned: str | None, *steps: str, **more: Any) -> str:
    """A job a crew has, planned for a time, and as far as these steps."""
    made = job(session, town, name, **{"crew_id": town["crew"], **more})
    record_writer.act(
        session,
        system(town["north"]),
        "work_order",
        made,
        "dispatch",
        {"crew_id": more.get("crew_id", town["crew"]), "planned_at": planned},
    )
    for step in steps:
        record_writer.act(session, system(town["north"]), "work_order", made, step, {})
    return made


@pytest.fixture
def noon(session: Session, town: Town) -> Session:
    """Both crews work from eight to five, and both repair pipes; one starts at either end of the row."""
    for crew, start in (("crew", 0), ("far crew", 2)):
        now = {
            "shift_start": "08:00",
            "shift_end": "17:00",
            "skills": ["pipe_repair"],
            "start_place": middle(start),
        }
        record_writer.change(session, system(town["north"]), "crew", town[crew], now)
    return session


def seen(
    session: Session, town: Town, job_id: str, now: datetime = NOON, crew: str | None = None
) -> dict[str, Any]:
    return preview(session, config.read(), town.actor("dispatcher"), job_id, crew and town[crew], now)


def sent(session: Session, town: Town, job_id: str, now: datetime = NOON, **more: Any) -> dict[str, Any]:
    return send_at_once(session, config.read(), town.actor("dispatcher"), job_id, None, now, **more)


def stands(session: Session, job_id: str) -> tuple[Any, ...]:
    values = record_writer.read(session, "work_order", job_id).values
    return tuple(values.get(name) for name in ("state", "crew_id", "planned_at", "is_pinned"))


def test_a_full_day_makes_room_and_comes_back_as_it_was(noon: Session, town: Town) -> None:
    """Lunch, an appointment, four overdue jobs.

    The burst goes first, one job goes to the other crew, two are left.
    """
    lunch = {"break_from": "12:00", "break_until": "12:30", "break_minutes": 30, "most_jobs": 4}
    record_writer.change(noon, system(town["north"]), "crew", town["crew"], lunch)
    jobs = [
        given(noon, town, f"J{n}", at(12 + n), "accept", due_at=at(8, day=1), place=middle(1))
        for n in range(4)
    ]
    record_writer.change(
        noon,
        system(town["north"]),
        "work_order",
        jobs[3],
        {"appointment_from": at(15), "appointment_until": at(16)},
    )
    for one in jobs:
        record_writer.change(noon, town.actor("leader"), "work_order", one, {"opened_at": at(11)})
    before = [stands(noon, one) for one in jobs]
    lost = burst(noon, town)
    shown = seen(noon, town, lost)
    assert [stands(noon, one) for one in jobs] == before, "looking changes nothing"
    assert (shown["crew_id"], shown["leader_id"]) == (town["crew"], town["leader"])
    assert shown["arrives_at"] < NOON + timedelta(minutes=30)
    touched = {name: {one["number"] for one in shown[name]} for name in ("delayed", "moved", "left_over")}
    assert touched["delayed"] | touched["moved"] | touched["left_over"] >= {"J0", "J1", "J2"}
    assert len(touched["moved"]) == 1
    assert "J3" not in touched["left_over"], "what is promised stays"
    assert sent(noon, town, lost, seen=shown["seen"]) == shown
    assert stands(noon, lost)[:3] == ("dispatched", town["crew"], moment_text(shown["arrives_at"]))
    for one in shown["left_over"]:
        assert stands(noon, one["job_id"])[:3] == ("accepted", town["crew"], None)
    (moved,) = shown["moved"]
    assert stands(noon, moved["job_id"])[:2] == ("dispatched", town["far crew"])
    late = datetime.now(UTC) + timedelta(days=400)
    assert set(unopened_jobs(noon, late, 15, "reminded_at")) == {lost, moved["job_id"]}, (
        "who got it has not opened it"
    )
    done = take_back(noon, town.actor("dispatcher"), lost)
    assert done["changed"] == []
    assert [stands(noon, one) for one in jobs] == before
    assert stands(noon, lost) == ("received", None, None, None)
    with pytest.raises(Problem, match="emergency_not_sent"):
        take_back(noon, town.actor("dispatcher"), lost)


def test_what_changed_meanwhile_stays_and_is_named(noon: Session, town: Town) -> None:
    first, second = (given(noon, town, name, at(hour), "accept") for name, hour in (("J1", 12), ("J2", 14)))
    lost = burst(noon, town)
    assert {one["number"] for one in sent(noon, town, lost)["delayed"]} == {"J1", "J2"}
    record_writer.act(noon, system(town["north"]), "work_order", first, "leave", {})
    planned = stands(noon, first)[2]
    done = take_back(noon, town.actor("dispatcher"), lost)
    assert {one["number"] for one in done["returned"]} == {"burst", "J2"}
    assert [(one["number"], one["zh"]) for one in done["changed"]] == [("J1", "班组已开始")]
    assert (stands(noon, first)[2], stands(noon, second)[2]) == (planned, at(14))


def test_what_somebody_meant_since_stays_as_with_a_plan(noon: Session, town: Town) -> None:
    """Another appointment, a lock, a crew that works no more.

    One rule for plans and emergencies, and nothing fails.
    """
    names = ("J1", "J2", "J3")
    first, second, third = (given(noon, town, name, at(12 + n), "accept") for n, name in enumerate(names))
    lost = burst(noon, town, duration_minutes=60)
    assert {one["number"] for one in sent(noon, town, lost)["delayed"]} == set(names)
    promised = {"appointment_from": at(14), "appointment_until": at(16)}
    record_writer.change(noon, system(town["north"]), "work_order", first, promised)
    record_writer.change(noon, system(town["north"]), "work_order", second, {"is_pinned": True})
    kept = [stands(noon, one) for one in (first, second)]
    done = take_back(noon, town.actor("dispatcher"), lost)
    assert [(one["number"], one["en"]) for one in done["changed"]] == [
        (n, "somebody changed it since") for n in names[:2]
    ]
    assert [stands(noon, one) for one in (first, second)] == kept
    assert stands(noon, third)[2] == at(14)


def test_work_of_a_crew_that_is_gone_is_named(noon: Session, town: Town) -> None:
    record_writer.change(noon, system(town["north"]), "crew", town["crew"], {"most_jobs": 4})
    jobs = [given(noon, town, f"J{n}", at(12 + n), "accept") for n in range(4)]
    lost = burst(noon, town)
    (moved,) = sent(noon, town, lost)["moved"]
    record_writer.change(noon, system(town["north"]), "crew", town["crew"], {"is_active": False})
    before = stands(noon, moved["job_id"])
    done = take_back(noon, town.actor("dispatcher"), lost)
    assert ("its former crew works no more") in {one["en"] for one in done["changed"]}
    assert (stands(noon, moved["job_id"]), moved["job_id"] in jobs) == (before, True)


def test_a_sending_of_an_earlier_round_is_not_taken_back(noon: Session, town: Town) -> None:
    waits = given(noon, town, "J1", at(16), duration_minutes=300)
    lost = burst(noon, town)
    sent(noon, town, lost)
    said: dict[str, dict[str, Any]] = {
        "start": {"told_minutes": 1, "told_cost_fen": 1},
        "finish": {"result": "x"},
        "reopen": {"reopen_reason": "x"},
    }
    for step in (*STEPS, "finish", "reopen"):
        record_writer.act(
            noon, town.actor("leader"), "work_order", lost, step, said.get(step, {}), trusted=True
        )
    before = stands(noon, waits), stands(noon, lost)
    with pytest.raises(Problem, match="emergency_not_sent"):
        take_back(noon, town.actor("dispatcher"), lost)
    assert (stands(noon, waits), stands(noon, lost)) == before


def test_work_that_was_put_on_another_day_after_its_appointment_stays_there(
    noon: Session, town: Town
) -> None:
    record_writer.change(noon, system(town["north"]), "crew", town["far crew"], {"is_active": False})
    missed = given(noon, town, "J1", at(9, day=2), appointment_from=at(9), appointment_until=at(10))
    before = stands(noon, missed)
    shown = sent(noon, town, burst(noon, town))
    assert (shown["delayed"], shown["moved"], shown["left_over"]) == ([], [], [])
    assert stands(noon, missed) == before


def test_once_the_crew_has_left_it_is_not_taken_back(noon: Session, town: Town) -> None:
    lost = burst(noon, town)
    sent(noon, town, lost)
    for step in STEPS[:2]:
        record_writer.act(noon, system(town["north"]), "work_order", lost, step, {})
    with pytest.raises(Problem, match="emergency_begun"):
        take_back(noon, town.actor("dispatcher"), lost)
    with pytest.raises(Problem, match="action_does_not_fit"):
        seen(noon, town, lost)


def test_only_begun_work_keeps_a_crew(noon: Session, town: Town) -> None:
    """On its way, or before the door: it turns round. Working: when that ends, from there."""
    under_way = given(noon, town, "J1", at(12), *STEPS[:2], where=0)
    lost = burst(noon, town)
    shown = seen(noon, town, lost)
    assert (shown["crew_id"], [one["number"] for one in shown["delayed"]]) == (town["crew"], ["J1"])
    for step in STEPS[2:]:
        record_writer.act(noon, system(town["north"]), "work_order", under_way, step, {})
    stamps = {"arrived_at": at(11, 50), "started_at": at(11, 55)}
    record_writer.change(noon, system(town["north"]), "work_order", under_way, stamps)
    assert seen(noon, town, lost)["crew_id"] == town["far crew"], "an hour of work is longer than the way"
    busy = seen(noon, town, lost, crew="crew")
    assert busy["arrives_at"] == datetime(2026, 9, 1, 12, 55, tzinfo=CITY)
    assert stands(noon, under_way)[0] == "in_progress"


def test_a_day_that_was_broken_before_is_no_bar(noon: Session, town: Town) -> None:
    missed = given(noon, town, "J1", at(9), appointment_from=at(9), appointment_until=at(10))
    long = given(noon, town, "J2", at(10), duration_minutes=900)
    shown = sent(noon, town, burst(noon, town))
    assert shown["crew_id"] == town["crew"]
    assert {one["job_id"] for one in shown["left_over"]} == {long}
    assert stands(noon, missed)[1] == town["crew"]


def test_another_burst_is_not_put_off_and_another_day_is_not_touched(noon: Session, town: Town) -> None:
    record_writer.change(noon, system(town["north"]), "crew", town["far crew"], {"is_active": False})
    later = given(
        noon, town, "J1", at(9, day=4), appointment_from=at(9, day=4), appointment_until=at(10, day=4)
    )
    first, second = burst(noon, town, "first"), burst(noon, town, "second", 0)
    before = stands(noon, later)
    one = sent(noon, town, first)
    two = sent(noon, town, second)
    assert two["arrives_at"] >= one["arrives_at"] + timedelta(hours=3)
    assert two["overtime_minutes"] > 0
    assert stands(noon, first)[2] == moment_text(one["arrives_at"])
    assert stands(noon, later) == before


def test_who_lacks_what_is_said_in_words(noon: Session, town: Town) -> None:
    lost = burst(noon, town, skills=["large_main"])
    record_writer.change(
        noon,
        system(town["north"]),
        "crew",
        town["far crew"],
        {"skills": ["large_main"], "shift_start": "13:00"},
    )
    with pytest.raises(Problem, match="no_crew") as refused:
        sent(noon, town, lost)
    words = "".join(one["zh"] + one["en"] for one in refused.value.detail["faults"])
    assert "缺少技能：大口径抢修" in words
    assert "lacks skills: Large mains" in words
    assert "13:00 上班" in words
    assert "_" not in words
    calm = job(noon, town, "J1", skills=["large_main"])
    said = propose_crews(noon, config.read(), town.actor("dispatcher"), calm, NOON)
    assert "缺少技能：大口径抢修" in {reason["zh"] for one in said for reason in one["reasons"]}, (
        "of routine work too"
    )
    ranked = propose_crews(noon, config.read(), town.actor("dispatcher"), lost, NOON)
    assert [one["crew_id"] for one in ranked] == [town["far crew"], town["crew"]], (
        "able before not, if only later"
    )
    assert not any(one["is_feasible"] for one in ranked)


@pytest.mark.parametrize(("hour", "overtime"), [(6, 0), (7, 0)], ids=["into the shift", "most of it"])
def test_a_burst_in_the_night_goes_out_though_its_end_lies_behind_the_rosters(
    noon: Session, town: Town, hour: int, overtime: int
) -> None:
    roster = {
        "valid_from": "2026-08-31",
        "valid_until": "2026-09-01",
        "clock_from": "21:30",
        "clock_until": "08:00",
    }
    record_writer.create(noon, system(town["north"]), "on_call", roster | {"crew_id": town["crew"]})
    day = given(noon, town, "J1", at(8, 30), duration_minutes=60)
    lost, night = burst(noon, town), NOON.replace(hour=hour)
    shown = seen(noon, town, lost, night)
    assert (shown["is_on_call"], shown["overtime_minutes"]) == (True, overtime)
    assert shown["arrives_at"] < night + timedelta(minutes=30)
    assert send_on_call(noon, config.read(), RecordedChannel(), lost, night) == town["crew"]
    assert stands(noon, day)[2] > at(8, 30), (
        "what would begin at half past eight begins once the burst is mended"
    )


def test_overtime_is_told_where_the_shift_comes_later(noon: Session, town: Town) -> None:
    roster = {
        "valid_from": "2026-08-31",
        "valid_until": "2026-09-01",
        "clock_from": "21:30",
        "clock_until": "06:00",
    }
    record_writer.create(noon, system(town["north"]), "on_call", roster | {"crew_id": town["crew"]})
    shown = seen(noon, town, burst(noon, town), NOON.replace(hour=4))
    assert shown["overtime_minutes"] >= 60
    assert any("加班" in one["zh"] for one in shown["against"])


def test_by_night_a_crew_at_work_that_cannot_do_it_keeps_nobody_in_bed(noon: Session, town: Town) -> None:
    now = {"shift_start": "20:00", "shift_end": "06:00", "skills": ["meter"]}
    record_writer.change(noon, system(town["north"]), "crew", town["far crew"], now)
    roster = {
        "valid_from": "2026-08-31",
        "valid_until": "2026-09-01",
        "clock_from": "17:00",
        "clock_until": "08:00",
    }
    record_writer.create(noon, system(town["north"]), "on_call", roster | {"crew_id": town["crew"]})
    lost = burst(noon, town)
    assert send_on_call(noon, config.read(), RecordedChannel(), lost, NOON.replace(hour=22)) == town["crew"]
    take_back(noon, town.actor("dispatcher"), lost)
    again = send_on_call(noon, config.read(), RecordedChannel(), lost, NOON.replace(hour=23))
    assert again is None, "what a person took back stays with people"


def test_over_http_what_was_shown_is_what_is_sent(as_: As, town: Town, database: Database) -> None:
    """Whoever looked at one thing does not send another."""
    with database.transaction() as session:
        lost = burst(session, town)
        calm = given(session, town, "J1", moment_text(datetime.now(UTC)))
    dispatcher = as_("dispatcher")
    shown = dispatcher.get(f"/dispatch/{lost}/emergency")
    assert [one["job_id"] for one in shown["delayed"]] == [calm]
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "crew", town["crew"], {"is_active": False})
    old = dispatcher("POST", f"/dispatch/{lost}/emergency", {"seen": shown["seen"]}).get_json()
    assert old["code"] in ("jobs_changed", "no_crew")
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "crew", town["crew"], {"is_active": True})
    done = dispatcher("POST", f"/dispatch/{lost}/emergency", {"seen": shown["seen"]}).get_json()
    assert (done.get("state"), done.get("crew_id")) == ("dispatched", town["crew"]), done
    board = {one["id"]: one for one in dispatcher.get("/dispatch/board")["jobs"]}
    assert (board[lost]["is_sent_at_once"], board[calm]["is_sent_at_once"]) == (True, False)
    back = dispatcher("DELETE", f"/dispatch/{lost}/emergency").get_json()
    assert ({one["job_id"] for one in back["returned"]}, back["changed"]) == ({lost, calm}, [])
    assert dispatcher("DELETE", f"/dispatch/{lost}/emergency").get_json()["code"] == "emergency_not_sent"
