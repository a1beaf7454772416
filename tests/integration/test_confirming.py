"""A customer who was away confirms by a one-time link, or objects; a deputy signs with a reason and a paper."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.actor import system
from backend.errors import Problem
from backend.services import confirming, door
from backend.tasks import outbox
from tests.conftest import Person
from tests.factories import uid
from tests.signing import STROKES, Crew

As = Callable[[str], Person]


@pytest.fixture
def left(crew: Crew) -> Crew:
    """The crew has finished; nobody was at home."""
    photo = crew.phone.take_photo("work_order", crew.job, "absent", b"a photo", {"crew_id": crew.town["crew"]})
    crew.phone.change("work_order", crew.job, {"photo_ids": [photo]})
    reasons = {"result": "修好了", "unsigned_kind": "absent", "unsigned_reason": "无人在家"}
    crew.phone.act("work_order", crew.job, "finish", reasons)
    crew.hand_in()
    assert crew.stored("work_order", crew.job)["state"] == "done"
    return crew


def link_of(as_: As, job: str, who: str = "dispatcher", **more: Any) -> str:
    answer = as_(who)("POST", "/evidence/confirmations", {"work_order_id": job, **more})
    assert answer.status_code == 201, answer.text
    url = answer.get_json()["url"]
    assert url.startswith("/confirm#")
    return str(url.removeprefix("/confirm#"))


def sheet_of_link(app: Flask, token: str) -> Any:
    return app.test_client().post("/api/v1/public/confirmations/sheet", json={"token": token})


def said(app: Flask, token: str, **more: Any) -> Any:
    return app.test_client().post("/api/v1/public/confirmations", json={"token": token, **more})


def test_a_customer_signs_from_afar_and_the_job_can_close(left: Crew, as_: As, app: Flask) -> None:
    token = link_of(as_, left.job)
    shown = sheet_of_link(app, token).get_json()
    assert shown["sheet"]["result"] == "修好了" and len(shown["sheet"]["photos"]) == 1
    answer = said(app, token, sheet_sha256=shown["sheet_sha256"], agrees=True, signer_name="李桂芳", strokes=STROKES)
    assert (answer.status_code, answer.get_json()) == (200, {"outcome": "signed"})
    outbox.serve(left.database)
    job = left.stored("work_order", left.job)
    signature = left.stored("signature", job["signature_id"])
    assert (signature["way"], signature["signer_name"], signature["sheet_check"]) == ("link", "李桂芳", "kept")
    assert (signature["device_check"], job["signature_state"]) == ("none", "valid")
    left.phone.sync()
    assert left.phone.records("signature")[job["signature_id"]]["way"] == "link"


def test_a_link_works_once_and_says_so(left: Crew, as_: As, app: Flask) -> None:
    token = link_of(as_, left.job)
    sheet = sheet_of_link(app, token).get_json()["sheet_sha256"]
    given = {"sheet_sha256": sheet, "agrees": True, "signer_name": "李桂芳", "strokes": STROKES}
    assert said(app, token, **given).status_code == 200
    for again in (said(app, token, **given), sheet_of_link(app, token)):
        assert (again.status_code, again.get_json()["code"]) == (410, "link_used")
    with left.database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM signature")).scalar_one() == 1
    outbox.serve(left.database)
    refused = as_("dispatcher")("POST", "/evidence/confirmations", {"work_order_id": left.job})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "action_does_not_fit")


def test_an_objection_opens_the_job_again_with_the_customers_words(left: Crew, as_: As, app: Flask) -> None:
    token = link_of(as_, left.job, "leader")
    sheet = sheet_of_link(app, token).get_json()["sheet_sha256"]
    assert said(app, token, sheet_sha256=sheet, agrees=False).status_code == 422
    answer = said(app, token, sheet_sha256=sheet, agrees=False, words="还在滴水")
    assert answer.get_json() == {"outcome": "objected"}
    job = left.stored("work_order", left.job)
    assert (job["state"], job["reopen_reason"]) == ("received", "还在滴水")


def test_only_the_sheet_that_was_shown_is_confirmed(left: Crew, as_: As, app: Flask) -> None:
    token = link_of(as_, left.job)
    sheet = sheet_of_link(app, token).get_json()["sheet_sha256"]
    left.phone.change("work_order", left.job, {"result": "修好了，另换了表"})
    left.hand_in()
    stale = said(app, token, sheet_sha256=sheet, agrees=True, signer_name="李", strokes=STROKES)
    assert (stale.status_code, stale.get_json()["code"]) == (412, "changed_meanwhile")
    # Nothing was used up: the customer looks again.
    fresh = sheet_of_link(app, token).get_json()
    assert fresh["sheet"]["result"] == "修好了，另换了表"
    assert (
        said(app, token, sheet_sha256=fresh["sheet_sha256"], agrees=True, signer_name="李", strokes=STROKES).status_code
        == 200
    )


@pytest.mark.parametrize("given", [{"signer_name": "李"}, {"strokes": STROKES}, {"strokes": [], "signer_name": "李"}, {"signer_name": " ", "strokes": STROKES}])  # fmt: skip
def test_a_yes_needs_a_name_and_strokes(left: Crew, as_: As, app: Flask, given: dict[str, Any]) -> None:
    token = link_of(as_, left.job)
    sheet = sheet_of_link(app, token).get_json()["sheet_sha256"]
    assert said(app, token, sheet_sha256=sheet, agrees=True, **given).status_code == 422
    assert sheet_of_link(app, token).status_code == 200


def test_a_link_ends_by_time_by_a_newer_one_and_with_the_job(left: Crew, as_: As, app: Flask) -> None:
    first = link_of(as_, left.job)
    second = link_of(as_, left.job)
    assert sheet_of_link(app, first).get_json()["code"] == "link_ended"
    with left.database.transaction() as session:
        session.execute(
            text("UPDATE confirmation SET until = :past"), {"past": datetime.now(UTC) - timedelta(seconds=1)}
        )
    assert sheet_of_link(app, second).get_json()["code"] == "link_ended"
    third = link_of(as_, left.job)
    with left.database.transaction() as session:
        door.act(session, system(left.town["north"]), "work_order", left.job, "reopen", {"reopen_reason": "漏检"})
    assert sheet_of_link(app, third).get_json()["code"] == "link_ended"
    assert sheet_of_link(app, "never given out").get_json()["code"] == "link_ended"


def test_who_may_give_out_a_link(left: Crew, as_: As) -> None:
    for who, status in (("stranger", 404), ("auditor", 403)):
        assert as_(who)("POST", "/evidence/confirmations", {"work_order_id": left.job}).status_code == status


def test_no_link_before_the_work_is_done(crew: Crew, as_: As) -> None:
    refused = as_("dispatcher")("POST", "/evidence/confirmations", {"work_order_id": crew.job})
    assert (refused.status_code, refused.get_json()["state"]) == (409, "in_progress")


def test_the_house_keeps_no_token(left: Crew, as_: As) -> None:
    token = link_of(as_, left.job)
    with left.database.transaction() as session:
        kept = session.execute(text("SELECT to_jsonb(c)::text FROM confirmation c")).scalar_one()
    assert token not in kept


def test_two_answers_at_once_are_one(left: Crew, as_: As, app: Flask) -> None:
    """The second waits for the first at the link's row, and then finds it used."""
    token = link_of(as_, left.job)
    sheet = sheet_of_link(app, token).get_json()["sheet_sha256"]
    words = confirming.Said(sheet, agrees=True, signer_name="李", strokes=STROKES)
    with left.database.transaction() as first:
        confirming.answer(first, token, words)
        with left.database.transaction() as second:
            second.execute(text("SET LOCAL lock_timeout = '200ms'"))
            with pytest.raises(Exception, match="lock timeout"):
                confirming.answer(second, token, words)
            second.rollback()
    with left.database.transaction() as third, pytest.raises(Problem) as caught:
        confirming.answer(third, token, words)
    assert caught.value.code == "link_used"


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({}, {"deputy_reason", "photo_id"}),
        ({"deputy_reason": "客户住院，女儿代签"}, {"photo_id"}),
        ({"deputy_reason": "客户住院，女儿代签", "photo_id": uid("paper")}, set()),
    ],
)
def test_a_deputy_signs_with_a_reason_and_a_paper(crew: Crew, as_: As, more: dict[str, Any], missing: set[str]) -> None:
    sheet = {"photos": []}
    body = {"of_kind": "work_order", "of_id": crew.job, "signer_name": "王女", "relation": "deputy", "strokes": STROKES,
            "sheet": sheet, "sheet_sha256": "0" * 64, "signed_at": "2026-09-01T02:03:04Z", "crew_id": crew.town["crew"]}  # fmt: skip
    photo = {"of_kind": "work_order", "of_id": crew.job, "purpose": "paper", "sha256": "a" * 64, "size_bytes": 5,
             "media_type": "image/jpeg", "taken_at": "2026-09-01T02:03:04Z", "crew_id": crew.town["crew"], "id": uid("paper")}  # fmt: skip
    assert as_("leader")("POST", "/photos", photo).status_code == 201
    answer = as_("leader")("POST", "/signatures", body | more)
    if missing:
        assert answer.status_code == 422
        assert {one["field"] for one in answer.get_json()["faults"]} == missing
    else:
        assert answer.status_code == 201
