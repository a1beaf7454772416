"""Whoever did the work does not close it alone, by no way in.

Where there is nobody else, the unit above closes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from backend.core.actor import system
from backend.core.db import Database
from backend.core.kinds.account import Account
from backend.core.kinds.registry import KINDS
from backend.core.services import record_writer
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town, middle

As = Callable[[str], Person]
PhoneOf = Callable[..., Phone]
ASKED = {"return_visit_note": "客户满意"}
SATISFIED = {"return_visit": {"is_satisfied": True}}
# Which step of which kind confirms the work of which others: what ends a piece of work without confirming it
# is no pair.
PAIRS = {
    ("item", "close"): ("resolve",),
    ("work_order", "close"): ("accept", "leave", "arrive", "start", "finish"),
}


@pytest.fixture
def item(database: Database, town: Town) -> str:
    """An item of the representative's."""
    values = {
        "theme": "pressure",
        "source": "hotline",
        "description": "水小",
        "owner_id": town["rep"],
        "state": "open",
    }
    with database.transaction() as session:
        return record_writer.create(
            session, system(town["north"]), "item", values | {"cell_id": town["cell 0"]}
        ).id


def act(who: Person, item: str, step: str, body: dict[str, Any]) -> Any:
    return who("POST", f"/items/{item}/actions/{step}", body)


def refused(answer: Any) -> bool:
    return (answer.status_code, answer.get_json()["code"]) == (403, "same_person")


def test_each_pair_of_doing_and_confirming_is_known() -> None:
    found = {
        (name, step.name): step.not_by for name, one in KINDS.items() for step in one.kind.actions.values()
    }
    assert {pair: barred for pair, barred in found.items() if barred} == PAIRS
    for (kind, step), barred in PAIRS.items():
        actions = KINDS[kind].kind.actions
        assert {actions[one].target for one in barred} & actions[step].sources


def test_who_resolved_an_item_does_not_close_it_and_a_colleague_does(as_: As, item: str) -> None:
    rep, desk = as_("rep"), as_("agent")
    assert act(rep, item, "take", {}).status_code == 200
    assert act(rep, item, "resolve", {"resolution": "已增压"}).status_code == 200
    assert refused(act(rep, item, "close", ASKED))
    closed = act(desk, item, "close", ASKED).get_json()
    assert (closed["state"], closed["resolved_by_id"] != closed["closed_by_id"]) == ("closed", True)
    # Reopened and resolved by the colleague, the round's own work counts.
    assert act(desk, item, "reopen", {"return_visit_note": "又小了"}).status_code == 200
    assert act(desk, item, "resolve", {"resolution": "换表"}).status_code == 200
    assert refused(act(desk, item, "close", ASKED))
    assert act(rep, item, "close", ASKED).status_code == 200


def test_on_a_phone_it_waits_and_the_one_who_resolved_cannot_let_it_stand(
    as_: As, item: str, phone_of: PhoneOf, database: Database, town: Town
) -> None:
    rep = phone_of("rep")
    rep.sync()
    rep.act("item", item, "resolve", {"resolution": "已增压"})
    rep.act("item", item, "close", ASKED)
    rep.sync()
    outcomes = [outcome and (outcome["status"], outcome["code"]) for _, outcome in rep.store.journal()]
    assert outcomes == [("applied", None), ("parked", "same_person")]
    (group,) = as_("dispatcher").get("/inbox/parked")
    assert group["mutations"][0]["sentence"] == "办这件事的人不能自己办结"
    word = {"decision": "apply", "reason": "可以"}
    path = f"/inbox/parked/{group['group_id']}/decision"
    # Their own word is not another's, also where they are of the desk too; and whoever lets it stand closes
    # it as theirs.
    with database.transaction() as session:
        account = session.get(Account, UUID(town["rep"]))
        assert account is not None
        account.roles = ["representative", "supervisor"]
    assert refused(as_("rep")("POST", path, word))
    assert refused(as_("dispatcher")("POST", path, word))
    assert act(as_("dispatcher"), item, "close", ASKED).status_code == 200
    assert as_("dispatcher")("POST", path, word | {"decision": "discard"}).status_code == 200


def test_a_dispute_is_not_settled_into_closed_by_who_resolved(as_: As, item: str, phone_of: PhoneOf) -> None:
    other = phone_of("agent")
    assert act(as_("dispatcher"), item, "resolve", {"resolution": "已增压"}).status_code == 200
    other.sync()
    other.act("item", item, "reopen", {"return_visit_note": "没好"})
    assert act(as_("admin"), item, "close", ASKED).status_code == 200
    other.sync()
    (question,) = as_("dispatcher").get("/inbox/questions")
    assert [head["action"] for head in question["heads"]] == ["reopen", "close"]
    path = f"/inbox/questions/item/{item}/state/answer"
    assert refused(as_("dispatcher")("POST", path, {"values": {"state": "closed"}}))
    assert as_("supervisor")("POST", path, {"values": {"state": "closed"}}).status_code == 200


def test_the_only_person_of_a_unit_is_confirmed_by_the_unit_above(
    as_: As, database: Database, town: Town
) -> None:
    values = {"theme": "pressure", "source": "hotline", "description": "水小", "state": "open"}
    with database.transaction() as session:
        item = record_writer.create(
            session, system(town["south"]), "item", values | {"cell_id": town["cell 3"]}
        ).id
    alone = as_("stranger")
    assert act(alone, item, "resolve", {"resolution": "已增压"}).status_code == 200
    answer = act(alone, item, "close", ASKED)
    assert refused(answer)
    assert "上级单位" in answer.get_json()["remedy"]
    assert act(as_("dispatcher"), item, "close", ASKED).status_code == 404
    assert act(as_("admin"), item, "close", ASKED).status_code == 200


def test_no_hand_of_the_crew_closes_its_job(as_: As, database: Database, town: Town) -> None:
    """Not only who finished it: whoever took a step of it."""
    with database.transaction() as session:
        account = session.get(Account, UUID(town["member"]))
        assert account is not None
        account.roles = ["crew_member", "representative", "dispatcher"]
    job = as_("agent")("POST", "/work-orders", {"matter_id": town["leak"], "place": middle(0)}).get_json()[
        "id"
    ]
    assert (
        as_("dispatcher")("PUT", f"/dispatch/{job}/assignment", {"crew_id": town["crew"]}).status_code == 200
    )
    path = f"/work-orders/{job}/actions"
    for who, step, body in (
        ("leader", "accept", {}),
        ("member", "arrive", {}),
        ("leader", "start", {}),
        ("leader", "finish", {"result": "好"}),
    ):
        assert as_(who)("POST", f"{path}/{step}", body).status_code == 200, step
    assert refused(as_("member")("POST", f"{path}/close", SATISFIED))
    assert as_("agent")("POST", f"{path}/close", SATISFIED).status_code == 200


def test_nobody_calls_back_about_their_own_visit(as_: As, database: Database, town: Town) -> None:
    values = {
        "customer_id": town["customer 0"],
        "method": "phone",
        "representative_id": town["rep"],
        "state": "done",
        "summary": "x",
        "ended_at": "2026-09-01T03:00:00Z",
    }
    with database.transaction() as session:
        visit = record_writer.create(session, system(town["north"]), "visit", values).id
        account = session.get(Account, UUID(town["rep"]))
        assert account is not None
        account.roles = ["representative", "supervisor"]
    asked = {"from_day": "2026-09-01", "until_day": "2026-09-01", "count": 1}
    sample = as_("rep")("POST", "/call-back-samples", asked).get_json()["id"]
    path = f"/call-back-samples/{sample}/visits/{visit}"
    assert refused(as_("rep")("PUT", path, {"outcome": "confirmed"}))
    assert as_("agent")("PUT", path, {"outcome": "confirmed"}).status_code in (200, 204)
