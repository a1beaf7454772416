"""Alarms over HTTP: how they stand, what rings and rang, thresholds; metrics while the database is away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from backend.alarms.services import seeing
from backend.alarms.services.table import ALARMS, DAY, GIB, Unit
from backend.alarms.services.watching import watch
from backend.alarms.services.words import value_words
from backend.core.actor import Actor, Role
from backend.core.config import Settings
from backend.core.db import Database, make_engine
from backend.core.errors import Problem
from tests.alarms.causes import CAUSES, all_live
from tests.alarms.scraped import scrape
from tests.conftest import Person
from tests.factories import Town

As = Callable[[str], Person]


def test_administrators_see_how_each_stands(as_: As, database: Database, settings: Settings) -> None:
    all_live(database, settings)
    CAUSES["disk"](database, settings)
    watch(database, settings)
    admin = as_("admin")
    found = {one["code"]: one for one in admin.get("/alarms")}
    assert [*found] == [*ALARMS]
    disk = found["disk"]
    assert (disk["is_ringing"], disk["value"], disk["threshold"]) == (True, GIB, 5 * GIB)
    assert disk["said"]["en"].startswith("1.0 GiB at ")
    assert disk["since"]
    # Infinity is no JSON: of a first epoch there is no age.
    assert (found["new_epoch"]["value"], found["new_epoch"]["is_ringing"]) == (None, False)
    assert [one["code"] for one in admin.get("/alarms/ringing")] == ["disk"]
    (past,) = admin.get("/alarms/past")
    assert (past["code"], past["value"]["en"], past["threshold"]["en"], past["told"]) == (
        "disk",
        "1.0 GiB",
        "5.0 GiB",
        1,
    )


def test_a_threshold_is_set_for_the_whole_house_and_noted(
    as_: As, app: Flask, database: Database, settings: Settings
) -> None:
    all_live(database, settings)
    admin = as_("admin")
    assert admin("PUT", "/alarms/backup/threshold", {"threshold": 0}).status_code == 204
    assert watch(database, settings) == {"backup"}
    found = scrape(app)
    assert found.values["wangge_alarm_threshold"][frozenset({("alarm", "backup")})] == 0
    assert found.rings(ALARMS["backup"])
    (act,) = admin.get("/administrative-acts?act=alarm_threshold_set")["rows"]
    assert (act["before"]["threshold"], act["after"]) == (None, {"alarm": "backup", "threshold": 0})
    for _ in range(2):
        assert admin("PUT", "/alarms/backup/threshold", {"threshold": None}).status_code == 204
    assert len(admin.get("/administrative-acts?act=alarm_threshold_set")["rows"]) == 2
    (line,) = [one for one in admin.get("/alarms") if one["code"] == "backup"]
    assert (line["threshold"], line["usual_threshold"], line["is_own_threshold"]) == (2 * DAY, 2 * DAY, False)


@pytest.mark.parametrize(
    ("who", "code", "threshold", "status"),
    [
        ("dispatcher", "disk", 1, 403),
        ("admin", "no_such", 1, 404),
        ("admin", "disk", -1, 422),
        ("admin", "disk", "many", 422),
        ("admin", "disk", 1e300, 422),
    ],
)
def test_a_threshold_that_cannot_be_is_refused(
    as_: As, who: str, code: str, threshold: object, status: int
) -> None:
    answer = as_(who)("PUT", f"/alarms/{code}/threshold", {"threshold": threshold})
    assert answer.status_code == status


def test_a_branch_sees_and_sets_no_threshold(session: Session, town: Town) -> None:
    """What holds for the whole house is the topmost unit's to set."""
    branch = Actor(town["rep"], town["north"], frozenset({Role.ADMIN}))
    assert len(seeing.seen_alarms(session, branch)) == len(ALARMS)
    with pytest.raises(Problem, match="not_allowed"):
        seeing.set_threshold(session, branch, "disk", 1)


def test_while_the_database_is_away_the_metrics_say_so(app: Flask) -> None:
    assert scrape(app).values["wangge_database_up"] == {frozenset(): 1}
    lost = Database(make_engine("postgresql://nobody@127.0.0.1:1/nothing"))
    app.extensions["wangge"] = replace(app.extensions["wangge"], database=lost)
    found = scrape(app)
    assert found.values["wangge_database_up"] == {frozenset(): 0}
    assert "wangge_worker_silent_seconds" not in found.values


@pytest.mark.parametrize(
    ("unit", "value", "zh", "en"),
    [
        (Unit.SECONDS, 119.9, "119 秒", "119 s"),
        (Unit.SECONDS, 7199, "119 分钟", "119 minutes"),
        (Unit.SECONDS, 2 * DAY - 1, "47 小时", "47 hours"),
        (Unit.SECONDS, 2 * DAY, "2 天", "2 days"),
        (Unit.SECONDS, float("inf"), "从未", "never"),
        (Unit.BYTES, 1.5 * GIB, "1.5 GiB", "1.5 GiB"),
        (Unit.COUNT, 3.0, "3", "3"),
    ],
)
def test_values_are_told_as_people_read_them(unit: Unit, value: float, zh: str, en: str) -> None:
    assert value_words(unit, value) == (zh, en)
