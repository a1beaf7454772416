"""One trouble reported by several people, several jobs at one door: who stands where afterwards, and what is
refused.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.geometry import point
from backend.core.services import record_writer
from backend.jobs.services.duplicates import bundle_job
from backend.queue import serving
from tests.conftest import Person
from tests.factories import SOUTH, WEST, Town, middle, uid
from tests.newcomers import join

As = Callable[[str], Person]
FIRST, SECOND, THIRD = (
    {"name": name, "phone": phone} for name, phone in (("甲", "131"), ("乙", "132"), ("丙", "133"))
)


def job(session: Session, town: Town, name: str, unit: str = "north", **more: Any) -> str:
    values = {"matter_id": town["leak"], "place": middle(0), "state": "received", "number": name}
    return record_writer.create(
        session, system(town[unit]), "work_order", values | more, record_id=town[name]
    ).id


def join_to(who: Person, one: str, of: str) -> Any:
    return who("PUT", f"/dispatch/{uid(one)}/duplicate", {"of_id": uid(of)})


def bundle_of(session: Session, name: str) -> Any:
    return record_writer.read(session, "work_order", uid(name)).values["bundle_id"]


def step(session: Session, town: Town, name: str, *steps: str) -> None:
    north, leader = system(town["north"]), town.actor("leader")
    record_writer.act(session, north, "work_order", town[name], "dispatch", {"crew_id": town["crew"]})
    for one in steps:
        said = {"result": "好"} if one == "finish" else {}
        record_writer.act(session, leader, "work_order", town[name], one, said)


@pytest.fixture
def reports(database: Database, town: Town) -> None:
    """Three reports of one leak in the north, and one in the south."""
    with database.transaction() as session:
        for name, reporter in (("a", FIRST), ("b", SECOND), ("c", THIRD)):
            job(session, town, name, reporter=reporter)
        job(session, town, "theirs", "south", place=middle(3))


def test_everybody_who_reported_stands_on_the_job_that_stays(as_: As, reports: None) -> None:
    desk = as_("dispatcher")
    joined = join_to(desk, "b", "a").get_json()
    assert joined["state"] == "cancelled"
    second = desk.get(f"/work-orders/{uid('b')}")
    assert (second["duplicate_of_id"], second["cancel_reason"].count("a")) == (uid("a"), 1)
    # The job that had taken another in goes on into a third: nobody is lost on the way.
    assert join_to(desk, "a", "c").status_code == 200
    kept = desk.get(f"/work-orders/{uid('c')}")
    assert (kept["reporter"], kept["other_reporters"]) == (THIRD, [FIRST, SECOND])
    assert kept["state"] == "received"
    # An auditor sees that there were others, and no number of theirs.
    assert "131" not in str(as_("auditor").get(f"/work-orders/{uid('c')}")["other_reporters"])


def test_who_joins_jobs_and_which(as_: As, reports: None, database: Database, town: Town) -> None:
    for who in ("auditor", "leader", "rep"):
        assert join_to(as_(who), "b", "a").status_code in (403, 404), who
    for one, of in (("b", "theirs"), ("theirs", "b"), ("b", "nothing"), ("nothing", "b")):
        answer = join_to(as_("dispatcher"), one, of)
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found"), (one, of)
    # The group sees both branches; each branch's job stays its own.
    with database.transaction() as session:
        join(session, "group desk", "group", Role.DISPATCHER)
    apart = join_to(as_("group desk"), "theirs", "a").get_json()
    assert (apart["code"], [one["zh"] for one in apart["faults"]]) == ("check_failed", ["不能并入这张工单"])
    with database.transaction() as session:
        step(session, town, "b", "accept", "arrive", "start", "finish")
    done = join_to(as_("dispatcher"), "b", "a")
    assert (done.status_code, done.get_json()["code"]) == (409, "action_does_not_fit")
    assert as_("dispatcher").get(f"/work-orders/{uid('a')}")["other_reporters"] is None
    assert as_("dispatcher").get(f"/work-orders/{uid('b')}")["duplicate_of_id"] is None
    # A crew is on its way: its report joins the other all the same, and the crew loses it.
    with database.transaction() as session:
        step(session, town, "c", "accept", "leave")
    assert join_to(as_("dispatcher"), "c", "a").get_json()["state"] == "cancelled"


def test_two_dispatchers_who_join_two_jobs_crosswise_leave_one_open(as_: As, reports: None) -> None:
    both = [(as_("dispatcher"), "a", "b"), (as_("supervisor"), "b", "a")]
    with ThreadPoolExecutor(2) as pool:
        sent = list(pool.map(lambda one: join_to(*one).get_json(), both))
    assert sorted(one.get("code", one.get("state")) for one in sent) == ["cancelled", "check_failed"]
    states = [as_("dispatcher").get(f"/work-orders/{uid(one)}")["state"] for one in ("a", "b")]
    assert sorted(states) == ["cancelled", "received"]


def test_jobs_of_one_door_go_together_and_others_do_not(session: Session, town: Town) -> None:
    near = point(WEST + 0.01 + 0.0001, SOUTH + 0.01)
    job(session, town, "door")
    job(session, town, "ten metres on", place=near)
    job(session, town, "next street", place=point(WEST + 0.01 + 0.0004, SOUTH + 0.01))
    job(session, town, "over", state="closed")
    job(session, town, "south's", "south")
    bundle = bundle_job(session, town["door"])
    assert bundle
    bundled = {
        name
        for name in ("door", "ten metres on", "next street", "over", "south's")
        if bundle_of(session, name)
    }
    assert bundled == {"door", "ten metres on"}
    assert bundle_job(session, town["next street"]) is None
    bundle_job(session, town["over"])
    assert bundle_of(session, "over") is None
    # One that comes later joins the bundle that is there.
    job(session, town, "later")
    assert bundle_job(session, town["later"]) == bundle
    assert bundle_of(session, "later") == bundle_of(session, "door") == bundle


def test_of_two_bundles_at_a_service_point_one_is_left(session: Session, town: Town) -> None:
    """A job between two bundles brings them together; safe to repeat."""
    here, there = {"service_point_id": town["point 1"], "place": middle(1)}, {"place": middle(0)}
    for name, where in (("p", here), ("q", here), ("r", there), ("s", there)):
        job(session, town, name, **where)
    apart = {bundle_job(session, town["p"]), bundle_job(session, town["r"])}
    assert len(apart) == 2
    job(session, town, "between", service_point_id=town["point 1"], place=middle(0))
    bundle = bundle_job(session, town["between"])
    assert bundle == min(str(one) for one in apart)
    assert {bundle_of(session, name) for name in ("p", "q", "r", "s", "between")} == {bundle}
    versions = [record_writer.read(session, "work_order", town[one]).version for one in ("p", "s")]
    assert bundle_job(session, town["between"]) == bundle
    assert versions == [record_writer.read(session, "work_order", town[one]).version for one in ("p", "s")]


def test_reports_of_one_door_are_bundled_as_they_come_in(as_: As, database: Database, town: Town) -> None:
    body = {"matter_id": town["leak"], "customer_id": town["customer 1"]}
    made = [as_("agent")("POST", "/work-orders", body).get_json() for _ in range(2)]
    assert [one["bundle_id"] for one in made] == [None, None]
    serving.serve(database)
    seen = [as_("dispatcher").get(f"/work-orders/{one['id']}")["bundle_id"] for one in made]
    assert len(set(seen)) == 1
    assert seen[0]
    assert as_("admin").get("/inbox/facts") == []
