"""Those who were merged away or voided: what they agreed to, what phones did for them, disputes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.queries.voided import merged_into
from backend.core.services import record_writer
from backend.queue import serving
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.customers.test_merging_more import customer, merge
from tests.factories import Town

As = Callable[[str], Person]
PURPOSE = "confirmation_link"


def says(person: Person, who: str, *, is_given: bool) -> None:
    answer = person("PUT", f"/messages/consents/{who}/{PURPOSE}", {"is_given": is_given})
    assert answer.status_code == 204, answer.text


def consents(database: Database) -> dict[str, bool]:
    asked = "SELECT customer_id::text, is_given FROM message_consent"
    with database.transaction() as session:
        return {row[0]: row[1] for row in session.execute(text(asked))}


@pytest.mark.parametrize(
    ("kept_said", "other_said", "then"),
    [
        (True, False, False),
        (False, True, False),
        (None, False, False),
        (None, True, True),
        (True, None, True),
        (True, True, True),
        (None, None, None),
    ],
)
def test_who_refused_under_either_number_is_not_written_to(
    as_: As, database: Database, kept_said: bool | None, other_said: bool | None, then: bool | None
) -> None:
    kept, goes, desk = customer(database, "kept"), customer(database, "goes"), as_("supervisor")
    for who, said in ((kept, kept_said), (goes, other_said)):
        if said is not None:
            says(desk, who, is_given=said)
    assert merge(desk, kept, goes).status_code == 200
    assert consents(database) == ({} if then is None else {kept: then})


def test_addresses_go_with_the_one_who_goes_where_the_other_has_none(as_: As, database: Database) -> None:
    kept, goes, desk = customer(database, "kept"), customer(database, "goes"), as_("supervisor")
    path = "/messages/addresses/customer"
    own = {"email": "own@example.org", "wecom": None, "dingtalk": None}
    other = {"email": "other@example.org", "wecom": "zhang", "dingtalk": None}
    for who, said in ((kept, own), (goes, other)):
        assert desk("PUT", f"{path}/{who}", said).status_code == 204
    assert merge(desk, kept, goes).status_code == 200
    assert desk.get(f"{path}/{kept}") == own | {"wecom": "zhang"}
    assert desk("GET", f"{path}/{goes}").status_code == 404
    with database.transaction() as session:
        kept_of = session.execute(text("SELECT DISTINCT party_id::text FROM message_address")).scalars().all()
    assert kept_of == [kept]


def test_messages_sent_to_the_one_are_found_under_the_other(as_: As, database: Database, town: Town) -> None:
    kept, goes = customer(database, "kept"), customer(database, "goes")
    sent = """
        INSERT INTO message (id, outbox_id, purpose, channel, unit_id, party_kind, party_id, state)
        VALUES (gen_random_uuid(), 7, 'confirmation_link', 'sms', CAST(:unit AS uuid), 'customer',
            CAST(:who AS uuid), 'sent')
    """
    with database.transaction() as session:
        session.execute(text(sent), {"unit": town["north"], "who": goes})
    assert merge(as_("supervisor"), kept, goes).status_code == 200
    agent = as_("agent")
    assert [one["number"] for one in agent.get(f"/messages?party_id={kept}")["rows"]] == [7]
    assert agent.get(f"/messages?party_id={goes}")["rows"] == []


@pytest.fixture
def pair(database: Database, town: Town) -> tuple[str, str]:
    """Who stays and who goes, both of the representative's cell."""
    kept, goes = (customer(database, name, cell_id=town["cell 0"]) for name in ("kept", "goes"))
    return kept, goes


def visit_to(town: Town, who: str) -> dict[str, Any]:
    """A visit that a representative makes up on the phone."""
    mine = {"customer_id": who, "cell_id": town["cell 0"], "representative_id": town["rep"]}
    return mine | {"method": "door"}


def parked(desk: Person) -> list[dict[str, Any]]:
    """What waits for a person."""
    groups = desk.get("/inbox/parked")
    return [one | {"group_id": group["group_id"]} for group in groups for one in group["mutations"]]


def decide(desk: Person, group: str, decision: str = "apply") -> Any:
    body = {"decision": decision, "reason": "核对过"}
    return desk("POST", f"/inbox/parked/{group}/decision", body)


def dispute(desk: Person, kind: str, record_id: str, *, deleted: bool) -> Any:
    path = f"/inbox/questions/{kind}/{record_id}/deleted/answer"
    return desk("POST", path, {"values": {"deleted": deleted}})


def test_work_that_a_phone_did_for_the_one_who_went_is_done_for_the_one_who_stays(
    as_: As, phone_of: Callable[..., Phone], pair: tuple[str, str], town: Town
) -> None:
    (kept, goes), phone = pair, phone_of("rep")
    phone.sync()
    visit = phone.create("visit", visit_to(town, goes))
    assert merge(as_("supervisor"), kept, goes).status_code == 200
    phone.sync()
    assert phone.store.waiting(10) == []
    assert [outcome and outcome["status"] for _, outcome in phone.store.journal()] == ["applied"]
    assert as_("dispatcher").get(f"/visits/{visit}")["customer_id"] == kept
    assert phone.records("visit")[visit]["customer_id"] == kept


def test_of_a_chain_of_merges_it_is_the_last_who_stays(
    as_: As, phone_of: Callable[..., Phone], database: Database, pair: tuple[str, str], town: Town
) -> None:
    (kept, goes), phone, desk = pair, phone_of("rep"), as_("supervisor")
    last = customer(database, "last", cell_id=town["cell 0"])
    phone.sync()
    visit = phone.create("visit", visit_to(town, goes))
    for one, other in ((kept, goes), (last, kept)):
        assert merge(desk, one, other).status_code == 200
    with database.transaction() as session:
        chain = merged_into(session, [("customer", goes), ("customer", kept), ("customer", last)])
        assert merged_into(session, []) == {}
    assert chain == {("customer", one): ("customer", last) for one in (goes, kept)}
    phone.sync()
    assert desk.get(f"/visits/{visit}")["customer_id"] == last


def test_what_was_written_in_the_very_moment_of_a_merge_follows(
    as_: As, database: Database, pair: tuple[str, str], town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its writer had looked before, and waited for the merge with writing."""
    kept, goes = pair
    assert merge(as_("supervisor"), kept, goes).status_code == 200
    monkeypatch.setattr(record_writer, "_need_references", lambda *_: None)
    with database.transaction() as session:
        late = record_writer.create(
            session, system(town["north"]), "visit", visit_to(town, goes) | {"state": "planned"}
        )
    serving.serve(database)
    assert as_("dispatcher").get(f"/visits/{late.id}")["customer_id"] == kept
    # A deletion that was no merge moves nothing.
    assert as_("supervisor")("PUT", f"/voids/visit/{late.id}", {"reason": "试写"}).status_code == 204
    assert serving.serve(database) > 0


def test_for_one_who_stays_in_anothers_cell_it_waits_for_a_person_who_may_apply_it(
    as_: As, phone_of: Callable[..., Phone], database: Database, pair: tuple[str, str], town: Town
) -> None:
    (_, goes), phone, desk = pair, phone_of("rep"), as_("supervisor")
    far = customer(database, "far", cell_id=town["cell 2"])
    phone.sync()
    visit = phone.create("visit", visit_to(town, goes))
    assert merge(desk, far, goes, cell_id=town["cell 2"]).status_code == 200
    phone.sync()
    (one,) = parked(desk)
    assert (one["code"], one["detail"]) == ("record_deleted", {"kind": "customer", "id": goes})
    answer = decide(desk, one["group_id"])
    assert answer.status_code == 200, answer.text
    assert desk.get(f"/visits/{visit}")["customer_id"] == far


def test_for_one_that_was_voided_it_waits_for_a_person_and_not_for_a_deadline(
    as_: As, phone_of: Callable[..., Phone], pair: tuple[str, str], town: Town
) -> None:
    (_, goes), phone, desk = pair, phone_of("rep"), as_("supervisor")
    phone.sync()
    visit = phone.create("visit", visit_to(town, goes))
    assert desk("PUT", f"/voids/customer/{goes}", {"reason": "没有这户"}).status_code == 204
    phone.sync()
    assert desk.get("/inbox/held") == []
    (one,) = parked(desk)
    assert one["code"] == "record_deleted"
    # Nothing that lives points at what was voided, by whomever it is let stand.
    refused = decide(desk, one["group_id"])
    told = refused.get_json()
    assert (told["code"], told["cause"]) == ("check_failed", "record_deleted")
    assert desk("GET", f"/visits/{visit}").status_code == 404
    assert decide(desk, one["group_id"], "discard").status_code == 200
    assert parked(desk) == []


def test_pictures_of_the_one_are_pictures_of_the_other(
    as_: As, database: Database, pair: tuple[str, str], town: Town
) -> None:
    (kept, goes), desk = pair, as_("supervisor")
    about = {"of_kind": "customer", "of_id": goes, "purpose": "site", "cell_id": town["cell 0"]}
    file = {"sha256": "a" * 64, "size_bytes": 10, "media_type": "image/jpeg", "staff_id": town["rep"]}
    with database.transaction() as session:
        photo = record_writer.create(session, system(town["north"]), "photo", about | file).id
    seen = desk.get("/customer-merges", query_string={"kept_id": kept, "merged_id": goes})
    assert seen["moves"] == {"photo": 1}
    assert merge(desk, kept, goes).status_code == 200
    with database.transaction() as session:
        assert record_writer.read(session, "photo", photo).values["of_id"] == kept


def test_one_that_was_merged_away_is_not_brought_back_by_a_dispute(
    as_: As, phone_of: Callable[..., Phone], pair: tuple[str, str]
) -> None:
    """A phone edits it offline: a person sees that beside the deletion, and cannot undo the merge by it."""
    (kept, goes), phone, desk = pair, phone_of("rep"), as_("supervisor")
    phone.sync()
    phone.change("customer", goes, {"note": "没有网络时记的"})
    assert merge(desk, kept, goes).status_code == 200
    phone.sync()
    (asked,) = [one for one in desk.get("/inbox/questions") if one["id"] == goes]
    assert {"note": "没有网络时记的"} in [one["values"] for one in asked["heads"]]
    back = dispute(desk, "customer", goes, deleted=False)
    assert (back.status_code, back.get_json()["code"]) == (422, "number_taken")
    assert dispute(desk, "customer", goes, deleted=True).status_code == 200
    assert desk("GET", f"/customers/{goes}").status_code == 404
    assert desk.get("/inbox/questions") == []


def test_what_was_voided_comes_back_by_who_may_void_alone(
    as_: As, phone_of: Callable[..., Phone], pair: tuple[str, str]
) -> None:
    (_, goes), phone, desk = pair, phone_of("rep"), as_("supervisor")
    phone.sync()
    phone.change("customer", goes, {"note": "这户还在"})
    assert desk("PUT", f"/voids/customer/{goes}", {"reason": "没有这户"}).status_code == 204
    phone.sync()
    for who in ("agent", "dispatcher"):
        refused = dispute(as_(who), "customer", goes, deleted=False)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "not_allowed"), who
    assert [one["id"] for one in desk.get("/voids")] == [goes]
    assert dispute(desk, "customer", goes, deleted=False).status_code == 200
    assert desk.get(f"/customers/{goes}")["note"] == "这户还在"
    assert desk.get("/voids") == []
