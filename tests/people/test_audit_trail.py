"""The audit trail as it is looked through: newest first, by person, act, kind and time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backend.core.db import Database
from backend.core.services.auditing import note_act
from backend.people.queries import audit_trail
from tests.conftest import Person
from tests.factories import Town, uid

As = Callable[[str], Person]


def noted(database: Database, town: Town) -> None:
    told: list[tuple[str, str, str, str]] = [
        ("dispatcher", "exported", "customer", uid("customer 0")),
        ("supervisor", "record_changed", "crew", uid("crew")),
        ("admin", "account_closed", "account", uid("rep")),
        ("stranger", "exported", "customer", uid("customer 3")),
    ]
    for who, act, kind, subject in told:
        with database.transaction() as session:
            note_act(
                session,
                town.actor(who),
                act,
                (kind, subject),
                before={"x": 1},
                after={"x": "电话13900000000"},
            )


def look(person: Person, **wanted: Any) -> list[tuple[str, Any]]:
    return [(one["act"], one["by"]) for one in person.get("/audit-trail", query_string=wanted)["rows"]]


def test_it_is_found_by_person_act_kind_and_time(as_: As, database: Database, town: Town) -> None:
    noted(database, town)
    admin = as_("admin")
    assert [one[0] for one in look(admin)] == ["exported", "account_closed", "record_changed", "exported"]
    assert look(admin, by_staff_id=town["supervisor"]) == [("record_changed", "员工2")]
    assert len(look(admin, act="exported")) == 2
    assert [one[0] for one in look(admin, subject_kind="crew")] == ["record_changed"]
    assert look(admin, from_at="2099-01-01T00:00:00Z") == []
    assert len(look(admin, until_at="2099-01-01T00:00:00Z")) == 4
    (closed,) = admin.get("/audit-trail", query_string={"act": "account_closed"})["rows"]
    assert (closed["subject"], closed["before"]) == ("员工5", {"x": 1})
    assert admin("GET", "/audit-trail?act=danced").status_code == 422


def test_who_reads_it(as_: As, database: Database, town: Town) -> None:
    noted(database, town)
    # The north's auditor: what was done in the north, and no number of a customer.
    assert look(as_("auditor")) == [("record_changed", "员工2"), ("exported", "员工1")]
    assert "13900000000" not in str(as_("auditor").get("/audit-trail"))
    for who in ("dispatcher", "supervisor", "rep", "leader"):
        assert as_(who)("GET", "/audit-trail").status_code == 403, who


def test_pages_follow_one_another(as_: As, database: Database, town: Town, monkeypatch: Any) -> None:
    noted(database, town)
    monkeypatch.setattr(audit_trail, "PAGE", 3)
    monkeypatch.setattr("backend.people.services.audit_trail.PAGE", 3)
    admin = as_("admin")
    first = admin.get("/audit-trail")
    second = admin.get("/audit-trail", query_string={"before": first["next"]})
    assert [len(first["rows"]), len(second["rows"]), second["next"]] == [3, 1, None]
