"""Dispatch over HTTP: plans of a day, emergencies, duplicates and bundles.

Days are planned and published; and a shut pipe names the customers it concerns.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.services import record_writer
from backend.customers.services.key_customers import watch_item
from backend.dispatch.services.day_plans import work_out, work_out_waiting
from backend.jobs.services.duplicates import bundle_job
from sync.change import moment_text
from tests.conftest import Person
from tests.factories import CITY, Town, middle, square

As = Callable[[str], Person]
MORNING = datetime.now(CITY).replace(hour=8, minute=0, second=0, microsecond=0)


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


@pytest.fixture
def jobs(database: Database, town: Town) -> list[str]:
    """Three jobs nobody has, in three cells; one needs what only the far crew can do, one nobody can."""
    with database.transaction() as session:
        return [
            job(session, town, "W1", 0),
            job(session, town, "W2", 1),
            job(session, town, "W3", 2, skills=["meter"]),
        ]


def planned(person: Person, database: Database, settings: Settings, **more: Any) -> dict[str, Any]:
    body = {"unit_id": Town()["north"], "seconds": 1} | more
    plan = person("POST", "/dispatch/plans", body)
    assert plan.status_code == 201, plan.text
    assert work_out_waiting(database, settings) == 1
    return dict(person.get(f"/dispatch/plans/{plan.get_json()['id']}"))


def crew_of(person: Person, job_id: str) -> str | None:
    return person.get(f"/work-orders/{job_id}")["crew_id"]  # type: ignore[no-any-return]


def test_a_day_is_planned_previewed_and_published(
    as_: As, town: Town, database: Database, settings: Settings, jobs: list[str]
) -> None:
    dispatcher = as_("dispatcher")
    plan = planned(dispatcher, database, settings)
    assert (plan["state"], plan["unserved"]) == ("ready", [])
    who = {stop["job_id"]: (stop["crew_id"], stop["change"]) for stop in plan["stops"]}
    assert who == {
        jobs[0]: (town["crew"], "new"),
        jobs[1]: (town["crew"], "new"),
        jobs[2]: (town["far crew"], "new"),
    }
    assert "直线距离" in plan["figures"]["travel_zh"]
    assert crew_of(dispatcher, jobs[0]) is None
    done = dispatcher("PUT", f"/dispatch/plans/{plan['id']}/publication")
    assert done.get_json()["state"] == "published"
    first = dispatcher.get(f"/work-orders/{jobs[0]}")
    assert (first["state"], first["crew_id"]) == ("dispatched", town["crew"])
    assert first["planned_at"] in {stop["arrive_at"] for stop in plan["stops"]}
    history = dispatcher.get(f"/work-orders/{jobs[0]}/history")
    assert {one["actor_id"] for one in history if one["op"] == "dispatch"} == {town["dispatcher"]}
    again = planned(dispatcher, database, settings)
    assert {stop["change"] for stop in again["stops"]} == {"same"}


def test_two_dispatchers_cannot_both_publish(
    as_: As, town: Town, database: Database, settings: Settings, jobs: list[str]
) -> None:
    one, two = as_("dispatcher"), as_("supervisor")
    first, second = planned(one, database, settings), planned(two, database, settings)
    assert one("PUT", f"/dispatch/plans/{first['id']}/publication").status_code == 200
    refused = two("PUT", f"/dispatch/plans/{second['id']}/publication")
    assert refused.get_json()["code"] == "jobs_changed"
    assert set(refused.get_json()["jobs"]) == set(jobs)
    assert one("PUT", f"/dispatch/plans/{first['id']}/publication").get_json()["code"] == "plan_not_ready"


def test_what_cannot_be_served_says_why(as_: As, town: Town, database: Database, settings: Settings) -> None:
    with database.transaction() as session:
        job(session, town, "no skill", skills=["water_quality"])
        job(session, town, "too long", duration_minutes=5_000)
    plan = planned(as_("dispatcher"), database, settings)
    why = {one["number"]: one["reasons"][0]["zh"] for one in plan["unserved"]}
    assert "没有班组具备技能" in why["no skill"]
    assert "超过任何一个班次" in why["too long"]


def test_begun_and_pinned_work_does_not_move(
    as_: As, town: Town, database: Database, settings: Settings, jobs: list[str]
) -> None:
    with database.transaction() as session:
        north = system(town["north"])
        record_writer.change(session, north, "crew", town["far crew"], {"skills": ["meter", "pipe_repair"]})
        record_writer.act(
            session,
            north,
            "work_order",
            jobs[1],
            "dispatch",
            {"crew_id": town["far crew"], "is_pinned": True},
        )
        begun = job(session, town, "begun", 0)
        record_writer.act(session, north, "work_order", begun, "dispatch", {"crew_id": town["far crew"]})
        for step in ("accept", "leave", "arrive", "start"):
            record_writer.act(session, north, "work_order", begun, step, {})
    plan = planned(as_("dispatcher"), database, settings)
    stops = {stop["job_id"]: stop for stop in plan["stops"]}
    assert begun not in stops
    assert (stops[jobs[1]]["crew_id"], stops[jobs[1]]["change"]) == (town["far crew"], "same")
    # The far crew is busy for an hour with what it has begun, at the other end of the row.
    far = [stop["arrive_at"] for stop in plan["stops"] if stop["crew_id"] == town["far crew"]]
    assert min(far) > moment_text(datetime.now(UTC) + timedelta(minutes=55))


def test_a_sick_crews_work_is_given_to_others(
    as_: As, town: Town, database: Database, settings: Settings, jobs: list[str]
) -> None:
    dispatcher = as_("dispatcher")
    first = planned(dispatcher, database, settings)
    dispatcher("PUT", f"/dispatch/plans/{first['id']}/publication")
    sick = planned(dispatcher, database, settings, few_changes=True, absent_crew_ids=[town["crew"]])
    assert {one["job_id"] for one in sick["unserved"]} == {jobs[0], jobs[1]}
    assert dispatcher("PUT", f"/dispatch/plans/{sick['id']}/publication").status_code == 200
    assert dispatcher.get(f"/work-orders/{jobs[0]}")["state"] == "received"
    well = planned(dispatcher, database, settings)
    assert {stop["job_id"]: stop["change"] for stop in well["stops"]}[jobs[0]] == "new"
    assert crew_of(dispatcher, jobs[2]) == town["far crew"]


def test_tomorrow_begins_with_the_shift(
    as_: As, town: Town, database: Database, settings: Settings, jobs: list[str]
) -> None:
    with database.transaction() as session:
        lunch = {
            "shift_start": "08:00",
            "shift_end": "12:30",
            "break_from": "10:00",
            "break_until": "11:00",
            "break_minutes": 30,
            "most_jobs": 1,
        }
        record_writer.change(session, system(town["north"]), "crew", town["crew"], lunch)
    tomorrow = (datetime.now(CITY) + timedelta(days=1)).date()
    plan = planned(as_("dispatcher"), database, settings, day=tomorrow.isoformat())
    mine = [stop for stop in plan["stops"] if stop["crew_id"] == town["crew"]]
    assert len(mine) == 1
    assert mine[0]["arrive_at"] >= moment_text(
        datetime.combine(tomorrow, datetime.min.time(), CITY) + timedelta(hours=8)
    )
    (left,) = plan["unserved"]
    assert any(reason["code"] == "most_jobs" for reason in left["reasons"])


def test_a_published_plan_is_listed_and_taken_back(
    as_: As, town: Town, database: Database, settings: Settings, jobs: list[str]
) -> None:
    dispatcher = as_("dispatcher")
    before = [dispatcher.get(f"/work-orders/{one}") for one in jobs]
    plan = planned(dispatcher, database, settings)
    path = f"/dispatch/plans/{plan['id']}/publication"
    assert {line["number"] for row in plan["effects"] for line in row["jobs"]} == {"W1", "W2", "W3"}
    assert dispatcher("DELETE", path).get_json()["code"] == "plan_not_published"
    dispatcher("PUT", path)
    for who, code in (("agent", "not_allowed"), ("stranger", "not_found")):
        assert as_(who)("DELETE", path).get_json()["code"] == code
    done = dispatcher("DELETE", path)
    assert (done.status_code, done.get_json()["state"], done.get_json()["kept"]) == (200, "taken_back", [])
    listed = dispatcher.get(f"/dispatch/plans?unit_id={town['north']}&day={plan['day']}")
    assert [(one["id"], one["state"]) for one in listed] == [(plan["id"], "taken_back")]
    after = [dispatcher.get(f"/work-orders/{one}") for one in jobs]
    for name in ("state", "crew_id", "planned_at", "is_pinned"):
        assert [one[name] for one in after] == [one[name] for one in before]
    told = {one["text_zh"] for one in as_("leader").get("/notices")["rows"]}
    assert any("的排班已撤回：不再由您班组办理的工单 W1、W2" in words for words in told)


def test_an_emergency_leaves_tomorrows_times_alone(
    as_: As, town: Town, database: Database, jobs: list[str]
) -> None:
    tomorrow = moment_text(datetime.now(UTC) + timedelta(days=1, hours=3))
    with database.transaction() as session:
        for one in jobs[:2]:
            record_writer.act(
                session,
                system(town["north"]),
                "work_order",
                one,
                "dispatch",
                {"crew_id": town["crew"], "planned_at": tomorrow},
            )
        burst = job(session, town, "burst", 1, urgency="urgent", matter_id=town["burst"])
    sent = as_("dispatcher")("POST", f"/dispatch/{burst}/emergency", {})
    assert sent.status_code == 200, sent.text
    assert [as_("dispatcher").get(f"/work-orders/{one}")["planned_at"] for one in jobs[:2]] == [tomorrow] * 2


@pytest.mark.parametrize(
    ("who", "body", "code"),
    [
        ("rep", {}, "not_allowed"),
        ("agent", {}, "not_allowed"),
        ("dispatcher", {"unit_id": "south"}, "not_found"),
        ("dispatcher", {"day": "2020-01-01"}, "invalid"),
        ("dispatcher", {"seconds": 100_000}, "invalid"),
        ("dispatcher", {"more": 1}, "invalid"),
    ],
)
def test_a_plan_that_may_not_be_asked_for(
    as_: As, town: Town, who: str, body: dict[str, Any], code: str
) -> None:
    unit = town[body.pop("unit_id", "north")]
    assert as_(who)("POST", "/dispatch/plans", {"unit_id": unit} | body).get_json()["code"] == code


def test_anothers_day_is_not_there(as_: As, town: Town, database: Database, settings: Settings) -> None:
    plan = planned(as_("dispatcher"), database, settings)
    assert as_("stranger")("GET", f"/dispatch/plans/{plan['id']}").status_code == 404
    assert as_("stranger")("PUT", f"/dispatch/plans/{plan['id']}/publication").status_code == 404


def test_an_emergency_goes_first_and_nobody_else_moves(
    as_: As, town: Town, database: Database, settings: Settings, jobs: list[str]
) -> None:
    dispatcher = as_("dispatcher")
    plan = planned(dispatcher, database, settings)
    dispatcher("PUT", f"/dispatch/plans/{plan['id']}/publication")
    before = {one: dispatcher.get(f"/work-orders/{one}") for one in jobs}
    with database.transaction() as session:
        burst = job(session, town, "burst", 1, urgency="urgent", matter_id=town["burst"])
    sent = dispatcher("POST", f"/dispatch/{burst}/emergency", {})
    assert sent.status_code == 200, sent.text
    assert (sent.get_json()["crew_id"], sent.get_json()["leader_id"]) == (town["crew"], town["leader"])
    assert sent.get_json()["delays_jobs"] >= 1
    after = {one: dispatcher.get(f"/work-orders/{one}") for one in jobs}
    assert [after[one]["crew_id"] for one in jobs] == [before[one]["crew_id"] for one in jobs]
    assert after[jobs[0]]["planned_at"] > before[jobs[0]]["planned_at"]
    assert dispatcher.get(f"/work-orders/{burst}")["planned_at"] < after[jobs[0]]["planned_at"]


def test_an_emergency_nobody_can_take_says_so(as_: As, town: Town, database: Database) -> None:
    with database.transaction() as session:
        lost = job(session, town, "lost", urgency="urgent", skills=["water_quality"])
    problem = as_("dispatcher")("POST", f"/dispatch/{lost}/emergency", {}).get_json()
    assert problem["code"] == "no_crew"
    assert any("缺少技能" in word for word in problem["best"])
    named = as_("dispatcher")("POST", f"/dispatch/{lost}/emergency", {"crew_id": town["crew"]})
    assert named.get_json()["crew_id"] == town["crew"]


def test_a_broadcast_tells_the_leaders_who_could_go(as_: As, town: Town, database: Database) -> None:
    with database.transaction() as session:
        burst = job(session, town, "burst", 1, urgency="urgent")
    told = as_("dispatcher")("POST", f"/dispatch/{burst}/broadcast")
    assert told.get_json() == {"crew_ids": [town["crew"]]}
    (notice,) = as_("leader")("POST", "/sync/pull", {"store": town["s"]}).get_json()["lines"][-1:]
    assert "抢修 burst" in str(as_("dispatcher").get("/notices")["rows"])
    assert notice


def test_a_second_report_joins_the_first(as_: As, town: Town, database: Database) -> None:
    reporter = {"name": "张三", "phone": "139"}
    with database.transaction() as session:
        first = job(session, town, "first", 1)
        second = job(session, town, "second", 1, reporter=reporter)
        job(session, town, "far", 2)
        job(session, town, "other matter", 1, matter_id=town["burst"])
    dispatcher = as_("dispatcher")
    (near,) = dispatcher.get(f"/dispatch/{second}/same-trouble")
    assert (near["job_id"], near["distance_m"]) == (first, 0)
    answer = dispatcher("PUT", f"/dispatch/{second}/duplicate", {"of_id": first})
    assert answer.get_json()["state"] == "cancelled"
    kept = dispatcher.get(f"/work-orders/{first}")
    assert kept["other_reporters"] == [reporter]
    assert dispatcher.get(f"/work-orders/{second}")["duplicate_of_id"] == first
    assert dispatcher.get(f"/dispatch/{first}/same-trouble") == []
    ended = second  # It was cancelled: a live report must not disappear into it.
    for one, of in ((first, ended), (first, first)):
        assert (
            dispatcher("PUT", f"/dispatch/{one}/duplicate", {"of_id": of}).get_json()["code"]
            == "check_failed"
        )


def test_jobs_at_one_door_are_one_bundle(session: Session, town: Town) -> None:
    first, second, other = (job(session, town, name, where) for name, where in (("a", 0), ("b", 0), ("c", 1)))
    assert bundle_job(session, other) is None
    bundle = bundle_job(session, second)
    assert bundle == bundle_job(session, first)
    values = [
        record_writer.read(session, "work_order", one).values["bundle_id"] for one in (first, second, other)
    ]
    assert values == [bundle, bundle, None]


def test_a_key_customers_items_are_watched_and_come_first(session: Session, town: Town) -> None:
    north = system(town["north"])
    record_writer.change(
        session, north, "customer", town["customer 0"], {"team_ids": [town["supervisor"], town["other_rep"]]}
    )
    item = {"theme": "pressure", "source": "hotline", "description": "水小", "state": "open"}
    keyed = record_writer.create(session, north, "item", item | {"customer_id": town["customer 0"]}).id
    plain = record_writer.create(session, north, "item", item | {"customer_id": town["customer 1"]}).id
    assert watch_item(session, keyed)
    assert not watch_item(session, keyed)
    watched = record_writer.read(session, "item", keyed).values
    assert set(watched["watcher_ids"]) == {town["supervisor"], town["other_rep"]}
    assert watched["is_priority"] is True
    watch_item(session, plain)
    assert not record_writer.read(session, "item", plain).values["watcher_ids"]


@pytest.mark.parametrize(
    ("area", "around_m", "numbers"),
    [
        (square(0), 0, ["K0000", "K0004"]),
        (
            {"type": "LineString", "coordinates": [[120.31, 36.059], [120.35, 36.059]]},
            200,
            ["K0000", "K0001", "K0002", "K0004", "K0005", "K0006"],
        ),
        ({"type": "Point", "coordinates": middle(1)["coordinates"]}, 50, ["K0001", "K0005"]),
        (square(3), 0, []),
    ],
    ids=["drawn", "pipe", "around a point", "another unit's"],
)
def test_customers_of_an_area_or_pipe_are_listed(
    as_: As, area: dict[str, Any], around_m: int, numbers: list[str]
) -> None:
    found = as_("dispatcher")("POST", "/territory/affected", {"area": area, "around_m": around_m}).get_json()
    assert sorted(one["number"] for one in found) == numbers
    assert [one["call_in_person"] for one in found] == [True] * ("K0000" in numbers) + [False] * (
        len(found) - ("K0000" in numbers)
    )


def test_an_auditor_sees_no_numbers_of_those_who_are_told(as_: As) -> None:
    body = {"area": square(0)}
    seen, hidden = (
        as_(who)("POST", "/territory/affected", body).get_json() for who in ("dispatcher", "auditor")
    )
    assert {one["phone"] for one in seen} == {"13000000000", "13000000004"}
    assert {one["number"] for one in hidden} == {one["number"] for one in seen}
    for field in ("phone", "name"):
        assert {one[field] for one in hidden}.isdisjoint({one[field] for one in seen})
        assert all("*" in one[field] for one in hidden)


@pytest.mark.parametrize(
    "area",
    [
        {},
        {"type": "MultiPoint", "coordinates": [[1, 2]]},
        {"type": "Polygon", "coordinates": [[[500, 1], [501, 1], [501, 2], [500, 1]]]},
    ],
)
def test_an_area_must_be_one(as_: As, area: dict[str, Any]) -> None:
    assert (
        as_("dispatcher")("POST", "/territory/affected", {"area": area}).get_json()["faults"][0]["field"]
        == "area"
    )


def test_a_day_that_breaks_a_solver_does_not_stop_the_others(
    as_: As,
    town: Town,
    database: Database,
    settings: Settings,
    jobs: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def explode(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr("geo.routing.day.plan_day", explode)
    plan = planned(as_("dispatcher"), database, settings)
    assert (plan["state"], plan["problem"]["code"]) == ("failed", "server_error")
    refused = as_("dispatcher")("PUT", f"/dispatch/plans/{plan['id']}/publication")
    assert refused.get_json()["code"] == "plan_not_ready"


def test_a_plan_is_worked_out_once(
    as_: As, town: Town, database: Database, settings: Settings, jobs: list[str]
) -> None:
    plan = planned(as_("dispatcher"), database, settings)
    as_("dispatcher")("PUT", f"/dispatch/plans/{plan['id']}/publication")
    work_out(database, settings, plan["id"])
    assert as_("dispatcher").get(f"/dispatch/plans/{plan['id']}")["state"] == "published"


def test_the_board_shows_open_jobs_crews_and_cells_of_the_unit(as_: As, town: Town, jobs: list[str]) -> None:
    dispatcher = as_("dispatcher")
    board = dispatcher.get("/dispatch/board")
    shown = {one["id"]: one for one in board["jobs"]}
    assert set(jobs) <= set(shown)
    assert {one["unit_id"] for one in board["cells"]} == {town["north"]}
    west, south, east, north = board["extent"]
    assert west < middle(0)["coordinates"][0] < east
    assert south < middle(0)["coordinates"][1] < north
    (crew,) = [one for one in board["crews"] if one["id"] == town["crew"]]
    assert (crew["jobs"], crew["leader_id"]) == (0, town["leader"])
    dispatcher("PUT", f"/dispatch/{jobs[0]}/assignment", {"crew_id": town["crew"]})
    after = dispatcher.get("/dispatch/board")
    assert next(one for one in after["crews"] if one["id"] == town["crew"])["jobs"] == 1
    job = next(one for one in after["jobs"] if one["id"] == jobs[0])
    assert (job["state"], job["crew_id"], job["version"]) == (
        "dispatched",
        town["crew"],
        shown[jobs[0]]["version"] + 1,
    )
    dispatcher("POST", f"/work-orders/{jobs[0]}/actions/cancel", {"cancel_reason": "重复"})
    assert jobs[0] not in {one["id"] for one in dispatcher.get("/dispatch/board")["jobs"]}
    assert as_("rep")("GET", "/dispatch/board").status_code == 403


def test_an_auditors_board_hides_addresses(as_: As, town: Town, database: Database) -> None:
    with database.transaction() as session:
        job(session, town, "W1", address="市南区测试路 12 号 3 单元")
    (one,) = as_("auditor").get("/dispatch/board")["jobs"]
    assert one["address"] == "市南区***"
