"""Each fault of the table is caused, and seen as metric, alert rule, line of the checklist and message."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import text

from backend.alarms.queries.raised import keep_threshold
from backend.alarms.services.table import ALARMS, TABLE
from backend.alarms.services.watching import watch
from backend.core.actor import Actor, Role
from backend.core.config import Settings
from backend.core.db import Database
from backend.setup.services.checklist import checklist
from tests.alarms.causes import CAUSES, all_live, open_writer
from tests.alarms.scraped import scrape
from tests.factories import Town

NOON = datetime(2026, 9, 1, 4, tzinfo=UTC)


def lines(database: Database, settings: Settings, town: Town) -> dict[str, tuple[str, str]]:
    """State and meaning of each line of the checklist."""
    actor = Actor(town["admin"], town["group"], frozenset({Role.ADMIN}))
    with database.transaction() as session:
        return {one.code: (str(one.state), one.meaning.en) for one in checklist(session, settings, actor)}


def told(database: Database) -> list[str]:
    with database.transaction() as session:
        asked = "SELECT text_zh || text_en FROM notice WHERE text_zh LIKE '告警%' ORDER BY created_at, id"
        return list(session.scalars(text(asked)))


def messages(database: Database) -> int:
    with database.transaction() as session:
        return int(
            session.scalar(text("SELECT count(*) FROM outbox WHERE detail::text LIKE '%alarm_notice%'")) or 0
        )


@pytest.fixture
def watched(database: Database, settings: Settings) -> Settings:
    all_live(database, settings)
    return replace(settings, notify_channel="purposes")


def test_the_table_and_its_causes_name_the_same() -> None:
    assert {*CAUSES, "oldest_writer"} == {*ALARMS}


def test_nothing_rings_where_all_is_well(
    app: Flask, database: Database, watched: Settings, town: Town
) -> None:
    assert watch(database, watched) == frozenset()
    found = scrape(app)
    assert [one.code for one in TABLE if found.rings(one)] == []
    assert {lines(database, watched, town)[one][0] for one in ALARMS} == {"ok"}
    assert told(database) == []


@pytest.mark.parametrize("code", [one.code for one in TABLE])
def test_each_fault_is_seen_in_four_places(
    code: str, app: Flask, database: Database, watched: Settings, town: Town
) -> None:
    alarm = ALARMS[code]
    with ExitStack() as stack:
        if code in CAUSES:
            CAUSES[code](database, watched)
        else:
            stack.enter_context(open_writer(database))
            with database.transaction() as session:
                keep_threshold(session, code, 0)
        assert watch(database, watched) == {code}
        found = scrape(app)
        assert [one.code for one in TABLE if found.rings(one)] == [code]
        assert found.ringing() == {code}
        state, meaning = lines(database, watched, town)[code]
    assert state == ("fail" if alarm.is_grave else "warn")
    # Of a drill the line tells what it found.
    assert code == "drill" or re.search(r" \(now .+, threshold .+\)$", meaning)
    # Once, to the one administrator of the topmost unit, in both languages; the message is on its way.
    assert len(told(database)) == messages(database) == 1
    assert alarm.ringing.zh in told(database)[0]
    assert alarm.do.en in told(database)[0]
