"""A filled database of an older release.

What was there is there after the upgrade, and can be worked with.
"""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from backend import migrations
from backend.core.actor import system
from backend.core.db import Database
from backend.core.services import record_writer
from tests.factories import Town, uid


def _at(database: Database, revision: str) -> None:
    with database.engine.begin() as connection:
        command.downgrade(migrations._config(connection), revision)


def _bodies(database: Database) -> dict[tuple[str, str], str]:
    with database.engine.connect() as connection:
        return {
            (row[0], row[1]): row[2]
            for row in connection.execute(text("SELECT kind, id::text, body FROM sync_document"))
        }


def test_letters_and_landlines_kept_before_are_found_and_sign_in(database: Database, town: Town) -> None:
    """What the release before kept, letter for letter and with an area's 0."""
    _at(database, "0020")
    entry = "INSERT INTO search_entry VALUES ('customer', :id, :id, 'ł7', E'sørenæbelø\\nsøren')"
    login = "INSERT INTO account_login SELECT :login, staff_id FROM account_login LIMIT 1"
    with database.transaction() as session:
        session.execute(text(entry), {"id": uid("old entry")})
        for one in ("053266118822", "01066118822", "1066118822", "01234567"):
            session.execute(text(login), {"login": one})
    migrations.upgrade(database.engine)
    with database.transaction() as session:
        kept = session.execute(
            text("SELECT numbers, words FROM search_entry WHERE id = :id"), {"id": uid("old entry")}
        ).one()
        logins = set(session.execute(text("SELECT login FROM account_login")).scalars())
    assert tuple(kept) == ("l7", "sorenaebelo\nsoren")
    assert {"53266118822", "1066118822", "01234567"} <= logins and "053266118822" not in logins


def test_doubled_numbers_of_before_are_kept_and_named(database: Database, town: Town) -> None:
    """No record is lost or changed by the rule that came later; the second of two is a double."""
    first, second = sorted([uid("customer 1"), uid("customer 2")])
    with database.transaction() as session:
        session.execute(text("SET session_replication_role = replica"))
        session.execute(
            text("UPDATE customer SET number = ' ｋ0001' WHERE id = ANY(CAST(:ids AS uuid[]))"),
            {"ids": [first, second]},
        )
    before = _bodies(database)
    _at(database, "0022")
    migrations.upgrade(database.engine)
    assert _bodies(database) == before
    with database.transaction() as session:
        found = session.execute(
            text("SELECT id::text, is_double FROM own_number WHERE form = 'k0001' ORDER BY is_double")
        )
        assert [tuple(row) for row in found] == [(first, False), (second, True)]
        meters = session.execute(
            text("SELECT count(*) FROM own_number WHERE kind = 'service_point'")
        ).scalar()
        assert meters == 8


def test_a_filled_database_of_release_two_comes_up(database: Database, town: Town) -> None:
    before = _bodies(database)
    _at(database, "0002")
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT to_regclass('ground_plan')")).scalar() is None
    migrations.upgrade(database.engine)
    assert migrations.differences(database.engine) == []
    assert _bodies(database) == before
    with database.transaction() as session:
        changed = record_writer.change(
            session, system(town["north"]), "crew", town["crew"], {"break_minutes": 30}
        )
        assert changed.version == 2


def test_customers_and_logins_of_an_older_release_are_found_as_they_are_typed(
    database: Database, town: Town
) -> None:
    """What is there is filled in.

    Readings that were not kept are brought to phones by the outbox, and only those.
    """
    north = system(town["north"])
    with database.transaction() as session:
        for name, pinyin in (("customer 0", "wangxiaoyi wxy"), ("customer 1", "cengguoqiang cgq")):
            values = {"name": "曾国强", "phone": "0532-66118822"} if name == "customer 1" else {}
            record_writer.change(session, north, "customer", town[name], values | {"pinyin": pinyin})
        point = record_writer.read(session, "service_point", town["point 2"])
        record_writer.delete(session, north, "service_point", point.id, version=[point.version])
    _at(database, "0018")
    with database.engine.begin() as connection:
        statement = "UPDATE account SET phone = '+86 139-0000-7777' WHERE staff_id = CAST(:id AS uuid)"
        connection.execute(text(statement), {"id": town["rep"]})
        connection.execute(text("DELETE FROM outbox"))
    migrations.upgrade(database.engine)
    assert migrations.differences(database.engine) == []
    with database.engine.connect() as connection:
        entries = {
            row[0]: row[1] for row in connection.execute(text("SELECT id::text, words FROM search_entry"))
        }
        facts = connection.execute(text("SELECT fact, detail ->> 'id' FROM outbox")).all()
        logins = connection.execute(
            text("SELECT login FROM account_login WHERE staff_id = CAST(:id AS uuid)"), {"id": town["rep"]}
        ).scalars()
        assert {"13900007777", "t005"} <= set(logins)
    assert ("zengguoqiang" in entries[town["customer 1"]], "053266118822" in entries[town["customer 1"]]) == (
        True,
        True,
    )
    assert entries[town["point 0"]].endswith("|香港中路 1 |N")
    assert town["point 2"] not in entries
    assert ("customer.written", town["customer 1"]) in [tuple(one) for one in facts]


def test_logins_that_come_to_one_form_do_not_stop_the_upgrade(database: Database, town: Town) -> None:
    """The active account keeps it; devices stay with those who used them.

    What is downgraded comes up again.
    """
    _at(database, "0008")
    with database.engine.begin() as connection:
        connection.execute(text("DELETE FROM token"))
        for name, number, phone, is_active in (
            ("rep", "Ｔ００５", "139 0000 0000", True),
            ("other_rep", "t005", "１３９０００００００１", False),
            ("leader", "T007", "T008", True),
            ("member", "T008", "13900000000", True),
        ):
            values = {"id": town[name], "number": number, "phone": phone, "active": is_active}
            statement = """
                UPDATE account
                SET staff_number = :number, phone = :phone, is_active = :active
                WHERE staff_id = CAST(:id AS uuid)
            """
            connection.execute(text(statement), values)
        connection.execute(
            text(
                """
                INSERT INTO token (sha256, use, staff_id, device_id, family, expires_at)
                SELECT
                    sha256(CAST(CAST(a.staff_id AS text) AS bytea)), 'access', a.staff_id, d.id, d.id, now()
                FROM account a, device d
                WHERE d.name = 'rep''s phone'
                  AND a.staff_number IN ('Ｔ００５', 'T007')
                """
            )
        )
    migrations.upgrade(database.engine)
    assert migrations.differences(database.engine) == []
    with database.engine.connect() as connection:
        given = dict(
            tuple(row) for row in connection.execute(text("SELECT login, staff_id::text FROM account_login"))
        )
        people = connection.execute(text("SELECT staff_id::text FROM device_person")).scalars().all()
    assert {given[login] for login in ("t005", "13900000000")} <= {town["rep"], town["member"]}
    assert (given["t005"], given["t008"], given["13900000001"]) == (
        town["rep"],
        town["member"],
        town["other_rep"],
    )
    assert len(given) == 12
    assert set(people) == {town["rep"], town["leader"]}
