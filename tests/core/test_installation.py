"""What holds for the whole installation: who sets it, what is refused, when it is seen, who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor, Role, system
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.installation import (
    USUAL,
    Installation,
    hold,
    installation_of,
    installed,
    installed_as,
)
from backend.core.queries.installation_row import (
    read_installation,
    refresh,
    refresh_as_it_stands,
)
from backend.core.services import record_writer
from backend.core.services.installing import set_installation
from tests.conftest import Person
from tests.factories import Town, uid

As = Callable[[str], Person]
ADMIN = Actor(uid("admin"), uid("group"), frozenset({Role.ADMIN}))
AMERICAN = {
    "name_zh": "洛杉矶水务",
    "name_en": "Los Angeles Water",
    "time_zone": "America/Los_Angeles",
    "language": "en",
    "currency": "USD",
    "length_unit": "in",
    "hotlines": [{"number": "311", "zh": "热线", "en": "Hotline"}],
    "first_view": {"lng": -118.25, "lat": 34.05, "zoom": 9.5},
    "new_cell_code": "LA-####",
    "limits": {"item_days": 10, "visit_days_between": {"key": 60}},
}


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    with installed_as(USUAL):
        yield


def test_a_new_database_goes_by_the_values_that_were_written_in_the_code(empty_database: Database) -> None:
    with empty_database.glance() as connection:
        found = read_installation(connection)
    assert found.version == 1
    assert found.values() | {"version": 0} == USUAL.values()
    assert (found.time_zone.key, found.currency, found.language, len(found.posts)) == (
        "Asia/Shanghai", "CNY", "zh", 11)  # fmt: skip


def test_what_json_says_is_read_back_whole() -> None:
    assert installation_of(USUAL.values()) == USUAL
    other = installation_of(AMERICAN, 7)
    assert installation_of(other.values(), 7) == other
    assert (other.version, other.minor_digits, other.limits.item_days) == (7, 2, 10)
    assert other.limits.visit_days == USUAL.limits.visit_days
    assert installation_of({"currency": "JPY", "of a newer release": 1}).minor_digits == 0


def test_an_administrator_sets_it_and_this_process_goes_by_it_from_the_commit_on(
    empty_database: Database,
) -> None:
    with empty_database.transaction() as session:
        _only_a_house(session)
        set_installation(session, ADMIN, AMERICAN)
        assert installed() == USUAL
    assert installed().time_zone.key == "America/Los_Angeles"
    assert installed().version == 2
    hold(USUAL)
    assert refresh(empty_database, 0).currency == "USD"
    hold(USUAL)
    assert refresh(empty_database, 3600) == USUAL, "read a moment ago"


def test_what_is_undone_is_not_gone_by(empty_database: Database) -> None:
    def fail() -> None:
        with empty_database.transaction() as session:
            _only_a_house(session)
            set_installation(session, ADMIN, AMERICAN)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert installed() == USUAL


def test_another_database_is_another_installation(empty_database: Database, database: Database) -> None:
    with empty_database.transaction() as session:
        _only_a_house(session)
        set_installation(session, system(uid("group")), {"currency": "USD"})
    assert refresh(empty_database).currency == "USD"
    assert refresh(database, 3600).currency == "CNY"
    assert refresh(empty_database, 3600).currency == "USD"


def test_a_database_from_before_goes_as_usual(empty_database: Database) -> None:
    with empty_database.transaction() as session:
        session.execute(text("DROP TABLE installation"))
    assert refresh_as_it_stands(empty_database) == USUAL


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"time_zone": "Asia/Qingdao"}, "time_zone"),
        ({"time_zone": "Factory"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"currency": "RMB"}, "currency"),
        ({"currency": "DEM"}, "currency"),
        ({"language": "fr"}, "language"),
        ({"length_unit": "cm"}, "length_unit"),
        ({"first_view": {"lng": 200, "lat": 0, "zoom": 1}}, "first_view.lng"),
        ({"new_cell_code": "cell"}, "new_cell_code"),
        ({"new_cell_code": "#-#"}, "new_cell_code"),
        ({"hotlines": [{"number": ""}]}, "hotlines.0.number"),
        ({"posts": []}, "posts"),
        ({"posts": [{"code": "Boss", "zh": "老板", "en": "Boss"}]}, "posts.0.code"),
        ({"posts": [{"code": "boss", "zh": "老板", "en": "Boss"}]}, "posts"),
        ({"limits": {"item_days": -1}}, "limits.item_days"),
        ({"limits": {"visit_late_until_hour": 22}}, "limits.visit_late_until_hour"),
        ({"limits": {"visits": 1}}, "limits.visits"),
        ({"limits": {"visit_days_between": {"vip": 7}}}, "limits.visit_days_between.vip"),
        ({"city": "x"}, "city"),
    ],
)  # fmt: skip
def test_what_it_cannot_be_is_refused_in_words(session: Session, values: dict[str, Any], field: str) -> None:
    with pytest.raises(Problem) as refused:
        set_installation(session, ADMIN, values)
    assert refused.value.code == "invalid"
    faults = refused.value.detail["faults"]
    assert field in {one["field"] for one in faults}
    assert all(one["zh"] and one["en"] for one in faults)


def test_posts_that_people_hold_stay(session: Session, town: Town) -> None:
    posts = [one for one in USUAL.values()["posts"] if one["code"] == "customer_representative"]
    with pytest.raises(Problem) as refused:
        set_installation(session, ADMIN, {"posts": posts})
    assert {one["code"] for one in refused.value.detail["faults"]} == {"in_use"}
    more = [*USUAL.values()["posts"], {"code": "diver", "zh": "潜水员", "en": "Diver"}]
    assert set_installation(session, ADMIN, {"posts": more}).posts["diver"] == ("潜水员", "Diver")
    twice = [*more, {"code": "diver", "zh": "潜水", "en": "Diving"}]
    with pytest.raises(Problem) as refused:
        set_installation(session, ADMIN, {"posts": twice})
    assert refused.value.detail["faults"][0]["code"] == "twice"


def test_only_the_topmost_units_administrator_sets_it(as_: As, session: Session) -> None:
    for who in ("dispatcher", "supervisor", "auditor", "rep"):
        refused = as_(who)("PATCH", "/installation", {"name_en": "Ours"})
        assert (refused.status_code, refused.get_json()["code"]) == (403, "not_allowed")
    branch = Actor(uid("supervisor"), uid("north"), frozenset({Role.ADMIN}))
    with pytest.raises(Problem) as refused_branch:
        set_installation(session, branch, {"name_en": "Ours"})
    assert refused_branch.value.code == "not_allowed"
    assert as_("admin")("PATCH", "/installation", {"name_en": "Ours"}).status_code == 200
    assert as_("rep").get("/installation")["name_en"] == "Ours"


def test_the_trail_tells_what_was_changed_and_why(as_: As) -> None:
    admin = as_("admin")
    assert (
        admin("PATCH", "/installation", {"limits": {"item_days": 9}, "reason": "agreed"}).status_code == 200
    )
    assert admin("PATCH", "/installation", {"limits": {"item_days": 9}}).status_code == 200
    (act,) = admin.get("/administrative-acts?act=installation_changed")["rows"]
    assert act["before"]["limits"]["item_days"] == 5
    assert (act["after"]["limits"]["item_days"], act["after"]["reason"]) == (9, "agreed")
    assert set(act["before"]) == {"limits"}


def test_two_administrators_do_not_overwrite_each_other(as_: As) -> None:
    admin = as_("admin")
    version = admin.get("/installation")["version"]
    assert admin("PATCH", "/installation", {"name_en": "A"}, version=version).status_code == 200
    late = admin("PATCH", "/installation", {"name_en": "B"}, version=version)
    assert (late.status_code, late.get_json()["code"]) == (412, "changed_meanwhile")


def test_once_there_is_work_the_currency_stays_and_the_zone_needs_a_reason(as_: As) -> None:
    admin = as_("admin")
    zone = {"time_zone": "America/Los_Angeles"}
    assert admin("PATCH", "/installation", {"currency": "USD"}).status_code == 200
    assert admin("PATCH", "/installation", zone).status_code == 200
    job = {"matter_id": uid("leak"), "address": "1", "cell_id": uid("cell 0"), "urgency": "normal"}
    assert as_("dispatcher")("POST", "/work-orders", job).status_code == 201
    kept = admin("PATCH", "/installation", {"currency": "CNY", "reason": "we want to"})
    assert (kept.status_code, kept.get_json()["code"]) == (409, "currency_kept")
    moved = admin("PATCH", "/installation", {"time_zone": "Asia/Shanghai"})
    assert (moved.status_code, moved.get_json()["code"]) == (422, "reason_needed")
    why = {"time_zone": "Asia/Shanghai", "reason": "set wrongly on the first day"}
    assert admin("PATCH", "/installation", why).status_code == 200


def test_anybody_is_told_what_a_page_needs_before_the_sign_in(app: Flask, as_: As) -> None:
    hotlines = [{"number": "96111", "zh": "热线", "en": "Hotline"}]
    assert as_("admin")("PATCH", "/installation", {"hotlines": hotlines}).status_code == 200
    told = app.test_client().get("/api/v1/public/installation").get_json()
    assert told == {
        "name_zh": "网格",
        "name_en": "Wangge",
        "time_zone": "Asia/Shanghai",
        "language": "zh",
        "currency": "CNY",
        "minor_digits": 2,
        "length_unit": "mm",
        "hotlines": hotlines,
    }


def _only_a_house(session: Session) -> None:
    """A unit, for the trail to be told to."""
    unit = {"name": "Group", "level": "group", "unit_id": uid("group")}
    record_writer.create(session, system(uid("group")), "unit", unit, record_id=uid("group"))


def test_what_is_held_is_whole() -> None:
    assert isinstance(installed(), Installation)
