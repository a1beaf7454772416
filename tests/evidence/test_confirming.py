"""A customer who was away confirms by a one-time link, or objects.

A deputy signs with a reason and a paper.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.actor import system
from backend.core.errors import Problem
from backend.core.services import record_writer
from backend.evidence.services import checking, confirming, picturing
from backend.notices.kinds.message_settings import MessagePurpose
from backend.notices.services import messaging
from backend.notices.services.channels.port import Answer, Letter, Outcome
from backend.notices.services.channels.webhook import Webhook
from backend.queue import serving
from tests.conftest import Person
from tests.factories import uid
from tests.signing import STROKES, Crew

As = Callable[[str], Person]


@pytest.fixture
def left(crew: Crew) -> Crew:
    """The crew has finished; nobody was at home."""
    photo = crew.phone.take_photo(
        "work_order", crew.job, "absent", b"a photo", {"crew_id": crew.town["crew"]}
    )
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
    answer = said(
        app, token, sheet_sha256=shown["sheet_sha256"], agrees=True, signer_name="李桂芳", strokes=STROKES
    )
    assert (answer.status_code, answer.get_json()) == (200, {"outcome": "signed"})
    serving.serve(left.database)
    job = left.stored("work_order", left.job)
    signature = left.stored("signature", job["signature_id"])
    assert (signature["way"], signature["signer_name"], signature["sheet_check"]) == (
        "link_handed",
        "李桂芳",
        "kept",
    )
    assert signature["way_by_id"] == left.town["dispatcher"]
    assert (signature["device_check"], job["signature_state"]) == ("none", "valid")
    left.phone.sync()
    assert left.phone.records("signature")[job["signature_id"]]["way"] == "link_handed"


def test_a_link_works_once_and_says_so(left: Crew, as_: As, app: Flask) -> None:
    token = link_of(as_, left.job)
    sheet = sheet_of_link(app, token).get_json()["sheet_sha256"]
    given = {"sheet_sha256": sheet, "agrees": True, "signer_name": "李桂芳", "strokes": STROKES}
    assert said(app, token, **given).status_code == 200
    for again in (said(app, token, **given), sheet_of_link(app, token)):
        assert (again.status_code, again.get_json()["code"]) == (410, "link_used")
    with left.database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM signature")).scalar_one() == 1
    serving.serve(left.database)
    refused = as_("dispatcher")("POST", "/evidence/confirmations", {"work_order_id": left.job})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "action_does_not_fit")


def test_an_objection_opens_the_job_again_with_the_customers_words(left: Crew, as_: As, app: Flask) -> None:
    token = link_of(as_, left.job, "supervisor")
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
        said(
            app, token, sheet_sha256=fresh["sheet_sha256"], agrees=True, signer_name="李", strokes=STROKES
        ).status_code
        == 200
    )


@pytest.mark.parametrize(
    "given",
    [
        {"signer_name": "李"},
        {"strokes": STROKES},
        {"strokes": [], "signer_name": "李"},
        {"signer_name": " ", "strokes": STROKES},
    ],
)
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
        record_writer.act(
            session, system(left.town["north"]), "work_order", left.job, "reopen", {"reopen_reason": "漏检"}
        )
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


def test_of_links_made_at_once_one_holds(as_: As, app: Flask, left: Crew) -> None:
    desk = [as_(who) for who in ("dispatcher", "supervisor", "dispatcher", "supervisor")]
    with ThreadPoolExecutor(4) as pool:
        asked = {"work_order_id": left.job}
        made = list(pool.map(lambda one: one("POST", "/evidence/confirmations", asked), desk))
    assert [one.status_code for one in made] == [201] * 4
    tokens = [one.get_json()["url"].removeprefix("/confirm#") for one in made]
    assert sorted(sheet_of_link(app, one).status_code for one in tokens) == [200, 410, 410, 410]


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
def test_a_deputy_signs_with_a_reason_and_a_paper(
    crew: Crew, as_: As, more: dict[str, Any], missing: set[str]
) -> None:
    sheet = {"photos": []}
    body = {
        "of_kind": "work_order",
        "of_id": crew.job,
        "signer_name": "王女",
        "relation": "deputy",
        "strokes": STROKES,
        "sheet": sheet,
        "sheet_sha256": "0" * 64,
        "signed_at": "2026-09-01T02:03:04Z",
        "crew_id": crew.town["crew"],
    }
    photo = {
        "of_kind": "work_order",
        "of_id": crew.job,
        "purpose": "paper",
        "sha256": "a" * 64,
        "size_bytes": 5,
        "media_type": "image/jpeg",
        "taken_at": "2026-09-01T02:03:04Z",
        "crew_id": crew.town["crew"],
        "id": uid("paper"),
    }
    assert as_("leader")("POST", "/photos", photo).status_code == 201
    answer = as_("leader")("POST", "/signatures", body | more)
    if missing:
        assert answer.status_code == 422
        assert {one["field"] for one in answer.get_json()["faults"]} == missing
    else:
        assert answer.status_code == 201


@pytest.fixture
def reachable(left: Crew, as_: As) -> Crew:
    """The job is a customer's on the ledger, by the office's hand."""
    with left.database.transaction() as session:
        version = record_writer.read(session, "work_order", left.job).version
    body = {"customer_id": left.town["customer 0"]}
    assert as_("dispatcher")("PATCH", f"/work-orders/{left.job}", body, version=version).status_code == 200
    return left


@pytest.fixture
def gateway(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A house with a gateway and an address; what the gateway was given."""
    sent: list[dict[str, Any]] = []
    house = app.extensions["wangge"]
    settings = replace(
        house.settings,
        notify_channel="webhook",
        notify_url="http://gateway",
        public_url="https://water.example",
    )
    app.extensions["wangge"] = replace(house, settings=settings)

    def taken(_: Webhook, letter: Letter) -> Answer:
        sent.append({"to": letter.to, "zh": letter.zh})
        return Answer(Outcome.SENT)

    monkeypatch.setattr(Webhook, "send", taken)
    # By day or by night.
    with app.extensions["wangge"].database.transaction() as session:
        session.add(
            MessagePurpose(purpose="confirmation_link", channels=[], quiet_from_hour=0, quiet_until_hour=0)
        )
    return sent


def ask(as_: As, job: str, who: str, way: str | None = None) -> Any:
    return as_(who)("POST", "/evidence/confirmations", {"work_order_id": job} | ({"way": way} if way else {}))


def test_who_did_the_job_never_holds_the_customers_link(reachable: Crew, as_: As) -> None:
    """The crew, whoever of it, and whoever took a crew's step; whatever their roles."""
    for who, way, code in (
        ("leader", None, "cannot_send"),
        ("leader", "link_handed", "own_job"),
        ("member", "link_handed", "own_job"),
        ("rep", "link_handed", "not_allowed"),
        ("dispatcher", "link_to_ledger", "cannot_send"),
    ):
        answer = ask(as_, reachable.job, who, way)
        assert answer.get_json()["code"] == code, (who, way)
    with reachable.database.transaction() as session:
        session.execute(
            text(
                "UPDATE account SET roles = roles || ARRAY['dispatcher'] WHERE staff_id = CAST(:id AS uuid)"
            ),
            {"id": reachable.town["leader"]},
        )
    assert ask(as_, reachable.job, "leader").get_json()["code"] == "own_job"
    assert ask(as_, reachable.job, "dispatcher").status_code == 201


def test_the_crews_link_goes_to_the_number_on_the_ledger(
    reachable: Crew, as_: As, app: Flask, gateway: list[dict[str, Any]]
) -> None:
    answer = ask(as_, reachable.job, "leader")
    assert answer.status_code == 201, answer.text
    told = answer.get_json()
    assert (told["url"], told["way"], told["number_end"]) == (None, "link_to_ledger", "0000")
    settings = app.extensions["wangge"].settings
    # Nothing in the house holds the token, before it goes out or after.
    assert messaging.deliver(reachable.database, settings) == 1
    (message,) = gateway
    assert message["to"] == "13000000000"
    address, token = message["zh"].split("：")[1].split("#")
    assert address == "https://water.example/confirm"
    with reachable.database.transaction() as session:
        kept = " ".join(
            session.scalars(
                text("SELECT to_jsonb(c)::text FROM confirmation c UNION ALL SELECT detail::text FROM outbox")
            )
        )
        assert token not in kept
    shown = sheet_of_link(app, token).get_json()["sheet_sha256"]
    assert (
        said(app, token, sheet_sha256=shown, agrees=True, signer_name="王小一", strokes=STROKES).status_code
        == 200
    )
    serving.serve(reachable.database)
    signature_id = reachable.stored("work_order", reachable.job)["signature_id"]
    signature = reachable.stored("signature", signature_id)
    assert (signature["way"], signature["way_by_id"]) == ("link_to_ledger", reachable.town["leader"])
    body = {"signature_id": signature_id, "sha256": shown}
    told = app.test_client().post("/api/v1/public/sheets/verification", json=body).get_json()
    assert (told["verdict"], told["way"], told["device_check"]) == ("genuine", "link_to_ledger", "none")


def test_a_message_that_is_tried_again_carries_the_same_link(
    reachable: Crew, as_: As, app: Flask, gateway: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(as_, reachable.job, "leader")
    taken = Webhook.send

    def refused(channel: Webhook, letter: Letter) -> Answer:
        taken(channel, letter)
        return Answer(Outcome.LATER, "status_503")

    monkeypatch.setattr(Webhook, "send", refused)
    settings = app.extensions["wangge"].settings
    for _ in range(2):
        messaging.deliver(reachable.database, settings)
        with reachable.database.transaction() as session:
            session.execute(text("UPDATE outbox SET due_at = now()"))
    assert len(gateway) == 2 and gateway[0] == gateway[1]


def test_a_number_that_the_crew_wrote_is_none_of_the_ledgers(
    reachable: Crew, as_: As, gateway: list[dict[str, Any]]
) -> None:
    """A crew that writes its own number into the ledger, or the job under a friend's name, reaches nobody."""
    crew = reachable.town.actor("leader")
    with reachable.database.transaction() as session:
        record_writer.change(
            session, crew, "customer", reachable.town["customer 0"], {"phone": "13999999999"}, trusted=True
        )
    assert ask(as_, reachable.job, "leader").get_json()["code"] == "no_ledger_number"
    with reachable.database.transaction() as session:
        record_writer.change(
            session,
            crew,
            "work_order",
            reachable.job,
            {"customer_id": reachable.town["customer 1"]},
            trusted=True,
        )
    assert ask(as_, reachable.job, "leader").get_json()["code"] == "no_ledger_number"
    assert gateway == []


def test_a_number_changed_before_the_message_goes_out_gets_none(
    reachable: Crew, as_: As, app: Flask, gateway: list[dict[str, Any]]
) -> None:
    assert ask(as_, reachable.job, "leader").status_code == 201
    crew = reachable.town.actor("leader")
    with reachable.database.transaction() as session:
        record_writer.change(
            session, crew, "customer", reachable.town["customer 0"], {"phone": "13999999999"}, trusted=True
        )
    assert messaging.deliver(reachable.database, app.extensions["wangge"].settings) == 0
    assert gateway == []


def test_a_link_of_before_is_said_to_be_one(left: Crew, as_: As, app: Flask) -> None:
    token = link_of(as_, left.job)
    with left.database.transaction() as session:
        session.execute(text("UPDATE confirmation SET way = NULL"))
    sheet = sheet_of_link(app, token).get_json()["sheet_sha256"]
    assert (
        said(app, token, sheet_sha256=sheet, agrees=True, signer_name="李", strokes=STROKES).status_code
        == 200
    )
    signature = left.stored("signature", left.stored("work_order", left.job)["signature_id"])
    assert (signature["way"], signature["way_by_id"]) == ("link", left.town["dispatcher"])


def test_who_made_a_link_is_on_the_audit_trail(left: Crew, as_: As) -> None:
    link_of(as_, left.job)
    with left.database.transaction() as session:
        (act,) = session.execute(
            text(
                """
                SELECT by_staff_id::text, subject_kind, after
                FROM administrative_act
                WHERE act = 'link_made'
                """
            )
        ).all()
    assert (act[0], act[1], act[2]["way"], act[2]["work_order_id"]) == (
        left.town["dispatcher"],
        "confirmation",
        "link_handed",
        left.job,
    )


def test_what_links_say_of_themselves_is_as_it_was_sealed(left: Crew, as_: As, app: Flask) -> None:
    """Each way in which these rows change says so in history."""
    first, second = link_of(as_, left.job), link_of(as_, left.job)
    assert sheet_of_link(app, first).status_code == 410
    sheet = sheet_of_link(app, second).get_json()["sheet_sha256"]
    said(app, second, sheet_sha256=sheet, agrees=True, signer_name="李", strokes=STROKES)
    assert (
        as_("supervisor")("PUT", f"/devices/{left.phone.store.meta('device')}/revocation").status_code == 200
    )
    case = left.stored("work_order", left.job)["case_id"]
    with as_("dispatcher")("GET", f"/papers/cases/{case}") as answer:
        assert answer.status_code == 200
    serving.serve(left.database)
    picturing.look_at_waiting(left.database, app.extensions["wangge"].blobs)
    assert list(checking.check_all(left.database, app.extensions["wangge"].blobs, lambda *_: None)) == []
    with left.database.transaction() as session:
        session.execute(text("UPDATE confirmation SET made_by = work_order_id WHERE used_at IS NULL"))
    (found,) = checking.check_all(left.database, None, lambda *_: None)
    assert (found.table, found.fields) == ("confirmation", ("made_by",))
