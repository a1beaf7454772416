"""A job's intake and its ending: what follows from its matter, its site card, and what is left over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from backend.core.actor import Actor, system
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.services import record_writer
from backend.jobs.services.intake import complete_job, make_remainder, refresh_site_cards, site_card
from backend.jobs.services.return_visits import ask_back
from backend.queue import serving
from sync.change import parse_moment
from tests.conftest import Person
from tests.factories import Town, middle

As = Callable[[str], Person]


def taken(as_: As, town: Town, who: str = "agent", **more: Any) -> dict[str, Any]:
    where = {} if "customer_id" in more else {"place": middle(0)}
    answer = as_(who)("POST", "/work-orders", {"matter_id": town["leak"]} | where | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.get_json()
    return made


def read(session: Session, job: str) -> dict[str, Any]:
    return record_writer.read(session, "work_order", job).values


def under_way(session: Session, town: Town, **more: Any) -> str:
    """A job on which the crew has begun."""
    north, leader = system(town["north"]), town.actor("leader")
    values = {"matter_id": town["leak"], "place": middle(0), "cell_id": town["cell 0"], "state": "received"}
    job = record_writer.create(session, north, "work_order", values | more).id
    record_writer.act(session, north, "work_order", job, "dispatch", {"crew_id": town["crew"]})
    for step in ("accept", "arrive", "start"):
        record_writer.act(session, leader, "work_order", job, step, {})
    return job


def refusal(session: Session, actor: Actor, job: str, step: str, **now: Any) -> list[tuple[str, str]]:
    with pytest.raises(Problem) as refused:
        record_writer.act(session, actor, "work_order", job, step, now)
    return [(one["field"], one["code"]) for one in refused.value.detail["faults"]]


def test_a_job_has_its_limits_from_the_moment_it_was_taken(as_: As, town: Town) -> None:
    before = datetime.now(UTC)
    made = taken(as_, town)
    after = datetime.now(UTC)
    for name, minutes in (("contact_by", 60), ("due_at", 1440)):
        limit = parse_moment(made[name]) - timedelta(minutes=minutes)
        assert before <= limit <= after, name
    assert made["number"].startswith("W")
    assert made["number"].endswith(made["id"][-8:].upper())
    assert (made["state"], made["urgency"], made["first_contact_owner_id"]) == (
        "received",
        "normal",
        town["agent"],
    )
    assert (made["skills"], made["duration_minutes"], made["quote_required"]) == (["pipe_repair"], 90, False)
    other = taken(as_, town, urgency="urgent")
    assert other["urgency"] == "urgent"
    assert len({made["case_id"], other["case_id"]}) == 2
    # A matter that sets no limit: none is invented. One that is a repair is told first.
    admin, path = as_("admin"), f"/matters/{town['leak']}"
    none = {"contact_within_minutes": None, "finish_within_minutes": None, "is_repair": True}
    assert admin("PATCH", path, none, version=admin.get(path)["version"]).status_code == 200
    free = taken(as_, town)
    assert (free["contact_by"], free["due_at"], free["quote_required"]) == (None, None, True)
    # What was taken before the matter changed keeps what it was taken with.
    kept = as_("agent").get(f"/work-orders/{made['id']}")
    assert (kept["due_at"], kept["quote_required"]) == (made["due_at"], False)


def test_a_job_completed_twice_stays_as_it_was(session: Session, town: Town) -> None:
    values = {"matter_id": town["leak"], "place": middle(0), "number": "W-own", "state": "received"}
    job = record_writer.create(session, system(town["north"]), "work_order", values).id
    first = complete_job(session, job, town["agent"])
    assert (first.values["number"], first.values["first_contact_owner_id"]) == ("W-own", town["agent"])
    again = complete_job(session, job, town["dispatcher"])
    assert (again.version, again.values["first_contact_owner_id"]) == (first.version, town["agent"])


def test_nobody_gives_what_the_server_fills(as_: As, town: Town) -> None:
    for name, value in (
        ("first_contact_owner_id", town["rep"]),
        ("due_at", "2030-01-01T00:00:00Z"),
        ("required_photos", 0),
        ("bundle_id", town["b"]),
    ):
        body = {"matter_id": town["leak"], "place": middle(0), name: value}
        answer = as_("agent")("POST", "/work-orders", body)
        assert answer.status_code in (403, 422), name
        made = taken(as_, town)
        path = f"/work-orders/{made['id']}"
        changed = as_("supervisor")("PATCH", path, {name: value}, version=made["version"])
        assert changed.status_code >= 400, name
        assert as_("supervisor").get(path)[name] == made[name]


def test_a_crews_card_follows_the_ledger_while_the_job_is_open(
    as_: As, database: Database, town: Town
) -> None:
    north, job = system(town["north"]), taken(as_, town, customer_id=town["customer 1"])["id"]
    with database.transaction() as session:
        done = under_way(session, town, customer_id=town["customer 1"])
        complete_job(session, done, town["agent"])
        record_writer.act(session, town.actor("leader"), "work_order", done, "finish", {"result": "好"})
        said = {"return_visit": {"is_satisfied": True}}
        record_writer.act(session, town.actor("agent"), "work_order", done, "close", said)
        before = read(session, done)["site_card"]
        assert before["phone"] == "13000000001"
        record_writer.change(
            session, north, "customer", town["customer 1"], {"phone": "13700001111", "is_vulnerable": True}
        )
        record_writer.change(session, north, "service_point", town["point 1"], {"access_note": "狗"})
    serving.serve(database)
    card = as_("dispatcher").get(f"/work-orders/{job}")["site_card"]
    assert (card["phone"], card["is_vulnerable"], card["access_note"]) == ("13700001111", True, "狗")
    assert (card["address"], card["meter_number"]) == ("香港中路2号", "M000001")
    with database.transaction() as session:
        assert read(session, done)["site_card"] == before
        assert refresh_site_cards(session, customer_id=town["customer 1"]) == 0, "it is up to date"


def test_a_job_of_another_customer_carries_nobody_elses_number(
    as_: As, database: Database, town: Town
) -> None:
    made = taken(as_, town, customer_id=town["customer 1"])
    assert made["site_card"]["phone"] == "13000000001"
    path = f"/work-orders/{made['id']}"
    moved = as_("agent")("PATCH", path, {"customer_id": town["customer 2"]}, version=made["version"])
    assert moved.status_code == 200, moved.text
    serving.serve(database)
    card = as_("agent").get(path)["site_card"]
    assert (card["phone"], card["customer_name"]) == ("13000000002", "王小三")
    # A unit's card is made of its own ledger alone.
    with database.transaction() as session:
        assert site_card(session, town["north"], town["customer 3"], town["point 3"]) is None
        half = site_card(session, town["north"], town["customer 1"], town["point 3"]) or {}
    assert (half["phone"], half["address"], half["meter_number"]) == ("13000000001", None, None)


def test_what_is_left_is_a_job_of_its_own_in_the_same_case(session: Session, town: Town) -> None:
    leader = town.actor("leader")
    job = under_way(session, town, customer_id=town["customer 1"], urgency="urgent", number="W7")
    complete_job(session, job, town["agent"])
    assert make_remainder(session, job) is None, "nothing is left while it is under way"
    assert refusal(session, leader, job, "finish_partly", result="止水") == [("remainder", "required")]
    record_writer.act(
        session, leader, "work_order", job, "finish_partly", {"result": "止水", "remainder": "恢复路面"}
    )
    rest = make_remainder(session, job)
    assert rest is not None
    assert make_remainder(session, job) is None, "once"
    old, new = read(session, job), rest.values
    assert (new["state"], new["description"], new["remainder_of_id"]) == ("received", "恢复路面", job)
    for name in ("matter_id", "urgency", "place", "customer_id", "cell_id", "case_id", "site_card"):
        assert new[name] == old[name], name
    assert new["first_contact_owner_id"] == town["agent"]
    assert new["number"] != "W7"
    assert parse_moment(new["due_at"]) > datetime.now(UTC)
    # What is another job's is not taken along.
    assert not any(new.get(name) for name in ("crew_id", "photo_ids", "result", "done_at", "opened_at"))


def test_a_job_is_not_done_before_what_it_needs_is_there(session: Session, town: Town) -> None:
    leader = town.actor("leader")
    job = under_way(session, town, required_photos=2, signature_required=True, number="W8")
    bare = refusal(session, leader, job, "finish", result="好")
    assert sorted(bare) == [("photo_ids", "too_few"), ("signature_id", "required")]
    record_writer.change(session, leader, "work_order", job, {"unsigned_reason": "客户不在"})
    assert ("unsigned_kind", "required") in refusal(session, leader, job, "finish", result="好")
    photos = {"of_kind": "work_order", "of_id": job, "crew_id": town["crew"], "purpose": "after"}
    ids = [
        record_writer.create(
            session,
            leader,
            "photo",
            photos | {"sha256": f"{n:064d}", "size_bytes": 9, "media_type": "image/jpeg"},
        ).id
        for n in range(2)
    ]
    said = {"result": "好", "unsigned_kind": "absent", "photo_ids": ids[:1]}
    assert refusal(session, leader, job, "finish", **said) == [("photo_ids", "too_few")]
    done = record_writer.act(session, leader, "work_order", job, "finish", said | {"photo_ids": ids})
    assert (done.values["state"], done.values["done_by_id"]) == ("done", town["leader"])


def test_an_appointment_ends_after_it_begins_and_is_moved_with_a_reason(as_: As, town: Town) -> None:
    turned = {"appointment_from": "2030-09-02T10:00:00+08:00", "appointment_until": "2030-09-02T01:00:00Z"}
    body = {"matter_id": town["leak"], "place": middle(0)}
    answer = as_("agent")("POST", "/work-orders", body | turned)
    assert [(one["field"], one["code"]) for one in answer.get_json()["faults"]] == [
        ("appointment_until", "before_start")
    ]
    # The same hours as another time zone writes them stand the right way round.
    made = taken(as_, town, **(turned | {"appointment_until": "2030-09-02T03:00:00Z"}))
    assert parse_moment(made["appointment_until"]) - parse_moment(made["appointment_from"]) == timedelta(
        hours=1
    )
    later = {"appointment_until": "2030-09-02T05:00:00Z"}
    moved = as_("agent")("PATCH", f"/work-orders/{made['id']}", later, version=made["version"])
    assert (moved.status_code, moved.get_json()["code"]) == (409, "due_day_kept")


@pytest.mark.parametrize(
    ("done_at", "due_on"),
    [("2030-01-01T15:59:00Z", "2030-01-04"), ("2030-01-01T16:00:00Z", "2030-01-05"), (None, None)],
)
def test_a_return_visit_is_due_by_the_citys_days(
    session: Session, town: Town, done_at: str | None, due_on: str | None
) -> None:
    """Finished a minute before midnight is finished on that day, wherever the server stands."""
    values = {"matter_id": town["leak"], "customer_id": town["customer 1"], "number": "W9"}
    state = {"state": "done", "done_at": done_at} if done_at else {"state": "received"}
    job = record_writer.create(session, system(town["north"]), "work_order", values | state).id
    visit = ask_back(session, job, 3)
    assert (visit is None) is (due_on is None)
    if visit:
        assert record_writer.read(session, "visit", visit).values["due_on"] == due_on


def test_a_return_visit_goes_along_when_the_job_is_anothers(session: Session, town: Town) -> None:
    north = system(town["north"])
    values = {"matter_id": town["leak"], "customer_id": town["customer 1"], "number": "W9", "state": "done"}
    job = record_writer.create(session, north, "work_order", values).id
    visit = ask_back(session, job, 3)
    assert visit
    now = {"customer_id": town["customer 2"], "cell_id": town["cell 2"]}
    record_writer.change(session, north, "work_order", job, now)
    assert ask_back(session, job, 3) == visit
    task = record_writer.read(session, "visit", visit).values
    assert (task["customer_id"], task["representative_id"]) == (town["customer 2"], town["other_rep"])
    # One that has begun is the customer's it was begun with.
    said = {"summary": "满意", "is_satisfied": True}
    record_writer.act(session, town.actor("other_rep"), "visit", visit, "complete", said)
    record_writer.change(session, north, "work_order", job, {"customer_id": town["customer 1"]})
    assert ask_back(session, job, 3) == visit
    assert record_writer.read(session, "visit", visit).values["customer_id"] == town["customer 2"]
