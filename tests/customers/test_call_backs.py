"""Call-backs by lot: drawn by a stored seed, the same for whoever draws again.

What customers say is a reason, no verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from backend.customers.services import call_backs
from backend.queue import serving
from tests.conftest import Person
from tests.factories import Town, uid

As = Callable[[str], Person]
DAYS = {"from_day": "2026-09-01", "until_day": "2026-09-02"}


@pytest.fixture
def visits(database: Database, town: Town) -> list[str]:
    """Twelve visits of the first of September, city time.

    One more was made just before midnight the day before.
    """
    ids = [uid(f"visit {n}") for n in range(13)]
    with database.transaction() as session:
        for n, one in enumerate(ids):
            at = f"2026-09-01T0{n % 9}:10:00Z" if n else "2026-08-31T15:59:59Z"
            values = {
                "customer_id": town["customer 0"],
                "cell_id": town["cell 0"],
                "representative_id": town["rep"],
                "method": "phone",
                "state": "done",
                "ended_at": at,
                "summary": "问过用水",
            }
            record_writer.create(session, system(town["north"]), "visit", values, record_id=one)
    serving.serve(database)
    return ids[1:]


def sample(person: Person, **more: Any) -> dict[str, Any]:
    answer = person("POST", "/call-back-samples", {**DAYS, "count": 5, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def test_the_lot_falls_by_its_seed_and_can_be_drawn_again(as_: As, visits: list[str]) -> None:
    first = sample(as_("auditor"))
    assert (first["population"], len(set(first["visit_ids"]))) == (12, 5)
    assert set(first["visit_ids"]) <= set(visits)
    assert sample(as_("supervisor"), seed=first["seed"])["visit_ids"] == first["visit_ids"]
    assert call_backs.draw(first["seed"], reversed(visits), 5) == first["visit_ids"]
    assert sample(as_("auditor"))["seed"] != first["seed"]


def test_every_visit_is_drawn_about_as_often(visits: list[str]) -> None:
    drawn = [one for seed in range(600) for one in call_backs.draw(str(seed), visits, 3)]
    counts = [drawn.count(one) for one in visits]
    # 600 draws of 3 among 12: 150 each; six standard deviations of a binomial are 64.
    assert all(abs(count - 150) < 64 for count in counts), counts


def test_what_a_customer_denies_is_a_reason_for_doubt(as_: As, database: Database, visits: list[str]) -> None:
    drawn = sample(as_("auditor"))
    visit = drawn["visit_ids"][0]
    path = f"/call-back-samples/{drawn['id']}/visits/{visit}"
    assert as_("agent")("PUT", path, {"outcome": "denied", "said": "没人来过"}).status_code == 204
    serving.serve(database)
    seen = next(
        one
        for one in as_("supervisor").get(f"/call-back-samples/{drawn['id']}/visits")
        if one["visit_id"] == visit
    )
    assert (seen["outcome"], seen["said"], seen["truth_grade"]) == ("denied", "没人来过", "doubtful")
    assert as_("agent")("PUT", path, {"outcome": "confirmed"}).status_code == 204
    serving.serve(database)
    with database.transaction() as session:
        assert record_writer.read(session, "visit", visit).values["truth_grade"] == "sound"


def test_who_may_draw_call_and_read(as_: As, visits: list[str], town: Town) -> None:
    for who in ("rep", "agent", "dispatcher"):
        assert as_(who)("POST", "/call-back-samples", {**DAYS, "count": 5}).status_code == 403, who
    drawn = sample(as_("supervisor"))
    path = f"/call-back-samples/{drawn['id']}/visits"
    assert as_("rep")("GET", path).status_code == 403
    assert [one["customer"] for one in as_("auditor").get(path)] == [None] * 5
    assert all(one["customer"] for one in as_("agent").get(path))
    assert len(as_("agent").get("/call-back-samples")) == 1
    not_drawn = next(one for one in visits if one not in drawn["visit_ids"])
    assert as_("agent")("PUT", f"{path}/{not_drawn}", {"outcome": "confirmed"}).status_code == 404


def test_days_without_visits_have_no_lot(as_: As, database: Database) -> None:
    answer = as_("auditor")(
        "POST", "/call-back-samples", {"from_day": "2020-01-01", "until_day": "2020-01-02", "count": 5}
    )
    assert answer.status_code == 404
    with database.transaction() as session:
        assert session.execute(text("SELECT count(*) FROM call_back_sample")).scalar_one() == 0


def test_a_visit_is_told_by_the_citys_day(as_: As, visits: list[str]) -> None:
    drawn = as_("auditor")(
        "POST", "/call-back-samples", {"from_day": "2026-08-31", "until_day": "2026-08-31", "count": 5}
    )
    assert drawn.get_json()["visit_ids"] == [uid("visit 0")]
    del visits
