"""What becomes of those who were merged away: what they agreed to, work that phones did for them, disputes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.queue import serving
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.customers.test_merging_more import customer, merge
from tests.factories import Town, uid

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


def test_one_that_was_merged_away_is_not_brought_back_by_a_dispute(
    as_: As, phone_of: Callable[..., Phone], database: Database, town: Town
) -> None:
    """A phone edits it offline: a person sees that beside the deletion, and cannot undo the merge by it."""
    goes, kept = (customer(database, name, cell_id=town["cell 0"]) for name in ("goes", "kept"))
    phone, desk = phone_of("rep"), as_("supervisor")
    phone.sync()
    phone.change("customer", goes, {"note": "没有网络时记的"})
    assert merge(desk, kept, goes).status_code == 200
    phone.sync()
    (asked,) = [one for one in desk.get("/inbox/questions") if one["id"] == goes]
    print(asked)
    answer = desk("POST", f"/inbox/questions/customer/{goes}/deleted/answer", {"values": {"deleted": False}})
    print(answer.status_code, answer.text)
    assert desk("GET", f"/customers/{goes}").status_code == 404
