"""The checklist before the first phone: what it counts, what it means, whose it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.alarms.services.table import ALARMS
from backend.core.actor import Actor, Role, system
from backend.core.config import Settings
from backend.core.db import Database
from backend.core.errors import Problem
from backend.core.queries.scopes import today
from backend.core.services import record_writer
from backend.core.services.auditing import note_at_shell
from backend.setup.queries import counts
from backend.setup.services.checklist import Line, checklist
from mobile_api_spec.phone import Phone
from tests.conftest import Person
from tests.factories import Town

As = Callable[[str], Person]
COUNTED = ("hotline", "calendars", "matters", "cells", "accounts", "passwords", "crews", "on_call",
           "customers", "points", "phones")  # fmt: skip
PAGES = {code: one.page for code, one in ALARMS.items()}
OF_SERVER = ("public_url", "gateway", "gateway_secret", "area_code", "limits", "demo", "keys", *ALARMS)


def lines(session: Session, settings: Settings, town: Town, who: str = "admin") -> dict[str, Line]:
    unit = town["group"] if who == "admin" else town["north"]
    actor = Actor(town[who], unit, frozenset({Role.ADMIN}))
    return {one.code: one for one in checklist(session, settings, actor)}


def state(line: Line) -> tuple[str, int, int | None]:
    return str(line.state), line.missing, line.total


def test_every_line_says_what_it_means_and_where_it_is_mended(as_: As) -> None:
    found = as_("admin").get("/checklist")
    assert [one["code"] for one in found] == [*COUNTED, *OF_SERVER]
    for one in found:
        for words in (one["title"], one["meaning"], one["mend"]):
            assert words["zh"]
            assert words["en"]
        assert (one["page"] != "") == (one["code"] in COUNTED or bool(PAGES.get(one["code"])))


@pytest.mark.parametrize("who", ["dispatcher", "supervisor", "agent", "auditor", "rep", "leader"])
def test_it_is_for_administrators(as_: As, who: str) -> None:
    assert as_(who)("GET", "/checklist").status_code == 403


def test_an_empty_installation_lacks_everything(empty_database: Database, settings: Settings) -> None:
    with empty_database.transaction() as session:
        unit = record_writer.new_id()
        values = {"unit_id": unit, "name": "水务", "level": "group"}
        record_writer.create(session, system(unit), "unit", values, record_id=unit)
        found = {
            one.code: one for one in checklist(session, settings, Actor(unit, unit, frozenset({Role.ADMIN})))
        }
    failing = {code for code, one in found.items() if one.state == "fail"}
    assert failing == {"hotline", "matters", "cells", "accounts", "crews", "on_call", "customers", "points",
                       "phones", "backup"}  # fmt: skip
    assert state(found["calendars"]) == ("warn", 2, 2)
    assert (found["customers"].page, found["cells"].page) == ("/imports", "/ground")
    # Every line leads to a page that there is.
    pages = re.findall(r'path: "(/\w+)"', Path("web/console/src/router.ts").read_text())
    assert {one.page.partition("?")[0] for one in found.values() if one.page} <= {*pages}
    assert state(found["matters"]) == ("fail", 1, 0)


def test_cells_are_served_by_somebody_who_works_on_that_day(
    session: Session, settings: Settings, town: Town
) -> None:
    before = lines(session, settings, town)["cells"]
    assert before.total == 4
    cell, on = town["cell 0"], today()
    assert counts.cells_unserved(session, [town["north"]], on).missing == 0
    representative = "UPDATE staff SET is_active = :works WHERE id = CAST(:id AS uuid)"
    session.execute(text("SET session_replication_role = replica"))
    session.execute(text(representative), {"works": False, "id": town["rep"]})
    assert counts.cells_unserved(session, [town["north"]], on).missing == 2
    session.execute(text(representative), {"works": True, "id": town["rep"]})
    session.execute(text("UPDATE cell_assignment SET valid_until = :day WHERE cell_id = CAST(:id AS uuid)"),
                    {"day": on - timedelta(days=1), "id": cell})  # fmt: skip
    found = lines(session, settings, town, "branch_admin")["cells"]
    assert state(found) == ("fail", 1, 3)
    # A cell that is no more needs nobody.
    session.execute(text("UPDATE cell SET valid_until = :day WHERE id = CAST(:id AS uuid)"),
                    {"day": on - timedelta(days=1), "id": cell})  # fmt: skip
    assert state(lines(session, settings, town, "branch_admin")["cells"]) == ("ok", 0, 2)


def test_people_are_counted_by_their_accounts(session: Session, settings: Settings, town: Town) -> None:
    all_open = lines(session, settings, town)
    assert all_open["accounts"].state == "ok"
    assert all_open["passwords"].missing == 0
    session.execute(text("UPDATE account SET must_change_password = true WHERE staff_id = CAST(:id AS uuid)"),
                    {"id": town["rep"]})  # fmt: skip
    session.execute(text("UPDATE account SET is_active = false WHERE staff_id = CAST(:id AS uuid)"),
                    {"id": town["leader"]})  # fmt: skip
    found = lines(session, settings, town)
    assert (found["accounts"].state, found["accounts"].missing) == ("warn", 1)
    assert (found["passwords"].state, found["passwords"].missing) == ("warn", 1)


def test_customers_and_points_are_counted_by_their_cells(
    session: Session, settings: Settings, town: Town
) -> None:
    session.execute(text("SET session_replication_role = replica"))
    session.execute(text("UPDATE customer SET cell_id = NULL WHERE id = CAST(:id AS uuid)"),
                    {"id": town["customer 1"]})  # fmt: skip
    session.execute(text("UPDATE service_point SET cell_id = NULL WHERE id = CAST(:id AS uuid)"),
                    {"id": town["point 1"]})  # fmt: skip
    found = lines(session, settings, town)
    assert (found["customers"].state, found["customers"].missing) == ("fail", 1)
    assert (found["points"].state, found["points"].missing) == ("fail", 1)


def test_units_with_cells_need_crews_and_crews_need_nights(
    session: Session, settings: Settings, town: Town
) -> None:
    both = [town["north"], town["south"]]
    assert counts.units_without_crew(session, both, today()).total == 2
    session.execute(text("SET session_replication_role = replica"))
    session.execute(text("UPDATE crew SET is_active = false"))
    assert counts.units_without_crew(session, both, today()) == (2, 2)
    # Who has no crew is told so once.
    assert counts.units_without_on_call(session, both, today()) == (0, 0)


def test_nights_are_those_of_the_day(database: Database, town: Town) -> None:
    on = today()
    with database.transaction() as session:
        north = [town["north"]]
        assert counts.units_without_on_call(session, north, on) == (1, 1)
        roster = {
            "crew_id": town["crew"],
            "valid_from": str(on),
            "valid_until": str(on + timedelta(days=6)),
            "clock_from": "18:00",
            "clock_until": "08:00",
        }
        record_writer.create(session, system(town["north"]), "on_call", roster)
        session.flush()
        assert counts.units_without_on_call(session, north, on) == (0, 1)
        assert counts.units_without_on_call(session, north, on + timedelta(days=7)) == (1, 1)


def test_a_catalogue_of_the_unit_above_is_good_for_those_below(session: Session, town: Town) -> None:
    north = [town["north"]]
    assert counts.matters(session, north, today()).missing == 0
    assert counts.calendars(session, north, date(2031, 5, 1)) == (2, 2)
    assert counts.units_without_hotline(session, north, today()).total == 1


def test_phones_are_counted_by_who_has_signed_in(
    phone_of: Callable[..., Phone], database: Database, town: Town
) -> None:
    with database.transaction() as session:
        north = [town["north"]]
        session.execute(text("DELETE FROM device_person"))
        before = counts.phones_signed_in(session, north, today())
    phone_of("rep")
    with database.transaction() as session:
        after = counts.phones_signed_in(session, north, today())
        session.execute(text("UPDATE device SET revoked_at = now()"))
        revoked = counts.phones_signed_in(session, north, today())
    assert (before.missing - after.missing, before.total) == (1, after.total)
    assert revoked.missing == revoked.total


@pytest.mark.parametrize(
    ("code", "given", "expected"),
    [
        ("public_url", {"public_url": "https://water.example"}, "ok"),
        ("public_url", {"public_url": "http://water.example"}, "warn"),
        ("gateway", {"notify_channel": "webhook"}, "warn"),
        ("gateway", {"notify_channel": "webhook", "notify_url": "https://sms.example"}, "ok"),
        ("gateway", {"notify_channel": "purposes"}, "warn"),
        ("gateway", {"notify_channel": "purposes", "wecom_robot_key": "k"}, "ok"),
        ("gateway", {"notify_channel": "recorded", "wecom_robot_key": "k"}, "warn"),
        ("gateway_secret", {"notify_channel": "purposes", "wecom_robot_key": "k"}, "ok"),
        ("gateway_secret", {"notify_channel": "purposes", "notify_url": "https://sms.example"}, "warn"),
        ("gateway_secret", {"notify_channel": "webhook"}, "warn"),
        ("gateway_secret", {"notify_channel": "webhook", "notify_secret": "s"}, "ok"),
        ("area_code", {}, "warn"),
        ("area_code", {"area_code": "0532"}, "ok"),
        ("limits", {"limits_enabled": True}, "ok"),
        ("limits", {"limits_enabled": False}, "warn"),
        ("keys", {}, "ok"),
        ("keys", {"secret_key": ""}, "fail"),
    ],
)
def test_guarding_values_that_are_empty_are_told(
    session: Session, settings: Settings, town: Town, code: str, given: dict[str, Any], expected: str
) -> None:
    assert lines(session, replace(settings, **given), town)[code].state == expected


def test_backups_and_their_trial_are_told(session: Session, settings: Settings, town: Town) -> None:
    assert [state(lines(session, settings, town)[one]) for one in ("backup", "drill")] == [
        ("fail", 1, None),
        ("warn", 1, None),
    ]
    note_at_shell(session, "backup_made", ("backup", None))
    note_at_shell(session, "backup_drilled", ("backup", None))
    session.flush()
    assert [state(lines(session, settings, town)[one]) for one in ("backup", "drill")] == [
        ("ok", 0, 0),
        ("ok", 0, 0),
    ]


def test_how_the_last_trial_went_is_told(session: Session, settings: Settings, town: Town) -> None:
    good = {"good": True, "records": 412, "history": 600, "files": 7, "seals": 3}
    note_at_shell(session, "backup_drilled", ("backup", None), after=good)
    session.flush()
    line = lines(session, settings, town)["drill"]
    assert (line.state, line.meaning.en) == ("ok", "412 records, 7 files and 3 seals came back")
    note_at_shell(
        session, "backup_drilled", ("backup", None), after={"good": False, "why": "坏了 · it is cut"}
    )
    session.flush()
    line = lines(session, settings, town)["drill"]
    assert state(line) == ("fail", 1, 0)
    assert tuple(line.meaning) == (
        "上次试恢复失败：坏了",
        "The last one could not be brought back: it is cut",
    )
    session.execute(text("UPDATE administrative_act SET acted_at = acted_at - interval '120 days'"))
    note_at_shell(session, "backup_drilled", ("backup", None), after={"good": True})
    session.execute(text("UPDATE administrative_act SET acted_at = acted_at - interval '101 days'"))
    session.flush()
    line = lines(session, settings, town)["drill"]
    assert (state(line), "never tried" in line.meaning.en) == (("warn", 1, 101), True)


def test_the_demo_city_is_none(session: Session, settings: Settings, town: Town) -> None:
    assert lines(session, settings, town)["demo"].state == "ok"
    session.execute(text("UPDATE account SET is_demo = true"))
    assert lines(session, settings, town)["demo"].state == "fail"


def test_a_branch_sees_its_own(session: Session, settings: Settings, town: Town) -> None:
    whole, branch = (lines(session, settings, town, who) for who in ("admin", "branch_admin"))
    assert (branch["cells"].total, whole["cells"].total) == (3, 4)
    nobody = Actor(town["rep"], town["north"], frozenset({Role.REPRESENTATIVE}))
    with pytest.raises(Problem, match="not_allowed"):
        checklist(session, settings, nobody)
