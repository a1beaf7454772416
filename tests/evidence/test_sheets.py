"""Signatures as evidence: what a phone signed holds.

One character, one other phone, one borrowed stroke does not.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from sqlalchemy import text

from backend.cli import main
from backend.core.actor import system
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.services import record_writer
from backend.core.services.record_writer import new_id
from backend.evidence.services import sealing, sheets
from backend.queue import serving
from tests.conftest import Person
from tests.factories import middle, uid
from tests.signing import Crew, job_under_way, public_text, signed_text


def test_a_signature_on_what_was_shown_is_valid(crew: Crew) -> None:
    signature = crew.sign()
    crew.finish(signature)
    stored = crew.stored("signature", signature)
    assert (stored["sheet_check"], stored["device_check"]) == ("kept", "valid")
    assert crew.stored("work_order", crew.job)["signature_state"] == "valid"


def test_one_character_changed_afterwards_needs_a_new_signature(
    crew: Crew, as_: Callable[[str], Person]
) -> None:
    crew.finish(crew.sign())
    crew.phone.change("work_order", crew.job, {"result": "修好了。"})
    crew.hand_in()
    job = crew.stored("work_order", crew.job)
    assert job["signature_state"] == "changed"
    visit = {"return_visit": {"is_satisfied": True}}
    refused = as_("dispatcher")("POST", f"/work-orders/{crew.job}/actions/close", visit)
    assert refused.get_json()["faults"][0]["code"] == "sheet_changed"
    crew.phone.change("work_order", crew.job, {"result": "修好了"})
    crew.hand_in()
    assert crew.stored("work_order", crew.job)["signature_state"] == "valid"
    assert as_("dispatcher")("POST", f"/work-orders/{crew.job}/actions/close", visit).status_code == 200


def test_a_closed_job_edited_afterwards_is_marked_and_no_fact_dies(
    crew: Crew, as_: Callable[[str], Person]
) -> None:
    crew.finish(crew.sign())
    closed = as_("dispatcher")(
        "POST", f"/work-orders/{crew.job}/actions/close", {"return_visit": {"is_satisfied": True}}
    )
    assert closed.status_code == 200, closed.text
    serving.serve(crew.database)
    crew.phone.sync()
    crew.phone.change("work_order", crew.job, {"result": "修好了。"})
    crew.hand_in()
    assert crew.stored("work_order", crew.job)["signature_state"] == "changed"
    with crew.database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM outbox WHERE done_at IS NULL")).scalar_one() == 0


@pytest.mark.parametrize(
    ("false", "sheet_check", "device_check"),
    [
        ({"sheet": {"result": "什么都没修", "photos": []}}, "broken", "valid"),
        ({"signer_name": "别人"}, "kept", "invalid"),
        ({"strokes": {"lines": [[[9, 9, 9]]]}}, "kept", "invalid"),
        ({"place": middle(2)}, "kept", "invalid"),
        ({"device_signature": "AAAA"}, "kept", "invalid"),
        ({"device_signature": "no base64!"}, "kept", "invalid"),
    ],
)
def test_a_record_that_differs_from_what_was_signed_is_doubtful(
    crew: Crew, false: dict[str, Any], sheet_check: str, device_check: str
) -> None:
    signature = crew.sign(**false)
    crew.finish(signature)
    stored = crew.stored("signature", signature)
    assert (stored["sheet_check"], stored["device_check"]) == (sheet_check, device_check)
    assert crew.stored("work_order", crew.job)["signature_state"] == "doubtful"


def test_a_signature_of_a_phone_without_a_key_says_so(crew: Crew) -> None:
    signature = crew.sign(device_signature=None)
    crew.finish(signature)
    assert crew.stored("signature", signature)["device_check"] == "none"
    assert crew.stored("work_order", crew.job)["signature_state"] == "valid"


def test_strokes_borrowed_from_another_signature_are_found(crew: Crew) -> None:
    crew.finish(crew.sign())
    other = job_under_way(crew.database, crew.town, "other job")
    crew.phone.sync()
    copied = crew.sign(job=other)
    crew.finish(copied, other)
    assert crew.stored("signature", copied)["sheet_check"] == "replayed"
    assert crew.stored("work_order", other)["signature_state"] == "doubtful"
    assert crew.stored("work_order", crew.job)["signature_state"] == "valid"


def test_a_signature_for_another_job_does_not_count(crew: Crew) -> None:
    other = job_under_way(crew.database, crew.town, "other job")
    crew.phone.sync()
    crew.finish(crew.sign(), other)
    assert crew.stored("work_order", other)["signature_state"] == "other"


def ask(app: Flask, signature: str, **given: Any) -> dict[str, Any]:
    answer = app.test_client().post(
        "/api/v1/public/sheets/verification", json={"signature_id": signature} | given
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_anybody_can_ask_whether_a_sheet_is_genuine(crew: Crew, app: Flask) -> None:
    signature = crew.sign()
    crew.finish(signature)
    stored = crew.stored("signature", signature)
    genuine = ask(app, signature, sheet=stored["sheet"])
    assert genuine == {
        "verdict": "genuine",
        "signed_at": stored["signed_at"],
        "differs": [],
        "device_check": "valid",
        "way": "door",
        "covers": [
            "of_kind",
            "of_id",
            "sheet_sha256",
            "signer_name",
            "relation",
            "signed_at",
            "place",
            "strokes",
        ],
    }
    assert ask(app, signature, sha256=stored["sheet_sha256"]) == genuine
    assert ask(app, signature, sheet=stored["sheet"] | {"result": "修好了。"})["verdict"] == "changed"
    unknown = ask(app, new_id(), sha256=stored["sheet_sha256"])
    assert (unknown["verdict"], unknown["signed_at"], unknown["way"]) == ("unknown", None, None)
    crew.phone.change("work_order", crew.job, {"parts": [{"name": "阀门", "quantity": 1}]})
    crew.hand_in()
    assert ask(app, signature, sha256=stored["sheet_sha256"])["verdict"] == "changed"
    neither = app.test_client().post("/api/v1/public/sheets/verification", json={"signature_id": signature})
    assert neither.get_json()["faults"][0]["code"] == "required"


def test_the_command_line_says_the_same(crew: Crew, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = crew.sign()
    crew.finish(signature)
    sheet = crew.stored("signature", signature)["sheet"]
    for given, code, word in ((sheet, 0, "genuine"), (sheet | {"result": "修好了。"}, 1, "changed")):
        file = tmp_path / "sheet.json"
        file.write_text(json.dumps(given))
        monkeypatch.setattr(
            "backend.commands.evidence._verdict", lambda *asked: verdict_of(crew.database, *asked)
        )
        done = CliRunner().invoke(main, ["verify-sheet", signature, str(file)])
        assert (done.exit_code, word in done.output) == (code, True), done.output


def verdict_of(database: Database, signature: str, sha256: str) -> dict[str, Any]:
    with database.transaction() as session:
        return sheets.verdict(session, signature, sha256)


def test_a_devices_first_key_stays(crew: Crew, as_: Callable[[str], Person], app: Flask) -> None:
    body = {
        "login": "T007",
        "password": "riverside-morning-42",
        "device": {"id": crew.phone.store.meta("device"), "name": "x", "public_key": "another"},
    }
    assert app.test_client().post("/api/v1/sessions", json=body).status_code == 201
    signature = crew.sign()
    crew.finish(signature)
    assert crew.stored("signature", signature)["device_check"] == "valid"


def test_no_key_and_no_signature_is_believed_by_its_look() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    good = signed_text(key, b"message")
    assert sheets.is_signed_by(public_text(key), b"message", good)
    other_curve = base64.b64encode(
        ec.generate_private_key(ec.SECP384R1()).public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    ).decode()  # fmt: skip
    for public in ("", "AAAA", other_curve):
        assert not sheets.is_signed_by(public, b"message", good)
    assert not sheets.is_signed_by(public_text(key), b"messagE", good)


def test_a_signature_of_a_job_that_is_gone_is_looked_at_alone(crew: Crew) -> None:
    values = {
        "of_kind": "work_order",
        "of_id": uid("nobody knows"),
        "signer_name": "李",
        "relation": "self",
        "strokes": [],
        "sheet_sha256": "0" * 64,
        "signed_at": "2026-09-01T02:03:04Z",
    }
    with crew.database.transaction() as session:
        signature = record_writer.create(session, system(crew.town["north"]), "signature", values).id
        sheets.judge_signature(session, signature)
        with pytest.raises(Problem):
            sheets.judge_job(session, uid("nobody knows"))


def test_a_signature_that_was_taken_away_stops_nothing_else(crew: Crew) -> None:
    """A fact's consequences hold together: one that fails would undo the others."""
    signature = crew.sign()
    crew.finish(signature)
    with crew.database.transaction() as session:
        session.execute(
            text(
                "UPDATE sync_document SET deleted = true WHERE kind = 'signature' AND id = CAST(:id AS uuid)"
            ),
            {"id": signature},
        )
    crew.phone.change("work_order", crew.job, {"diagnosis": "接头老化"})
    crew.hand_in()
    assert crew.stored("work_order", crew.job)["signature_state"] == "doubtful"


def test_a_signers_values_can_be_erased(crew: Crew) -> None:
    signature = crew.sign()
    crew.finish(signature)
    with crew.database.transaction() as session:
        sealing.erase_values(session, "signature", signature)
    stored = crew.stored("signature", signature)
    assert (stored["sheet"], stored["signer_name"]) == (None, "已清除")


def tampered(database: Database, *statements: str, **given: Any) -> None:
    """Somebody with the database's own password, past every rule of the server."""
    with database.transaction() as session:
        session.execute(text("SET session_replication_role = replica"))
        for one in statements:
            session.execute(text(one), given)


_IN_DOCUMENT = (
    """
    UPDATE sync_document
    SET body = replace(body, '王小一', '王小二')
    WHERE kind = 'signature'
      AND id = CAST(:id AS uuid)
    """,
    """
    UPDATE sync_document
    SET body_sha256 = sha256(convert_to(body, 'UTF8'))
    WHERE kind = 'signature'
      AND id = CAST(:id AS uuid)
    """,
)
_IN_TABLE = "UPDATE signature SET signer_name = '王小二' WHERE id = CAST(:id AS uuid)"
_IN_HISTORY = """
    UPDATE sync_history
    SET changed = jsonb_set(changed, '{signer_name,1}', '"王小二"')
    WHERE kind = 'signature'
      AND op = 'create'
"""


@pytest.mark.parametrize(
    ("has_key", "statements", "differs"),
    [
        (True, [_IN_TABLE], ["signature.signer_name"]),
        (True, _IN_DOCUMENT, ["signature.signer_name"]),
        (True, [*_IN_DOCUMENT, _IN_TABLE, _IN_HISTORY], ["signature.history"]),
        (False, [_IN_TABLE], ["signature.signer_name"]),
        (False, _IN_DOCUMENT, ["signature.signer_name"]),
        (False, [*_IN_DOCUMENT, _IN_TABLE, _IN_HISTORY], ["signature.history"]),
    ],
)
def test_a_signers_name_changed_in_the_database_is_named(
    crew: Crew, app: Flask, tmp_path: Path, has_key: bool, statements: list[str], differs: list[str]
) -> None:
    signature = crew.sign(**({} if has_key else {"device_signature": None}))
    crew.finish(signature)
    sealing.seal_history(crew.database, "a secret", tmp_path)
    sheet = crew.stored("signature", signature)["sheet_sha256"]
    told = ask(app, signature, sha256=sheet)
    assert (told["verdict"], told["device_check"]) == ("genuine", "valid" if has_key else "none")
    tampered(crew.database, *statements, id=signature)
    told = ask(app, signature, sha256=sheet)
    assert (told["verdict"], told["differs"]) == ("changed", differs)


def test_the_phones_own_signature_is_asked_anew(crew: Crew, app: Flask) -> None:
    """Name, document, table and history changed before any seal: only the phone's key knows better."""
    signature = crew.sign()
    crew.finish(signature)
    sheet = crew.stored("signature", signature)["sheet_sha256"]
    tampered(crew.database, *_IN_DOCUMENT, _IN_TABLE, _IN_HISTORY, id=signature)
    told = ask(app, signature, sha256=sheet)
    assert (told["verdict"], told["device_check"], told["covers"]) == ("changed", "invalid", [])
    assert told["differs"] == ["signature.device_signature"]


def test_a_signer_erased_by_law_leaves_a_sheet_that_stands(crew: Crew, app: Flask, tmp_path: Path) -> None:
    signature = crew.sign()
    crew.finish(signature)
    sheet = crew.stored("signature", signature)["sheet_sha256"]
    with crew.database.transaction() as session:
        sealing.erase_values(session, "signature", signature)
    sealing.seal_history(crew.database, "a secret", tmp_path)
    with crew.database.transaction() as session:
        sealing.erase_from_history(session, "signature", signature)
    serving.serve(crew.database)
    told = ask(app, signature, sha256=sheet)
    assert (told["verdict"], told["device_check"], told["differs"]) == ("genuine", "erased", [])
    assert crew.stored("work_order", crew.job)["signature_state"] == "valid"


def test_a_sheet_shows_the_jobs_own_photos_alone(crew: Crew) -> None:
    """A picture of another job on the sheet.

    The sheet is not this job's, and the job tells which picture it is.
    """
    other = job_under_way(crew.database, crew.town, "other job")
    crew.phone.sync()
    foreign = crew.phone.take_photo(
        "work_order", other, "site", b"another job", {"crew_id": crew.town["crew"]}
    )
    crew.hand_in()
    # Straight into the record, as work of before has it: today's ways in refuse it.
    with crew.database.transaction() as session:
        record_writer.change(
            session, system(crew.town["north"]), "work_order", crew.job, {"photo_ids": [foreign]}
        )
    crew.phone.sync()
    crew.finish(crew.sign())
    job = crew.stored("work_order", crew.job)
    assert job["signature_state"] == "changed"
    assert [one["code"] for one in job["photo_reasons"]] == ["foreign_photo"]
    with crew.database.transaction() as session:
        assert sheets.photo_hashes(session, crew.job, [foreign]) == []
        assert len(sheets.photo_hashes(session, other, [foreign])) == 1


def test_one_picture_for_two_jobs_is_told_on_the_later(crew: Crew) -> None:
    other = job_under_way(crew.database, crew.town, "other job")
    crew.phone.sync()
    for job in (crew.job, other):
        photo = crew.phone.take_photo("work_order", job, "site", b"the same", {"crew_id": crew.town["crew"]})
        crew.phone.change("work_order", job, {"photo_ids": [photo]})
        crew.hand_in()
    assert crew.stored("work_order", crew.job)["photo_reasons"] is None
    (told,) = crew.stored("work_order", other)["photo_reasons"]
    assert (told["code"], told["of"], "WX-job" in told["zh"]) == ("same_photo", crew.job, True)
