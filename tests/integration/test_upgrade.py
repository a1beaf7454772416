"""A filled database of an older release: what was there is there after the upgrade, and can be worked with."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from backend import migrations
from backend.actor import system
from backend.db import Database
from backend.services import door
from tests.factories import Town


def _at(database: Database, revision: str) -> None:
    with database.engine.begin() as connection:
        command.downgrade(migrations._config(connection), revision)


def _bodies(database: Database) -> dict[tuple[str, str], str]:
    with database.engine.connect() as connection:
        return {
            (row[0], row[1]): row[2]
            for row in connection.execute(text("SELECT kind, id::text, body FROM sync_document"))
        }


def test_a_filled_database_of_release_two_comes_up(database: Database, town: Town) -> None:
    before = _bodies(database)
    _at(database, "0002")
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT to_regclass('ground_plan')")).scalar() is None
    migrations.upgrade(database.engine)
    assert migrations.differences(database.engine) == []
    assert _bodies(database) == before
    with database.transaction() as session:
        changed = door.change(session, system(town["north"]), "crew", town["crew"], {"break_minutes": 30})
        assert changed.version == 2
