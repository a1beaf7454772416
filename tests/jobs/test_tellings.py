"""Time and cost are told before a repair begins, and a changed amount is told again.

What was told before stays.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.evidence.services.sheets import sheet_of
from backend.jobs.services.intake import is_told_first, make_remainder
from backend.setup.services.standard_matters import standard_matters
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town, middle, uid

As = Callable[[str], Person]
PhoneOf = Callable[..., Phone]


def telling(yuan: int, minutes: int = 60, *, agreed: bool = True, why: str | None = None) -> dict[str, Any]:
    told = {
        "minutes": minutes,
        "cost_fen": yuan * 100,
        "told_to": "王女士",
        "way": "in_person",
        "is_agreed": agreed,
    }
    return told | {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"} | ({"why": why} if why else {})


def told(*tellings: dict[str, Any]) -> dict[str, Any]:
    """All tellings, and what stands: the last that was agreed to."""
    last = [one for one in tellings if one["is_agreed"]][-1]
    return {"tellings": list(tellings), "told_minutes": last["minutes"], "told_cost_fen": last["cost_fen"]}


@pytest.fixture
def job(as_: As, town: Town, database: Database) -> str:
    """A repair, up to the door."""
    with database.transaction() as session:
        repair = {"is_repair": True, "quote_required": False}
        record_writer.change(session, system(town["group"]), "matter", town["leak"], repair)
    made = as_("agent")("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()
    as_("dispatcher")("PUT", f"/dispatch/{made['id']}/assignment", {"crew_id": town["crew"]})
    for step in ("accept", "arrive"):
        assert as_("leader")("POST", f"/work-orders/{made['id']}/actions/{step}", {}).status_code == 200
    return str(made["id"])


def change(who: Person, job: str, now: dict[str, Any]) -> Any:
    return who("PATCH", f"/work-orders/{job}", now, version=who.get(f"/work-orders/{job}")["version"])


def test_every_matter_that_mends_is_told_first_and_the_rule_is_the_matters_own() -> None:
    asked = {one["code"]: is_told_first(one) for one in standard_matters()}
    assert {code for code, is_told in asked.items() if not is_told} == {"water_quality", "connection_survey"}
    assert len(asked) == 9
    # A matter of before says nothing of itself: its skills do.
    assert is_told_first({"skills": ["meter"]})
    assert not is_told_first({"skills": ["survey"]})
    assert not is_told_first({"skills": ["meter"], "is_repair": False})
    assert is_told_first({"skills": ["survey"], "is_repair": False, "quote_required": True})


def test_work_begins_when_time_and_cost_were_told_and_another_cost_is_told_anew(as_: As, job: str) -> None:
    leader, desk, path = as_("leader"), as_("dispatcher"), f"/work-orders/{job}/actions"
    bare = leader("POST", f"{path}/start", {}).get_json()
    assert {one["field"] for one in bare["faults"]} == {"told_minutes", "told_cost_fen"}
    no_time = leader("POST", f"{path}/start", {"told_cost_fen": 5000}).get_json()
    assert [one["field"] for one in no_time["faults"]] == ["told_minutes"]
    first = telling(50)
    assert leader("POST", f"{path}/start", told(first)).status_code == 200
    # Raised in mid-work, by whoever and by whichever way: it is told first.
    for who in (leader, desk, as_("supervisor")):
        answer = change(who, job, {"told_cost_fen": 99900})
        assert (answer.status_code, answer.get_json()["code"]) == (409, "untold_change")
        assert "告知" in answer.get_json()["faults"][0]["zh"]
    for step, more in (("pause", {"pause_reason": "x"}), ("finish", {"result": "好"})):
        answer = leader("POST", f"{path}/{step}", more | {"told_cost_fen": 99900})
        assert answer.get_json()["code"] == "untold_change", step
    # What was told is not taken back, nor rewritten, nor agreed to afterwards.
    for gone in ([], [telling(999)], [first | {"cost_fen": 99900}]):
        assert change(leader, job, {"tellings": gone}).get_json()["code"] == "untold_change"
    no = telling(999, agreed=False, why="要换阀门")
    assert change(leader, job, {"tellings": [first, no]}).status_code == 200
    for stands in ({"told_cost_fen": 99900}, {"told_cost_fen": None, "told_minutes": None}):
        assert change(leader, job, stands).get_json()["code"] == "untold_change"
    yes = telling(999, 90, why="客户改主意")
    assert change(leader, job, told(first, no, yes)).status_code == 200
    done = leader("POST", f"{path}/finish", {"result": "好"}).get_json()
    assert [(one["cost_fen"], one["is_agreed"]) for one in done["tellings"]] == [
        (5000, True),
        (99900, False),
        (99900, True),
    ]
    assert (done["told_minutes"], done["told_cost_fen"]) == (90, 99900)
    # The sheet that a customer signs says all of it.
    assert sheet_of(done, [])["tellings"] == done["tellings"]
    assert change(desk, job, {"told_cost_fen": 100}).get_json()["code"] == "untold_change"
    half = {key: value for key, value in telling(1).items() if key != "told_to"}
    assert change(leader, job, {"tellings": [*done["tellings"], half]}).status_code == 422


def test_on_a_phone_the_change_waits_until_it_was_told(as_: As, job: str, phone_of: PhoneOf) -> None:
    leader = phone_of("leader")
    leader.sync()
    first = telling(50)
    leader.act("work_order", job, "start", told(first))
    leader.change("work_order", job, {"told_cost_fen": 99900})
    leader.sync()
    outcomes = [outcome and (outcome["status"], outcome["code"]) for _, outcome in leader.store.journal()]
    assert outcomes == [("applied", None), ("parked", "untold_change")]
    (group,) = as_("supervisor").get("/inbox/parked")
    word, path = {"decision": "apply", "reason": "问过了"}, f"/inbox/parked/{group['group_id']}/decision"
    assert as_("supervisor")("POST", path, word).get_json()["code"] == "untold_change"
    # Whoever lets it stand tells the customer, notes it, and then it does.
    assert change(as_("supervisor"), job, told(first, telling(999, why="电话说明"))).status_code == 200
    assert as_("supervisor")("POST", path, word).status_code == 200
    assert as_("leader").get(f"/work-orders/{job}")["told_cost_fen"] == 99900


def test_two_tellings_that_had_not_seen_each_other_are_both_kept(
    as_: As, job: str, phone_of: PhoneOf
) -> None:
    leader, member = phone_of("leader"), phone_of("member")
    leader.sync()
    member.sync()
    one, two = telling(50), telling(80, 45)
    leader.change("work_order", job, told(one))
    member.change("work_order", job, told(two))
    leader.sync()
    member.sync()
    assert [
        outcome and outcome["status"] for phone in (leader, member) for _, outcome in phone.store.journal()
    ] == [
        "applied",
        "merged",
    ]
    now = as_("leader").get(f"/work-orders/{job}")
    assert sorted(one["cost_fen"] for one in now["tellings"]) == [5000, 8000]
    assert (now["told_minutes"], now["told_cost_fen"]) in {(60, 5000), (45, 8000)}
    assert as_("leader")("POST", f"/work-orders/{job}/actions/start", {}).status_code == 200


def test_an_auditor_reads_that_it_was_told_and_no_name(as_: As, job: str) -> None:
    assert change(as_("dispatcher"), job, told(telling(50))).status_code == 200
    seen = as_("auditor").get(f"/work-orders/{job}")
    assert (seen["told_cost_fen"], "王女士" in str(seen)) == (5000, False)
    assert "王女士" not in str(as_("auditor").get(f"/work-orders/{job}/history"))


def test_a_remainder_of_a_repair_is_told_anew(as_: As, job: str, database: Database) -> None:
    path = f"/work-orders/{job}/actions"
    assert as_("leader")("POST", f"{path}/start", told(telling(50))).status_code == 200
    assert (
        as_("leader")("POST", f"{path}/finish_partly", {"result": "一半", "remainder": "路面"}).status_code
        == 200
    )
    with database.transaction() as session:
        rest = make_remainder(session, job)
    assert rest is not None
    assert (rest.values["quote_required"], rest.values["told_cost_fen"], rest.values["tellings"]) == (
        True,
        None,
        None,
    )
    assert uid("leak") == rest.values["matter_id"]


def test_what_is_no_telling_is_said_and_breaks_nothing(as_: As, job: str) -> None:
    no_telling = {"tellings": [{}], "told_minutes": 5, "told_cost_fen": 600}
    assert change(as_("agent"), job, no_telling).status_code == 422
    assert as_("leader")("POST", f"/work-orders/{job}/actions/start", no_telling).status_code == 422
    # Read as it will stand: "false" is no agreement.
    words = {"tellings": [telling(5) | {"is_agreed": "false"}], "told_minutes": 60, "told_cost_fen": 500}
    assert change(as_("agent"), job, words).status_code in (409, 422)
