"""Every finished job with a customer has one return visit of its round (F37).

It is made by somebody who was no part of the job.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from backend.core.actor import Actor, Role, system
from backend.core.db import Database
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.customers.services.visiting import plan_visits
from backend.jobs.services.return_visits import ask_back
from backend.jobs.services.rounds import go_on
from backend.queue import serving
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town, hand_in, mutation

As = Callable[[str], Person]


def finish(database: Database, town: Town, job: str, by: Actor | None = None) -> None:
    actor = by or town.actor("leader")
    with database.transaction() as session:
        record_writer.act(
            session, town.actor("dispatcher"), "work_order", job, "dispatch", {"crew_id": town["crew"]}
        )
        for step in ("accept", "arrive", "start"):
            record_writer.act(session, actor, "work_order", job, step, {})
        record_writer.act(session, actor, "work_order", job, "finish", {"result": "已更换阀门"})
    serving.serve(database)


@pytest.fixture
def job(as_: As, database: Database, town: Town) -> str:
    """A finished job of customer 1, whose cell is rep's."""
    made = as_("agent")(
        "POST", "/work-orders", json={"matter_id": town["leak"], "customer_id": town["customer 1"]}
    ).json
    finish(database, town, made["id"])
    return str(made["id"])


def tasks(as_: As, job: str) -> list[dict[str, Any]]:
    found = as_("supervisor").get(f"/visits?work_order_id={job}&limit=100")["rows"]
    return sorted(found, key=lambda one: one["id"])


def state_of(as_: As, job: str) -> tuple[Any, ...]:
    now = as_("supervisor").get(f"/work-orders/{job}")
    return now["state"], now["round"], (now["return_visit"] or {}).get("is_satisfied")


def test_a_satisfied_customer_closes_the_job_at_the_return_visit(
    as_: As, job: str, town: Town, database: Database, phone_of: Callable[..., Phone]
) -> None:
    phone = phone_of("rep")
    phone.sync()
    (task,) = tasks(as_, job)
    assert task["representative_id"] == town["rep"]
    assert task["due_on"] == (today() + timedelta(days=3)).isoformat()
    assert (task["state"], task["customer_id"], task["cell_id"]) == (
        "planned",
        town["customer 1"],
        town["cell 1"],
    )
    assert "漏水维修：已更换阀门" in task["about"]
    with database.transaction() as session:  # However often the fact comes.
        assert ask_back(session, job, 3) == ask_back(session, job, 9) == task["id"]
    assert len(tasks(as_, job)) == 1
    # It is no periodical visit: it neither counts as one nor stands in the way of one.
    with database.transaction() as session:
        plan_visits(session, days_between={"resident": 30})
    assert len(as_("supervisor").get("/visits?state=planned&limit=500")["rows"]) > 1
    phone.act("visit", task["id"], "nobody_met", {"absent_reason": "无人接听"})
    phone.sync()
    serving.serve(database)
    assert state_of(as_, job)[0] == "done"
    phone.sync()
    phone.act("visit", task["id"], "complete", {"summary": "客户说很快"})
    phone.sync()
    parked = phone.store.journal()[-1][1]
    assert (parked["status"], parked["code"]) == ("parked", "check_failed")
    with database.transaction() as session:
        asked = {"summary": "客户说很快", "is_satisfied": True}
        record_writer.act(session, town.actor("rep"), "visit", task["id"], "complete", asked)
    serving.serve(database)
    closed = as_("supervisor").get(f"/work-orders/{job}")
    assert (closed["state"], closed["closed_by_id"]) == ("closed", town["rep"])
    assert closed["return_visit"] == {"is_satisfied": True, "opinion": "客户说很快", "method": "电话"}


def test_not_satisfied_begins_a_round_with_a_return_visit_of_its_own(
    as_: As, job: str, town: Town, database: Database
) -> None:
    (first,) = tasks(as_, job)
    with database.transaction() as session:
        said = {"summary": "还在漏", "is_satisfied": False}
        record_writer.act(session, town.actor("rep"), "visit", first["id"], "complete", said)
    serving.serve(database)
    assert state_of(as_, job) == ("received", 2, None)
    (item,) = as_("supervisor").get("/items?source=return_visit")["rows"]
    assert "还在漏" in item["description"]
    finish(database, town, job)
    assert [one["state"] for one in sorted(tasks(as_, job), key=lambda one: one["state"])] == [
        "done",
        "planned",
    ]


def test_it_ends_with_what_it_waits_for(as_: As, job: str, town: Town, database: Database) -> None:
    said = {"return_visit": {"is_satisfied": True}}
    assert as_("agent")("POST", f"/work-orders/{job}/actions/close", json=said).status_code == 200
    serving.serve(database)
    (task,) = tasks(as_, job)
    assert (task["state"], task["absent_reason"]) == ("cancelled", "已回访办结")
    reopened = as_("dispatcher")(
        "POST", f"/work-orders/{job}/actions/reopen", json={"reopen_reason": "又漏了"}
    )
    assert reopened.status_code == 200
    finish(database, town, job)
    assert sorted(one["state"] for one in tasks(as_, job)) == ["cancelled", "planned"]
    as_("dispatcher")("POST", f"/work-orders/{job}/actions/reopen", json={"reopen_reason": "漏检"})
    serving.serve(database)
    assert {one["state"] for one in tasks(as_, job)} == {"cancelled"}


def test_whose_it_is(as_: As, town: Town, database: Database) -> None:
    north = system(town["north"])

    def asked(customer: str, **crew: Any) -> Any:
        job = as_("agent")(
            "POST", "/work-orders", json={"matter_id": town["leak"], "customer_id": town[customer]}
        ).json["id"]
        with database.transaction() as session:
            if crew:
                record_writer.change(session, north, "crew", town["crew"], crew)
        finish(database, town, job)
        return [one["representative_id"] for one in tasks(as_, job)]

    with database.transaction() as session:
        record_writer.change(
            session, north, "customer", town["customer 0"], {"key_representative_id": town["other_rep"]}
        )
    serving.serve(database)
    assert asked("customer 0") == [town["other_rep"]]
    # Nobody asks how their own work was: without anybody else it is the office's to give.
    assert asked("customer 1", member_ids=[town["leader"], town["rep"]]) == [None]
    # A matter without a customer has nobody to ask.
    job = as_("agent")(
        "POST", "/work-orders", json={"matter_id": town["leak"], "cell_id": town["cell 0"]}
    ).json["id"]
    finish(database, town, job)
    assert tasks(as_, job) == []


def test_a_job_that_cannot_be_closed_keeps_what_was_said(as_: As, town: Town, database: Database) -> None:
    """Whoever did the work asked the customer themselves: that closes nothing."""
    made = as_("agent")(
        "POST", "/work-orders", json={"matter_id": town["leak"], "customer_id": town["customer 1"]}
    ).json
    finish(database, town, made["id"], Actor(town["rep"], town["north"], frozenset({Role.CREW_LEADER})))
    (task,) = tasks(as_, made["id"])
    assert task["representative_id"] is None
    with database.transaction() as session:
        said = {"summary": "满意", "is_satisfied": True}
        record_writer.act(session, town.actor("rep"), "visit", task["id"], "complete", said)
    serving.serve(database)
    assert state_of(as_, made["id"]) == ("done", None, True)
    told = [one["text_zh"] for one in as_("dispatcher").get("/notices?limit=100")["rows"]]
    assert sum("不能办结" in one and "不能自己办结" in one for one in told) == 1
    assert as_("admin").get("/inbox/facts") == []


def test_a_late_one_is_seen_on_the_desk(as_: As, job: str, town: Town, database: Database) -> None:
    (task,) = tasks(as_, job)
    with database.transaction() as session:
        late = {"due_on": (today() - timedelta(days=1)).isoformat()}
        record_writer.change(session, system(town["north"]), "visit", task["id"], late)
        record_writer.act(
            session, town.actor("rep"), "visit", task["id"], "nobody_met", {"absent_reason": "无人接听"}
        )
    (row,) = as_("supervisor").get("/territory/visits/overdue")
    assert (row["work_order_id"], row["customer_id"], row["about"]) == (
        job,
        town["customer 1"],
        task["about"],
    )


def dissatisfied(as_: As) -> list[str]:
    return [one["description"] for one in as_("supervisor").get("/items?source=return_visit")["rows"]]


def test_not_satisfied_goes_on_though_the_job_cannot_be_closed(
    as_: As, town: Town, database: Database
) -> None:
    """Whoever asked may not close it; the customer's "no" counts all the same."""
    made = as_("agent")(
        "POST", "/work-orders", json={"matter_id": town["leak"], "customer_id": town["customer 1"]}
    ).json
    for number in (1, 2):
        finish(database, town, made["id"], Actor(town["rep"], town["north"], frozenset({Role.CREW_LEADER})))
        (task,) = [one for one in tasks(as_, made["id"]) if one["state"] == "planned"]
        with database.transaction() as session:
            said = {"summary": f"还在漏{number}", "is_satisfied": False}
            record_writer.act(session, town.actor("rep"), "visit", task["id"], "complete", said)
        serving.serve(database)
        assert state_of(as_, made["id"]) == ("received", number + 1, None)
        assert len(dissatisfied(as_)) == number


def test_not_satisfied_has_its_item_though_somebody_was_quicker(
    as_: As, job: str, town: Town, database: Database
) -> None:
    """Two dispatchers reopen by hand, one of them offline, before the worker looks: one round, one item."""
    with database.transaction() as session:
        base = record_writer.read(session, "work_order", job).version
        said = {"return_visit": {"is_satisfied": False, "opinion": "还在漏"}}
        closed = mutation("work_order", job, "act", said, action="close", base_version=base)
        assert hand_in(session, town.actor("rep"), [closed])[0]["status"] == "applied"
        base = record_writer.read(session, "work_order", job).version
        for who in ("dispatcher", "supervisor"):
            again = mutation(
                "work_order", job, "act", {"reopen_reason": who}, action="reopen", base_version=base
            )
            assert hand_in(session, town.actor(who), [again])[0]["status"] in ("applied", "merged")
    serving.serve(database)
    assert state_of(as_, job) == ("received", 2, None)
    assert len(dissatisfied(as_)) == 1
    serving.serve(database)
    with database.transaction() as session:
        go_on(session, job)
    assert (state_of(as_, job), len(dissatisfied(as_))) == (("received", 2, None), 1)
