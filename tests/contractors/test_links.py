"""Contractors' links at their edges: for how long, for which crew, two at once, and what a link shows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.kinds.account import Account
from backend.core.services import record_writer
from sync.change import parse_moment
from tests.conftest import Person
from tests.contractors.test_contracting import JPEG, Contractor, given, link_of
from tests.factories import Town, contractors_crew, middle, uid
from tests.newcomers import join

As = Callable[[str], Person]


@pytest.fixture
def job(as_: As, database: Database, town: Town) -> str:
    """A job given to a contractor's crew."""
    values = {"matter_id": town["leak"], "cell_id": town["cell 0"], "place": middle(0), "number": "W1"}
    with database.transaction() as session:
        contractors_crew(session)
        filled = {"state": "received", "customer_id": town["customer 0"], "reporter": {"phone": "139"}}
        north = system(town["north"])
        record_writer.create(session, north, "work_order", values | filled, record_id=uid("errand"))
    given(as_, uid("errand"))
    return uid("errand")


def asked(as_: As, who: str, job: str, **more: Any) -> Any:
    return as_(who)("POST", "/contractors/links", {"work_order_id": job, **more})


@pytest.mark.parametrize("hours", [0, 721, -1, "ever", None])
def test_a_link_holds_for_a_number_of_hours_up_to_thirty_days(
    as_: As, job: str, database: Database, hours: Any
) -> None:
    answer = asked(as_, "dispatcher", job, hours=hours)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")
    assert [one["field"] for one in answer.get_json()["faults"]] == ["hours"]
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM contractor_link")).scalar_one() == 0


def test_how_long_a_link_holds_is_told_and_shown_to_the_crew(as_: As, app: Flask, job: str) -> None:
    for hours, most in ((None, 72), (1, 1), (720, 720)):
        before = datetime.now(UTC)
        made = asked(as_, "dispatcher", job, **({"hours": hours} if hours else {})).get_json()
        until = parse_moment(made["until"])
        assert timedelta() <= until - (before + timedelta(hours=most)) < timedelta(minutes=1)
    seen = Contractor(app, made["url"].removeprefix("/contractor#")).look().get_json()
    assert parse_moment(seen["until"]) == until


def test_of_links_made_at_once_one_holds(as_: As, app: Flask, job: str, database: Database) -> None:
    desk = [as_(who) for who in ("dispatcher", "supervisor", "agent", "dispatcher")]
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda one: one("POST", "/contractors/links", {"work_order_id": job}), desk))
    assert [one.status_code for one in made] == [201] * 4
    tokens = [one.get_json()["url"].removeprefix("/contractor#") for one in made]
    looks = sorted(Contractor(app, one).look().status_code for one in tokens)
    assert looks[0] == 200
    assert all(one >= 400 for one in looks[1:]), looks
    with database.transaction() as session:
        acts = session.scalars(text("SELECT by_staff_id::text FROM administrative_act WHERE act='link_made'"))
        assert sorted(acts) == sorted(uid(who) for who in ("dispatcher", "supervisor", "agent", "dispatcher"))


def test_a_crew_is_a_contractors_while_none_of_its_people_may_sign_in(
    as_: As, job: str, database: Database, town: Town
) -> None:
    with database.transaction() as session:
        helper = join(session, "helper", "north", Role.CREW_MEMBER, post="works_manager")
        people = {"member_ids": [town["zhao"], helper]}
        record_writer.change(session, system(town["north"]), "crew", town["outside"], people)
    refused = asked(as_, "dispatcher", job)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "has_account")
    # Their account was closed: from now on they work by the link as well.
    with database.transaction() as session:
        session.get_one(Account, UUID(helper)).is_active = False
    assert asked(as_, "dispatcher", job).status_code == 201


def test_a_link_is_given_for_work_that_is_still_the_crews(
    as_: As, app: Flask, job: str, database: Database
) -> None:
    contractor = Contractor(app, link_of(as_, job))
    withdrawn = as_("dispatcher")("POST", f"/work-orders/{job}/actions/withdraw", {})
    assert withdrawn.status_code == 200, withdrawn.text
    for answer in (contractor.look(), contractor.step("accept"), contractor.photo()):
        assert answer.get_json()["code"] == "link_ended"
    early = asked(as_, "dispatcher", job)
    assert (early.status_code, early.get_json()["state"]) == (409, "received")
    assert set(early.get_json()["fits_in"]) >= {"dispatched", "in_progress", "paused"}
    # The crew has it again, and with it what it was given.
    given(as_, job)
    assert contractor.look().status_code == 200
    for action, more in (("accept", {}), ("fail", {"failure_reason": "阀门井被车压住"})):
        assert contractor.step(action, **more).status_code == 200, action
    assert contractor.look().get_json()["code"] == "link_ended"
    assert asked(as_, "dispatcher", job).get_json()["code"] == "action_does_not_fit"
    assert asked(as_, "dispatcher", uid("no job")).status_code == 404


def test_the_first_look_opens_the_job_and_a_link_shows_no_more_than_the_door(
    as_: As, app: Flask, job: str, database: Database
) -> None:
    contractor = Contractor(app, link_of(as_, job))
    assert as_("dispatcher").get(f"/work-orders/{job}")["opened_at"] is None
    seen = contractor.look().get_json()
    opened = as_("dispatcher").get(f"/work-orders/{job}")["opened_at"]
    assert opened
    assert contractor.look().status_code == 200
    assert as_("dispatcher").get(f"/work-orders/{job}")["opened_at"] == opened
    hidden = {"customer_id", "reporter", "crew_id", "unit_id", "case_id", "tellings_of", "cell_id"}
    assert hidden.isdisjoint(seen["job"])
    steps = {one["name"]: one["needs"] for one in seen["steps"]}
    assert "dispatch" not in steps
    assert "accept" in steps
    contractor.step("accept")
    later = {one["name"]: one["needs"] for one in contractor.look().get_json()["steps"]}
    assert later["fail"] == ["failure_reason"]
    assert "accept" not in later


def test_a_photo_says_what_it_shows_and_when(as_: As, app: Flask, job: str, database: Database) -> None:
    token = link_of(as_, job)
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}

    def send(query: str, data: bytes = JPEG) -> Any:
        path = f"/api/v1/contractors/job/photos{query}"
        return client.post(path, data=data, content_type="image/jpeg", headers=headers)

    for query in ("?purpose=holiday", "?taken_at=yesterday"):
        assert send(query).status_code == 422, query
    assert send("", b"").get_json()["code"] == "empty_file"
    plain = Contractor(app, token).photo(b"hello", "text/plain").get_json()
    assert [(one["field"], one["zh"]) for one in plain["faults"]] == [("body", "请附上图片")]
    made = send("?purpose=before&taken_at=2026-09-01T08:00:00%2B08:00").get_json()
    with database.transaction() as session:
        photo = record_writer.read(session, "photo", made["photo_id"]).values
    assert (photo["purpose"], photo["crew_id"], photo["cell_id"]) == ("before", uid("outside"), uid("cell 0"))
    assert parse_moment(photo["taken_at"]) == parse_moment("2026-09-01T00:00:00Z")
    # The same picture is one, whatever is said of it the second time.
    assert send("?purpose=after").get_json() == {"photo_id": made["photo_id"], "photos": 1}
