"""A contractor's crew without accounts does one job by a link.

Nothing else is open to it, and its work carries its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.contractors.services import contracting
from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.queue import serving
from tests.conftest import Person
from tests.factories import Town, contractors_crew, middle, uid
from tests.signing import STROKES

As = Callable[[str], Person]
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


@pytest.fixture
def job(database: Database, town: Town) -> str:
    """A job given to a contractor's crew, whose only person has no account."""
    north = system(town["north"])
    with database.transaction() as session:
        contractors_crew(session)
        values = {
            "matter_id": town["leak"],
            "cell_id": town["cell 0"],
            "place": middle(0),
            "address": "香港中路1号",
            "number": "W1",
            "state": "received",
            "signature_required": True,
            "required_photos": 1,
        }
        record_writer.create(session, north, "work_order", values, record_id=uid("errand"))
        record_writer.create(
            session, north, "work_order", values | {"number": "W2"}, record_id=uid("other job")
        )
    return uid("errand")


def given(as_: As, job: str, crew: str = "outside") -> None:
    assert as_("dispatcher")("PUT", f"/dispatch/{job}/assignment", {"crew_id": uid(crew)}).status_code == 200


def link_of(as_: As, job: str, **more: Any) -> str:
    answer = as_("dispatcher")("POST", "/contractors/links", {"work_order_id": job, **more})
    assert answer.status_code == 201, answer.text
    url = str(answer.get_json()["url"])
    assert url.startswith("/contractor#")
    return url.removeprefix("/contractor#")


class Contractor:
    """Whoever holds the link."""

    def __init__(self, app: Flask, token: str) -> None:
        self._client, self._headers = app.test_client(), {"Authorization": f"Bearer {token}"}

    def look(self) -> Any:
        return self._client.post("/api/v1/contractors/job", headers=self._headers)

    def step(self, action: str | None, **now: Any) -> Any:
        body = {"now": now} | ({"action": action} if action else {})
        return self._client.post("/api/v1/contractors/job/steps", json=body, headers=self._headers)

    def photo(self, data: bytes = JPEG, kind: str = "image/jpeg", purpose: str = "after") -> Any:
        path = f"/api/v1/contractors/job/photos?purpose={purpose}"
        return self._client.post(path, data=data, content_type=kind, headers=self._headers)

    def get(self, path: str) -> Any:
        return self._client.get(f"/api/v1{path}", headers=self._headers)


@pytest.fixture
def contractor(app: Flask, as_: As, job: str) -> Contractor:
    given(as_, job)
    return Contractor(app, link_of(as_, job))


def stored(database: Database, kind: str, record: str) -> dict[str, Any]:
    with database.transaction() as session:
        return record_writer.read(session, kind, record).values


def test_a_job_is_done_by_the_link_and_carries_the_contractors_name(
    contractor: Contractor, app: Flask, as_: As, job: str, database: Database
) -> None:
    seen = contractor.look().get_json()
    assert (seen["job"]["number"], seen["person"], seen["matter_zh"]) == (
        "W1",
        "外协老赵",
        stored(database, "matter", uid("leak"))["name_zh"],
    )
    assert "accept" in [one["name"] for one in seen["steps"]]
    for action in ("accept", "leave", "arrive"):
        assert contractor.step(action).status_code == 200
    assert contractor.step("start", diagnosis="接头松动", told_minutes=30, told_cost_fen=0).status_code == 200
    assert contractor.photo().get_json()["photos"] == 1
    done = contractor.step("finish", result="换了接头", parts=[{"name": "接头", "quantity": 1}])
    assert done.status_code == 200, done.text
    record = stored(database, "work_order", job)
    assert (record["state"], record["result"], record["done_by_id"]) == ("done", "换了接头", uid("zhao"))
    assert record["opened_at"]
    # The crew does not confirm in the customer's name: without a gateway the office hands the link on.
    assert "confirm_token" not in done.get_json()
    assert (done.get_json()["confirmation"], links(database)) == ("by_office", [])
    url = as_("dispatcher")("POST", "/evidence/confirmations", {"work_order_id": job}).get_json()["url"]
    customer = {"token": url.removeprefix("/confirm#")}
    shown = app.test_client().post("/api/v1/public/confirmations/sheet", json=customer).get_json()
    assert (shown["sheet"]["result"], len(shown["sheet"]["photos"])) == ("换了接头", 1)
    said = customer | {
        "sheet_sha256": shown["sheet_sha256"],
        "agrees": True,
        "signer_name": "李桂芳",
        "strokes": STROKES,
    }
    assert app.test_client().post("/api/v1/public/confirmations", json=said).get_json() == {
        "outcome": "signed"
    }
    serving.serve(database)
    assert stored(database, "work_order", job)["signature_state"] == "valid"
    assert contractor.look().get_json()["code"] == "link_ended"


def links(database: Database) -> list[tuple[str, str]]:
    with database.transaction() as session:
        return [
            (row[0], row[1]) for row in session.execute(text("SELECT way, made_by::text FROM confirmation"))
        ]


def test_with_a_gateway_the_customer_gets_the_link_and_the_crew_does_not(
    contractor: Contractor, app: Flask, job: str, database: Database, town: Town
) -> None:
    house = app.extensions["wangge"]
    settings = replace(house.settings, notify_channel="webhook", public_url="https://water.example")
    app.extensions["wangge"] = replace(house, settings=settings)
    with database.transaction() as session:
        record_writer.change(
            session, system(town["north"]), "work_order", job, {"customer_id": town["customer 0"]}
        )
    for action in ("accept", "arrive"):
        contractor.step(action)
    contractor.step("start", told_minutes=10, told_cost_fen=0)
    contractor.photo()
    done = contractor.step("finish", result="好了").get_json()
    assert done["confirmation"] == "sent"
    assert links(database) == [("link_to_ledger", uid("zhao"))]
    assert "confirm#" not in str(done)


def test_who_made_a_contractors_link_is_on_the_audit_trail(
    contractor: Contractor, database: Database, job: str
) -> None:
    with database.transaction() as session:
        act = session.execute(
            text(
                """
                SELECT by_staff_id::text, subject_kind, after
                FROM administrative_act
                WHERE act = 'link_made'
                """
            )
        ).one()
    assert (act[0], act[1], act[2]["work_order_id"]) == (uid("dispatcher"), "contractor_link", job)


def test_history_names_the_person_and_the_link(contractor: Contractor, job: str, database: Database) -> None:
    contractor.step("accept")
    with database.transaction() as session:
        row = session.execute(
            text(
                """
                SELECT actor_id::text, device_id::text
                FROM sync_history
                WHERE id = CAST(:id AS uuid)
                ORDER BY version DESC
                LIMIT 1
                """
            ),
            {"id": job},
        ).one()
        link = session.execute(text("SELECT id::text, made_by::text FROM contractor_link")).one()
    assert (row[0], row[1]) == (uid("zhao"), link[0])
    assert link[1] == uid("dispatcher")


def test_the_link_opens_nothing_else(contractor: Contractor, job: str) -> None:
    for path in (
        f"/work-orders/{job}",
        "/dispatch/board",
        "/customers",
        "/territory/coverage",
        "/sync/config",
    ):
        assert contractor.get(path).status_code in (401, 404), path
    assert contractor.get(f"/work-orders/{job}").get_json()["code"] == "not_signed_in"
    assert contractor.step("close", result="x").get_json()["code"] in (
        "not_allowed",
        "action_does_not_fit",
        "invalid",
    )
    assert contractor.step("dispatch").status_code in (403, 409, 422)


@pytest.mark.parametrize(
    "field", ["crew_id", "state", "required_photos", "photo_ids", "due_at", "signature_id"]
)
def test_only_what_a_crew_says_can_be_said(contractor: Contractor, field: str) -> None:
    answer = contractor.step("accept", **{field: None})
    assert (answer.status_code, answer.get_json()["faults"][0]["field"]) == (422, field)
    assert contractor.step(None, **{field: 1}).status_code == 422
    assert contractor.look().get_json()["job"]["state"] == "dispatched"


def test_a_note_between_two_steps_is_kept(contractor: Contractor) -> None:
    contractor.step("accept")
    assert contractor.step(None, diagnosis="表前阀渗水").get_json()["job"]["diagnosis"] == "表前阀渗水"
    assert contractor.look().get_json()["job"]["state"] == "accepted"


def test_a_step_that_lacks_something_says_what(contractor: Contractor) -> None:
    assert contractor.step("finish", result="好了").get_json()["code"] == "action_does_not_fit"
    for action in ("accept", "arrive"):
        contractor.step(action)
    started = contractor.step("start", told_minutes=10, told_cost_fen=0)
    assert started.status_code == 200, started.text
    lacking = contractor.step("finish", result="好了")
    assert lacking.status_code == 422
    assert "photo_ids" in [one["field"] for one in lacking.get_json()["faults"]]


def test_a_customer_who_was_away_is_said_as_such(
    contractor: Contractor, job: str, database: Database
) -> None:
    for action in ("accept", "arrive"):
        contractor.step(action)
    contractor.step("start", told_minutes=10, told_cost_fen=0)
    contractor.photo(purpose="absent")
    done = contractor.step("finish", result="好了", unsigned_kind="absent", unsigned_reason="敲门无人应")
    assert done.status_code == 200, done.text
    record = stored(database, "work_order", job)
    assert (record["unsigned_kind"], record["unsigned_reason"]) == ("absent", "敲门无人应")


def test_a_photo_sent_twice_is_kept_once_and_arrives_whole(
    contractor: Contractor, app: Flask, job: str, database: Database
) -> None:
    first, second = contractor.photo().get_json(), contractor.photo().get_json()
    assert first == second
    other = contractor.photo(JPEG + b"more", purpose="before").get_json()
    assert other["photos"] == 2
    serving.serve(database)
    photo = stored(database, "photo", first["photo_id"])
    assert (photo["sha256"], photo["staff_id"]) == (hashlib.sha256(JPEG).hexdigest(), uid("zhao"))
    assert photo["arrived_at"]
    assert stored(database, "work_order", job)["photo_ids"] == [first["photo_id"], other["photo_id"]]


def test_a_link_is_no_store_for_strangers(contractor: Contractor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contracting, "MOST_PHOTOS", 2)
    assert [contractor.photo(JPEG + bytes([n])).status_code for n in range(3)] == [201, 201, 413]
    assert contractor.photo(JPEG + bytes([1])).status_code == 201, "what is there may come again"


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [(b"", "image/jpeg", 422), (b"hello", "text/plain", 422), (b"0" * (21 * 1024 * 1024), "image/jpeg", 413)],
)
def test_what_is_no_photo_is_refused(contractor: Contractor, data: bytes, kind: str, code: int) -> None:
    assert contractor.photo(data, kind).status_code == code
    assert contractor.look().get_json()["photos"] == 0


def test_a_link_ends_by_time_by_a_newer_one_and_when_another_crew_has_the_job(
    contractor: Contractor, app: Flask, as_: As, job: str, database: Database
) -> None:
    newer = Contractor(app, link_of(as_, job, hours=1))
    assert contractor.look().get_json()["code"] == "link_ended"
    assert newer.look().status_code == 200
    given(as_, job, "crew")
    assert newer.look().get_json()["code"] == "link_ended"
    assert newer.step("accept").get_json()["code"] == "link_ended"
    assert newer.photo().get_json()["code"] == "link_ended"
    given(as_, job)
    assert newer.look().status_code == 200
    with database.transaction() as session:
        session.execute(
            text("UPDATE contractor_link SET until = :past"),
            {"past": datetime.now(UTC) - timedelta(seconds=1)},
        )
    assert newer.look().get_json()["code"] == "link_ended"
    assert Contractor(app, "guessed").look().get_json()["code"] == "link_ended"


def test_links_are_given_by_the_desk_to_crews_without_accounts(as_: As, job: str) -> None:
    early = as_("dispatcher")("POST", "/contractors/links", {"work_order_id": job})
    assert (early.status_code, early.get_json()["code"]) == (409, "action_does_not_fit")
    given(as_, job)
    assert as_("leader")("POST", "/contractors/links", {"work_order_id": job}).status_code in (403, 404)
    assert as_("auditor")("POST", "/contractors/links", {"work_order_id": job}).status_code == 403
    given(as_, uid("other job"), "crew")
    refused = as_("dispatcher")("POST", "/contractors/links", {"work_order_id": uid("other job")})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "has_account")


def test_another_branch_cannot_make_a_link(as_: As, job: str, database: Database, town: Town) -> None:
    given(as_, job)
    with database.transaction() as session:
        assert stored(database, "work_order", job)["unit_id"] == town["north"]
        assert session.execute(text("SELECT count(*) FROM contractor_link")).scalar_one() == 0
    assert as_("stranger")("POST", "/contractors/links", {"work_order_id": job}).status_code == 404


def test_no_token_is_kept_and_none_is_needed_to_be_refused(
    contractor: Contractor, app: Flask, database: Database
) -> None:
    with database.transaction() as session:
        kept = session.execute(text("SELECT token_sha256 FROM contractor_link")).scalar_one()
    assert kept not in str(contractor._headers)
    assert app.test_client().post("/api/v1/contractors/job").get_json()["code"] == "not_signed_in"


def test_the_board_tells_a_crew_without_accounts(as_: As, job: str) -> None:
    crews = {one["id"]: one["has_account"] for one in as_("dispatcher").get("/dispatch/board")["crews"]}
    assert crews[uid("outside")] is False
    assert crews[uid("crew")] is True


def test_another_cost_is_told_anew_by_a_link_too(
    contractor: Contractor, job: str, database: Database
) -> None:
    for action in ("accept", "arrive"):
        assert contractor.step(action).status_code == 200
    assert contractor.step("start", told_minutes=30, told_cost_fen=5000).status_code == 200
    for action, more in ((None, {}), ("pause", {"pause_reason": "x"}), ("finish", {"result": "好"})):
        assert contractor.step(action, told_cost_fen=99900, **more).get_json()["code"] == "untold_change", (
            action
        )
    telling = {
        "minutes": 30,
        "cost_fen": 99900,
        "told_to": "王女士",
        "way": "phone",
        "at": "2026-09-01T08:00:00Z",
        "is_agreed": True,
    }
    broken = telling | {"way": "telepathy"}
    assert contractor.step(None, told_cost_fen=99900, tellings=[broken]).get_json()["code"] == "invalid"
    assert contractor.step(None, told_cost_fen=99900, tellings=[telling]).status_code == 200
    assert stored(database, "work_order", job)["told_cost_fen"] == 99900
