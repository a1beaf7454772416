"""Settings of messages over HTTP: editions, test-renders, channels and hours, addresses, consent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.installation import USUAL, installed_as
from backend.notices.services.purposes import URGENT, purposes
from backend.notices.services.wording import filled, need_fit, own_language, tried_out, worded
from geo.sentences import Words
from tests.conftest import Person
from tests.factories import Town
from tests.notices.made_messages import failed_message

As = Callable[[str], Person]
EDITION = {
    "purpose": "urgent_notice", "language": "zh", "title": "急", "body": "【急】{text}",
    "valid_from": "2026-01-01T00:00:00Z",
}  # fmt: skip


def purpose_of(person: Person, name: str) -> dict[str, Any]:
    return next(one for one in person.get("/messages/purposes") if one["name"] == name)


def acts(database: Database) -> list[str]:
    with database.transaction() as session:
        asked = text("SELECT act FROM administrative_act WHERE act LIKE 'message%' ORDER BY id")
        return list(session.scalars(asked))


def test_an_edition_holds_from_its_moment_on_and_the_older_ones_stay(as_: As, database: Database) -> None:
    admin = as_("admin")
    for n, body in enumerate(("一 {text}", "二 {text}"), start=1):
        made = admin("POST", "/messages/templates", EDITION | {"body": body})
        assert (made.status_code, made.get_json()["edition"]) == (201, n), made.text
    later = EDITION | {"body": "三 {text}", "valid_from": "2999-01-01T00:00:00Z", "code": "SMS_1"}
    assert admin("POST", "/messages/templates", later).get_json()["edition"] == 3
    assert admin("POST", "/messages/templates", EDITION | {"language": "en"}).get_json()["edition"] == 1
    editions = purpose_of(admin, "urgent_notice")["editions"]
    assert [(one["language"], one["edition"], one["is_in_force"]) for one in editions] == [
        ("en", 1, True), ("zh", 3, False), ("zh", 2, True), ("zh", 1, False),
    ]  # fmt: skip
    assert acts(database) == ["message_settings_changed"] * 4


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("no value", "missing_value"),
        ("{text} {number}", "unknown_value"),
        ("{text.__class__}", "unknown_value"),
        ("{text[0]}", "unknown_value"),
        ("{text!r}", "braces"),
        ("{text:>99999999}", "braces"),
        ("{text", "braces"),
        ("{}{text}", "unknown_value"),
    ],
)
def test_a_template_that_reaches_further_than_its_values_is_refused(as_: As, body: str, code: str) -> None:
    admin = as_("admin")
    asked = {"purpose": "urgent_notice", "language": "zh", "body": body}
    for path, given in (
        ("/messages/templates/rendering", asked),
        ("/messages/templates", EDITION | {"body": body}),
    ):
        answer = admin("POST", path, given)
        assert answer.status_code == 422, answer.text
        assert {one["code"] for one in answer.get_json()["faults"]} >= {code}, answer.text
    assert purpose_of(admin, "urgent_notice")["editions"] == []


def test_words_are_tried_before_anything_is_kept(as_: As, database: Database) -> None:
    agent = as_("agent")
    asked = {"purpose": "confirmation_link", "language": "en", "body": "Look: {url}"}
    assert agent("POST", "/messages/templates/rendering", asked).get_json() == {"text": "Look: <url>"}
    usual = agent("POST", "/messages/templates/rendering", asked | {"body": None}).get_json()["text"]
    assert usual == purpose_of(agent, "confirmation_link")["usual"]["en"]
    assert agent("POST", "/messages/templates/rendering", asked | {"purpose": "x"}).status_code == 404
    assert acts(database) == []


def test_channels_and_hours_are_set_for_everybody_by_the_topmost_administrator(
    as_: As, database: Database
) -> None:
    hours = {"channels": ["email", "sms"], "quiet_from_hour": 22, "quiet_until_hour": 7}
    path = "/messages/purposes/confirmation_link"
    assert as_("agent")("PUT", path, hours).get_json()["code"] == "not_allowed"
    assert as_("admin")("PUT", path, hours).status_code == 204
    kept = purpose_of(as_("agent"), "confirmation_link")
    assert {name: kept[name] for name in hours} == hours
    answer = as_("admin")("PUT", path, hours | {"channels": ["pigeon"]})
    assert [one["code"] for one in answer.get_json()["faults"]] == ["no_such_channel"]
    assert as_("admin")("PUT", path, hours | {"quiet_from_hour": 24}).status_code == 422
    assert as_("admin")("PUT", "/messages/purposes/none", hours).status_code == 404
    assert as_("admin")("PUT", path, hours | {"channels": []}).status_code == 204
    assert acts(database) == ["message_settings_changed"] * 2


def test_addresses_are_kept_taken_away_and_never_told_to_the_trail(
    as_: As, database: Database, town: Town
) -> None:
    admin, path = as_("admin"), f"/messages/addresses/staff/{town['rep']}"
    given = {"email": "rep@water.example", "wecom": "zhangsan", "dingtalk": None}
    assert admin("PUT", path, given).status_code == 204
    assert admin.get(path) == given
    assert admin("PUT", path, given | {"wecom": None}).status_code == 204
    assert admin.get(path) == given | {"wecom": None}
    answer = admin("PUT", path, given | {"email": "rep@water\r\nBcc: x@y"})
    assert [one["code"] for one in answer.get_json()["faults"]] == ["no_mailbox"]
    assert as_("dispatcher")("PUT", path, given).status_code == 403
    assert admin("PUT", f"/messages/addresses/crew/{town['rep']}", given).status_code == 404
    assert admin("PUT", f"/messages/addresses/staff/{uuid4()}", given).status_code == 404
    with database.transaction() as session:
        trail = session.scalar(text("SELECT string_agg(to_jsonb(a)::text, '') FROM administrative_act a"))
    assert "rep@water" not in (trail or "") and "zhangsan" not in (trail or "")


def test_what_was_sent_is_seen_by_its_units_and_in_pages(as_: As, database: Database, town: Town) -> None:
    ids = [str(uuid4()) for _ in range(3)]
    with database.transaction() as session:
        for one in ids:
            failed_message(session, one, town["north"], town["rep"], "爆管")
        failed_message(session, str(uuid4()), town["south"], town["south_rep"], "爆管")
    agent = as_("agent")
    found = agent.get("/messages")
    assert {one["id"] for one in found["rows"]} == set(ids)
    assert (found["has_more"], found["counts"], found["channels"]) == (False, {"failed": 3}, [])
    assert "爆管" not in str(found)
    assert len(as_("admin").get("/messages")["rows"]) == 4
    assert agent.get("/messages?limit=2")["has_more"] is True
    assert agent.get("/messages?state=sent")["rows"] == []
    assert len(agent.get(f"/messages?channel=webhook&party_id={town['rep']}")["rows"]) == 3
    first, *rest = found["rows"]
    assert agent.get(f"/messages?before={first['number']}")["rows"] == rest
    assert found["rows"][0]["party_name"]
    for who in ("dispatcher", "supervisor", "auditor", "rep"):
        assert as_(who)("GET", "/messages").status_code == 403, who


def test_words_of_an_edition_and_the_usual_ones() -> None:
    values = {"text": Words("爆管", "burst")}
    usual = worded(URGENT, values, {}, "en")
    assert (usual.zh, usual.en, usual.text, usual.edition) == ("爆管", "burst", "burst", 0)
    assert usual.values == {"text": "burst"}
    with pytest.raises(TypeError):
        worded(URGENT, {"number": 1}, {}, "zh")
    assert filled("A {text}", URGENT, values, "en") == "A burst"
    for purpose in purposes().values():
        for language in ("zh", "en"):
            assert tried_out(purpose, None, language)
    with pytest.raises(Problem):
        need_fit(URGENT, "{0}")
    with installed_as(replace(USUAL, language="en")):
        assert own_language() == "en"
