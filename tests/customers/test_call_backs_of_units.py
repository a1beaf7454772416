"""Call-backs by lot: of which visits, in whose units, what may be asked for, and what a second word does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.queue import serving
from tests.conftest import Person
from tests.factories import Town, uid
from tests.newcomers import join

As = Callable[[str], Person]
Visits = Callable[..., str]
DAY = {"from_day": "2026-09-01", "until_day": "2026-09-01", "count": 10}


@pytest.fixture
def visit(database: Database, town: Town) -> Visits:
    """`visit("name", ...)` was made by telephone on the first of September."""

    def make(name: str, unit: str = "north", **more: Any) -> str:
        values = {
            "customer_id": town["customer 0" if unit == "north" else "customer 3"],
            "representative_id": town["rep" if unit == "north" else "south_rep"],
            "method": "phone",
            "state": "done",
            "ended_at": "2026-09-01T02:00:00Z",
            "summary": "问过用水",
        } | more
        with database.transaction() as session:
            record_writer.create(session, system(town[unit]), "visit", values, record_id=uid(name))
        return uid(name)

    return make


def drawn(person: Person, **more: Any) -> dict[str, Any]:
    answer = person("POST", "/call-back-samples", DAY | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def grade(database: Database, visit_id: str) -> tuple[str, list[str]]:
    serving.serve(database)
    with database.transaction() as session:
        found = record_writer.read(session, "visit", visit_id).values
    return found["truth_grade"], [one["code"] for one in found.get("truth_reasons") or []]


def test_only_visits_that_were_made_on_these_days_are_in_the_lot(as_: As, visit: Visits) -> None:
    first = visit("first second", ended_at="2026-08-31T16:00:00Z")
    last = visit("last second", ended_at="2026-09-01T15:59:59Z")
    visit("day before", ended_at="2026-08-31T15:59:59Z")
    visit("day after", ended_at="2026-09-01T16:00:00Z")
    visit("nobody met", state="not_met", absent_reason="无人")
    visit("cancelled", state="cancelled")
    visit("planned", state="planned", ended_at=None)
    sample = drawn(as_("supervisor"))
    # More are asked for than there are: all of them.
    assert (sample["population"], set(sample["visit_ids"])) == (2, {first, last})
    assert (sample["from_day"], sample["until_day"]) == ("2026-09-01", "2026-09-01")


def test_what_cannot_be_drawn_is_told(as_: As, visit: Visits) -> None:
    visit("one")
    auditor = as_("auditor")
    backward = auditor("POST", "/call-back-samples", DAY | {"until_day": "2026-08-31"})
    assert (backward.status_code, backward.get_json()["code"]) == (422, "check_failed")
    (fault,) = backward.get_json()["faults"]
    assert (fault["field"], fault["zh"]) == ("until_day", "结束日期早于开始日期：改正其中一个")
    for wrong, field in (
        ({"count": 0}, "count"),
        ({"count": 501}, "count"),
        ({"count": "many"}, "count"),
        ({"seed": ""}, "seed"),
        ({"seed": "x" * 65}, "seed"),
        ({"from_day": "2026-9-1"}, "from_day"),
        ({"from_day": "2026-02-30"}, "from_day"),
        ({"until_day": "9999-12-31"}, "until_day"),
        ({"until_day": None}, "until_day"),
    ):
        refused = auditor("POST", "/call-back-samples", DAY | wrong)
        assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid"), wrong
        assert [one["field"] for one in refused.get_json()["faults"]] == [field], wrong
    # As far as days are known at all.
    assert drawn(auditor, from_day="1900-01-01", until_day="2999-12-31")["population"] == 1
    assert len(auditor.get("/call-back-samples")) == 1


def test_a_unit_draws_and_reads_its_own_and_those_below(
    as_: As, visit: Visits, town: Town, database: Database
) -> None:
    with database.transaction() as session:
        join(session, "south boss", "south", Role.SUPERVISOR)
    ours, theirs = visit("ours"), visit("theirs", "south")
    north, south, all_ = (drawn(as_(who)) for who in ("supervisor", "south boss", "admin"))
    assert (north["visit_ids"], south["visit_ids"]) == ([ours], [theirs])
    assert (all_["population"], set(all_["visit_ids"])) == (2, {ours, theirs})
    # Newest first; a sample of the unit above is not a branch's to read, though its own visit is in it.
    listed = {who: [one["id"] for one in as_(who).get("/call-back-samples")] for who in
              ("admin", "agent", "south boss")}  # fmt: skip
    assert listed == {
        "admin": [all_["id"], south["id"], north["id"]],
        "agent": [north["id"]],
        "south boss": [south["id"]],
    }
    for who, sample in (("south boss", north), ("stranger", north), ("supervisor", all_), ("agent", south)):
        path = f"/call-back-samples/{sample['id']}/visits"
        said = as_(who)("PUT", f"{path}/{sample['visit_ids'][0]}", {"outcome": "confirmed"})
        for refused in (as_(who)("GET", path), said):
            assert (refused.status_code, refused.get_json()["code"]) == (404, "not_found"), who
    nowhere = as_("agent")("GET", f"/call-back-samples/{town['nowhere']}/visits")
    assert nowhere.get_json()["code"] == "not_found"


def test_what_was_said_can_be_corrected_and_every_denial_counts(
    as_: As, visit: Visits, database: Database
) -> None:
    one = visit("one")
    assert grade(database, one) == ("sound", [])
    first, second = drawn(as_("supervisor")), drawn(as_("auditor"))
    paths = [f"/call-back-samples/{sample['id']}/visits/{one}" for sample in (first, second)]
    # Not reached, and reached later: neither says anything against the visit.
    assert as_("agent")("PUT", paths[0], {"outcome": "unreachable", "said": "关机"}).status_code == 204
    assert grade(database, one) == ("sound", [])
    assert as_("agent")("PUT", paths[0], {"outcome": "confirmed", "said": None}).status_code == 204
    assert as_("dispatcher")("PUT", paths[1], {"outcome": "denied", "said": "没来过"}).status_code == 204
    assert grade(database, one) == ("doubtful", ["denied"])
    (row,) = as_("agent").get(f"/call-back-samples/{first['id']}/visits")
    assert (row["outcome"], row["said"], row["truth_grade"]) == ("confirmed", None, "doubtful")
    told = as_("rep").get(f"/visits/{one}")["truth_reasons"]
    assert [reason["zh"] for reason in told] == ["回访时客户称不属实"]
    # Who denied it in one sample and not in another has denied it, until that word is corrected.
    assert as_("agent")("PUT", paths[0], {"outcome": "confirmed"}).status_code == 204
    assert grade(database, one)[0] == "doubtful"
    assert as_("supervisor")("PUT", paths[1], {"outcome": "confirmed", "said": "记错了"}).status_code == 204
    assert grade(database, one) == ("sound", [])


def test_a_word_is_one_of_three_and_not_too_long(as_: As, visit: Visits) -> None:
    one = visit("one")
    path = f"/call-back-samples/{drawn(as_('supervisor'))['id']}/visits/{one}"
    for body, field in (
        ({}, "outcome"),
        ({"outcome": "perhaps"}, "outcome"),
        ({"outcome": "denied", "said": "无" * 501}, "said"),
        ({"outcome": "denied", "by": "me"}, "by"),
    ):
        refused = as_("agent")("PUT", path, body)
        assert (refused.status_code, [one["field"] for one in refused.get_json()["faults"]]) == (422, [field])
    (row,) = as_("agent").get(path.rsplit("/", 1)[0])
    assert (row["outcome"], row["asked_at"]) == (None, None)
    assert as_("rep")("PUT", path, {"outcome": "confirmed"}).get_json()["code"] == "not_allowed"


def test_an_auditor_reads_what_was_said_without_whom(as_: As, visit: Visits) -> None:
    one = visit("one", summary="回电 13912345678")
    sample = drawn(as_("auditor"))
    path = f"/call-back-samples/{sample['id']}/visits"
    said = {"outcome": "confirmed", "said": "请打 13887654321"}
    assert as_("agent")("PUT", f"{path}/{one}", said).status_code == 204
    (whole,), (masked,) = as_("agent").get(path), as_("auditor").get(path)
    assert (whole["customer"], whole["summary"], whole["said"]) == (
        "王小一",
        "回电 13912345678",
        "请打 13887654321",
    )
    assert masked["customer"] is None
    assert "13912345678" not in masked["summary"]
    assert "13887654321" not in masked["said"]
    assert (masked["summary"][:3], masked["said"][:3]) == ("回电 ", "请打 ")
    assert (masked["representative"], masked["outcome"]) == ("员工5", "confirmed")
