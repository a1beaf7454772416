"""Voided records: they count nowhere, and stay readable with who voided them, when and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.actor import Role, system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.queue import serving
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town, uid
from tests.newcomers import join
from tests.people.test_accounts import acts
from tests.printed import Printed

As = Callable[[str], Person]
WHY = {"reason": "录错了小区"}


@pytest.fixture
def job(database: Database, town: Town) -> str:
    """A job that a crew has."""
    values = {
        "state": "dispatched",
        "matter_id": town["leak"],
        "urgency": "normal",
        "number": "W1",
    }
    mine = {"crew_id": town["crew"], "cell_id": town["cell 0"], "description": "路面冒水"}
    with database.transaction() as session:
        made = record_writer.create(session, system(town["north"]), "work_order", values | mine)
    serving.serve(database)
    return made.id


def void(person: Person, kind: str, record_id: str, **options: Any) -> tuple[int, str | None]:
    answer = person("PUT", f"/voids/{kind}/{record_id}", options.pop("body", WHY), **options)
    return answer.status_code, answer.get_json()["code"] if answer.data else None


def test_a_voided_job_counts_nowhere_and_stays_readable(
    as_: As, phone_of: Callable[..., Phone], database: Database, town: Town, job: str
) -> None:
    supervisor, phone = as_("supervisor"), phone_of("leader")
    phone.sync()
    assert job in phone.records("work_order")
    assert void(supervisor, "work_order", job) == (204, None)
    serving.serve(database)
    assert job not in str(supervisor.get("/work-orders?limit=500"))
    assert job not in str(supervisor.get("/dispatch/board"))
    assert supervisor("GET", f"/work-orders/{job}").status_code == 404
    phone.sync()
    assert job not in phone.records("work_order")
    seen = as_("dispatcher").get(f"/voids/work_order/{job}")
    assert (seen["act"], seen["reason"], seen["values"]["description"]) == (
        "record_voided", WHY["reason"], "路面冒水",
    )  # fmt: skip
    assert seen["history"][0]["op"] == "delete"
    assert [one["id"] for one in supervisor.get("/voids")] == [job]
    (act,) = [one for one in acts(database, job) if one[0] == "record_voided"]
    assert (act[1], act[3]) == (town["supervisor"], WHY)
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM outbox WHERE done_at IS NULL")).scalar() == 0


def test_who_voids_what(as_: As, database: Database, town: Town, job: str) -> None:
    with database.transaction() as session:
        join(session, "south admin", "south", Role.ADMIN)
    for who in ("dispatcher", "agent", "auditor", "leader", "rep"):
        assert void(as_(who), "work_order", job)[0] == 403, who
    assert void(as_("south admin"), "work_order", job)[0] == 404
    # What one line changes for everybody is an administrator's.
    assert void(as_("supervisor"), "matter", town["leak"])[0] == 403
    admin = as_("admin")
    assert void(admin, "nothing", job) == (404, "not_found")
    act = admin.get("/administrative-acts?limit=1")["rows"] or []
    assert all(void(admin, "administrative_act", one["id"]) == (409, "not_voidable") for one in act)
    assert void(admin, "customer", town["customer 0"]) == (409, "in_use")
    assert void(admin, "work_order", job, body={"reason": "  "})[0] == 422
    assert void(admin, "work_order", job, version=999) == (412, "changed_meanwhile")
    assert void(admin, "work_order", job)[0] == 204
    assert void(admin, "work_order", job)[0] == 404


def test_what_was_not_voided_is_not_read_as_such(as_: As, town: Town, job: str) -> None:
    admin = as_("admin")
    assert admin("GET", f"/voids/work_order/{job}").status_code == 404
    assert void(admin, "work_order", job)[0] == 204
    assert as_("stranger")("GET", f"/voids/work_order/{job}").status_code == 404
    assert as_("stranger").get("/voids") == []
    assert as_("rep")("GET", "/voids").status_code == 403
    assert admin("GET", f"/voids/work_order/{uid('x')}").status_code == 404


def test_an_auditor_reads_voided_customers_masked(as_: As, database: Database, town: Town) -> None:
    values = {"number": "C-9", "name": "张三丰", "category": "resident", "phone": "13900000003"}
    with database.transaction() as session:
        made = record_writer.create(
            session, system(town["north"]), "customer", values | {"cell_id": town["cell 0"]}
        )
    assert void(as_("supervisor"), "customer", made.id)[0] == 204
    seen = as_("auditor").get(f"/voids/customer/{made.id}")
    assert "张三丰" not in str(seen)
    assert "13900000003" not in str(seen)
    assert as_("dispatcher").get(f"/voids/customer/{made.id}")["values"]["name"] == "张三丰"


def test_the_paper_of_a_voided_job_says_so(as_: As, town: Town, job: str) -> None:
    supervisor, path = as_("supervisor"), f"/papers/service-sheets/{job}"
    before = Printed(supervisor("GET", path)).text
    assert void(supervisor, "work_order", job)[0] == 204
    after = Printed(supervisor("GET", path)).text
    assert "已作废" not in before
    assert "已作废：录错了小区" in after
    assert "Voided" in Printed(supervisor("GET", f"{path}?language=en")).text
    assert as_("leader")("GET", path).status_code == 404
    assert as_("stranger")("GET", path).status_code == 404


def test_why_something_was_voided_tells_an_auditor_no_number(as_: As, job: str) -> None:
    why = "业主13900000003来电说已修好"
    assert void(as_("supervisor"), "work_order", job, body={"reason": why})[0] == 204
    auditor = as_("auditor")
    for seen in (auditor.get("/voids")[0], auditor.get(f"/voids/work_order/{job}")):
        assert (seen["act"], seen["reason"]) == ("record_voided", "业主139******03来电说已修好")
    office = as_("dispatcher")
    assert office.get("/voids")[0]["reason"] == office.get(f"/voids/work_order/{job}")["reason"] == why
