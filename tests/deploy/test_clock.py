"""Only one clock runs on a database: a second one says so and waits; none while it is away."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from celery import Celery
from sqlalchemy import text
from sqlalchemy.pool import NullPool

from backend.core import logs
from backend.core.config import Settings
from backend.core.db import Database, make_engine
from backend.demo.story_actors import until
from backend.queue.clock import WAIT_S, OneClock
from backend.queue.tasks import make_celery

Started = Callable[[], OneClock]


def another(database: Database) -> Database:
    """The same database as another process sees it."""
    return Database(
        make_engine(database.engine.url.render_as_string(hide_password=False), poolclass=NullPool)
    )


@pytest.fixture
def queue(settings: Settings) -> Celery:
    """The application with a broker in memory."""
    logs.configure()
    app = make_celery(replace(settings, broker_url="memory://"))
    # What sweeps the outbox is due at once, not each five seconds.
    for entry in app.conf.beat_schedule.values():
        entry["schedule"] = 0.1
    return app


def started(app: Celery, database: Database, folder: Path) -> OneClock:
    # Both with the same file, as two units on one machine have.
    turn = another(database).turn("the clock of this test")
    return OneClock(app, schedule_filename=str(folder / "schedule"), turn=turn)


def sent(app: Celery) -> int:
    """How many tasks lie in the broker; they are taken out."""
    with app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
        found = queue.qsize()
        queue.clear()
        return int(found)


def events(capsys: pytest.CaptureFixture[str]) -> list[str]:
    lines = capsys.readouterr().err.splitlines()
    return [json.loads(line)["event"] for line in lines if line.startswith("{")]


def until_sent(clock: OneClock, app: Celery) -> bool:
    """Whether the clock sends something: all that is due."""
    return until(lambda: clock.tick() >= 0 and sent(app) > 0, 15)


def test_a_second_clock_says_so_waits_and_takes_over(
    queue: Celery, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (started(queue, database, tmp_path) for _ in range(2))
    assert until_sent(first, queue)
    assert [second.tick() for _ in range(3)] == [WAIT_S] * 3
    assert sent(queue) == 0
    assert events(capsys) == ["clock.another_runs"]
    first.close()
    assert until_sent(second, queue)
    assert events(capsys) == ["clock.runs"]
    second.close()


def test_a_clock_whose_connection_was_cut_goes_on(queue: Celery, database: Database, tmp_path: Path) -> None:
    clock = started(queue, database, tmp_path)
    assert until_sent(clock, queue)
    with database.transaction() as session:
        cut = """
            SELECT count(pg_terminate_backend(pid))
            FROM pg_locks
            WHERE locktype = 'advisory'
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """
        assert session.execute(text(cut)).scalar_one() == 1
    assert until_sent(clock, queue)
    clock.close()


def test_no_clock_runs_while_the_database_is_away(
    queue: Celery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Database(make_engine("postgresql://nobody@127.0.0.1:1/nothing", poolclass=NullPool))
    clock = OneClock(queue, schedule_filename=str(tmp_path / "schedule"), turn=lost.turn("a clock"))
    assert [clock.tick() for _ in range(3)] == [WAIT_S] * 3
    assert events(capsys) == ["clock.database_away"]
    assert list(tmp_path.glob("schedule*")) == []
    clock.close()


def test_a_broker_that_is_away_is_said_once_and_not_by_a_page_for_each_task(
    settings: Settings, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = make_celery(replace(settings, broker_url="redis://127.0.0.1:9/0"))
    app.conf.broker_transport_options |= {"max_retries": 0}
    app.conf.task_publish_retry = False
    logs.configure()
    clock = started(app, database, tmp_path)
    for entry in list(clock.schedule.values())[:3]:
        clock.apply_entry(entry)
    assert events(capsys) == ["clock.broker_away"]
    clock.close()


def test_a_turn_is_one_s_own_until_it_is_given_back(database: Database) -> None:
    mine, yours = (another(database).turn("a task") for _ in range(2))
    other_task = another(database).turn("another task")
    assert [mine.take(), mine.take(), yours.take(), other_task.take()] == [True, True, False, True]
    mine.give_back()
    mine.give_back()
    assert [yours.take(), mine.take(), mine.is_away] == [True, False, False]
    yours.give_back()
    other_task.give_back()
