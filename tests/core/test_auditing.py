"""The audit trail: who reads it, that it is sealed, and that nobody writes it by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.core.services.auditing import note_act
from tests.conftest import Person
from tests.factories import hand_in, mutation

As = Callable[[str], Person]


@pytest.fixture
def noted(database: Database, town: Any) -> None:
    """An act of the administrator's, in the group's name, and one of the north."""
    with database.transaction() as session:
        actor = replace(town.actor("admin"), network_address="192.0.2.7")
        subject = ("account", town["rep"])
        note_act(
            session, actor, "account_changed", subject, before={"roles": []}, after={"roles": ["auditor"]}
        )
        note_act(session, town.actor("auditor"), "exported", ("customer", None))


def acts(person: Person) -> list[dict[str, Any]]:
    """What they read of the trail."""
    rows: list[dict[str, Any]] = person.get("/administrative-acts")["rows"]
    return rows


@pytest.mark.usefixtures("noted")
def test_administrators_and_auditors_read_their_own_part(as_: As, town: Any) -> None:
    assert {row["act"] for row in acts(as_("admin"))} == {"account_changed", "exported"}
    assert [row["act"] for row in acts(as_("auditor"))] == ["exported"]
    (changed,) = [row for row in acts(as_("admin")) if row["act"] == "account_changed"]
    assert (changed["by_staff_id"], changed["network_address"]) == (town["admin"], "192.0.2.7")
    assert (changed["before"], changed["after"]) == ({"roles": []}, {"roles": ["auditor"]})


@pytest.mark.usefixtures("noted")
@pytest.mark.parametrize("name", ["dispatcher", "supervisor", "agent", "rep", "leader", "member", "stranger"])
def test_nobody_else_reads_it(as_: As, name: str) -> None:
    assert acts(as_(name)) == []


def test_nobody_writes_it(as_: As) -> None:
    assert as_("admin")("POST", "/administrative-acts", {"act": "exported"}).status_code == 405


def test_who_serves_a_cell_and_how_the_ground_is_divided_are_settings_too(
    as_: As, database: Database, town: Any
) -> None:
    """Whichever way they are changed: handed over, drawn anew, or by settling a dispute."""
    supervisor = as_("supervisor")
    given = {"staff_id": town["other_rep"]}
    assert supervisor("PUT", f"/territory/cells/{town['cell 0']}/representative", given).status_code == 200
    ask = {"unit_id": town["north"], "way": "merge", "cell_ids": [town["cell 0"], town["cell 1"]]}
    plan = supervisor("POST", "/territory/plans", ask).get_json()
    assert supervisor("PUT", f"/territory/plans/{plan['id']}/acceptance", {}).status_code == 200
    with database.transaction() as session:
        record_writer.change(
            session, system(town["north"]), "cell_assignment", town["duty 2"], {"valid_until": "2031-01-01"}
        )
        gone = mutation("cell_assignment", town["duty 2"], "delete", {})
        assert hand_in(session, town.actor("supervisor"), [gone])[0]["status"] == "merged"
    path, word = (
        f"/inbox/questions/cell_assignment/{town['duty 2']}/deleted/answer",
        {"values": {"deleted": False}},
    )
    assert supervisor("POST", path, word).status_code == 200
    told = {(one["act"], one["subject_kind"], one["subject_id"]) for one in acts(as_("auditor"))}
    assert told >= {
        ("record_changed", "cell_assignment", town["duty 0"]),
        ("record_changed", "ground_plan", plan["id"]),
        ("record_changed", "cell_assignment", town["duty 2"]),
    }
