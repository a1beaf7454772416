"""How long what is no record is kept: told, set with a reason, gone by at the next tidying."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend.core.config import read
from backend.core.db import Database
from backend.core.installation import USUAL, hold, installation_of, installed_as
from backend.core.kinds.installation import RetentionValues
from backend.core.retention import SETTABLE, all_kept, days_of
from backend.core.running import Worker
from backend.notices import periodic as notices
from backend.people import periodic as people
from tests.conftest import Person
from tests.factories import Town

As = Callable[[str], Person]
REASON = "安全审查要求"


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    yield
    hold(USUAL)


def kept(person: Person) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in person.get("/retention")}


def test_everything_that_is_kept_says_why_in_both_languages() -> None:
    found = all_kept()
    assert len({one.name for one in found}) == len(found) >= 10
    for one in found:
        for words in (one.words, one.why):
            assert words.zh and words.en and words.zh != words.en
    settings = read({}, weak_key=True)
    assert {one.name: one.days(settings) for one in found if one.limits} == {
        "position_days": 30, "message_days": 400, "message_address_days": 90, "import_days": 90,
    }  # fmt: skip


def test_what_may_be_set_is_what_the_form_takes_within_the_same_days() -> None:
    assert {one.name for one in all_kept() if one.limits} == set(SETTABLE) == set(RetentionValues().fields)
    schema = RetentionValues()
    for name, (least, most) in SETTABLE.items():
        for days in (least, most, None):
            assert schema.load({name: days}) == {name: days}
        for days in (least - 1, most + 1, 1.5, "soon"):
            assert schema.validate({name: days}), (name, days)


def test_an_administrator_sets_days_with_a_reason_and_the_trail_has_it(
    as_: As, town: Town, database: Database
) -> None:
    admin = as_("admin")
    assert kept(admin)["position_days"] == {
        "name": "position_days", "days": 30, "least": 1, "most": 366, "is_set": False,
        "words": {"zh": "上岗期间的位置", "en": "Positions while on shift"},
        "why": kept(admin)["position_days"]["why"],
    }  # fmt: skip
    assert kept(admin)["records"]["days"] is None
    change = {"retention": {"position_days": 14}}
    for reason in ({}, {"reason": "  "}):
        answer = admin("PATCH", "/installation", change | reason)
        assert answer.get_json()["code"] == "reason_needed", answer.text
    assert admin("PATCH", "/installation", change | {"reason": REASON}).status_code == 200
    assert (kept(admin)["position_days"]["days"], kept(admin)["position_days"]["is_set"]) == (14, True)
    # Another one beside it, and the first stays.
    more = {"retention": {"message_days": 60}, "reason": REASON}
    assert admin("PATCH", "/installation", more).get_json()["retention"] == {
        "position_days": 14, "message_days": 60,
    }  # fmt: skip
    back = {"retention": {"position_days": None}, "reason": "改回通常的期限"}
    assert admin("PATCH", "/installation", back).get_json()["retention"] == {"message_days": 60}
    assert kept(admin)["position_days"]["days"] == 30
    with database.transaction() as session:
        asked = "SELECT before, after FROM administrative_act WHERE act = 'installation_changed' ORDER BY id"
        acts = [tuple(one) for one in session.execute(text(asked))]
    assert acts[0] == ({"retention": {}}, {"retention": {"position_days": 14}, "reason": REASON})
    assert acts[-1][1] == {"retention": {"message_days": 60}, "reason": "改回通常的期限"}


@pytest.mark.parametrize("days", [0, -1, 367, 1.5, "all"])
def test_days_out_of_reach_are_refused(as_: As, town: Town, days: object) -> None:
    change = {"retention": {"position_days": days}, "reason": REASON}
    answer = as_("admin")("PATCH", "/installation", change)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid")
    assert kept(as_("admin"))["position_days"]["days"] == 30


def test_what_cannot_be_set_is_refused_and_the_same_days_need_no_reason(as_: As, town: Town) -> None:
    admin = as_("admin")
    answer = admin("PATCH", "/installation", {"retention": {"records": 1}, "reason": REASON})
    assert answer.status_code == 422
    assert admin("PATCH", "/installation", {"retention": {}}).status_code == 200


def test_auditors_read_and_nobody_else_does(as_: As) -> None:
    assert kept(as_("auditor"))["records"]["days"] is None
    for who in ("supervisor", "dispatcher", "agent", "rep"):
        assert as_(who)("GET", "/retention").status_code == 403
    change = {"retention": {"position_days": 14}, "reason": REASON}
    for who in ("auditor", "supervisor"):
        assert as_(who)("PATCH", "/installation", change).status_code == 403


def test_the_nightly_tidying_goes_by_what_was_set(
    app: Flask, database: Database, town: Town, as_: As
) -> None:
    """Positions of three days ago stay for a month, and are gone once an administrator said one day."""
    settings = app.extensions["wangge"].settings
    worker = Worker(database, settings)
    with database.transaction() as session:
        session.execute(
            text("""
                INSERT INTO position (staff_id, unit_id, event, at, lng, lat)
                VALUES (:staff, :unit, 'shift_start', :at, 120.4, 36.1)
            """),
            {"staff": town["rep"], "unit": town["north"], "at": datetime.now(UTC) - timedelta(days=3)},
        )

    def left() -> int:
        people._forget_positions(worker)
        notices._forget(worker)
        with database.transaction() as session:
            return int(session.execute(text("SELECT count(*) FROM position")).scalar_one())

    assert left() == 1
    change = {"retention": {"position_days": 1, "message_days": 30}, "reason": REASON}
    assert as_("admin")("PATCH", "/installation", change).status_code == 200
    assert left() == 0


def test_what_an_older_release_knows_not_of_is_as_usual() -> None:
    assert installation_of({"retention": {"position_days": 3}, "later": 1}).retention == {"position_days": 3}
    assert installation_of({}).retention == {}
    with installed_as(installation_of({"retention": {"position_days": 3}})):
        assert (days_of("position_days", 30), days_of("message_days", 400)) == (3, 400)
