"""Seals by one key after another.

The newest vouches for those before it, and a stolen old one adds nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.db import Database
from backend.core.keys import PURPOSES, SEALS, Keys, Ring
from backend.core.services import record_writer
from backend.evidence.kinds.seal import Seal
from backend.evidence.services import sealing
from backend.evidence.services.sealing import Broken
from tests.factories import Town


def one_more(database: Database, town: Town, keys: Keys, home: Path, note: str) -> int:
    """A change and its seal."""
    with database.transaction() as session:
        record_writer.change(session, system(town["north"]), "customer", town["customer 0"], {"note": note})
    return sealing.seal_history(database, keys, home)


@pytest.fixture
def keys(database: Database, town: Town, tmp_path: Path) -> Keys:
    """Three keys, one after the other, each with a seal of its own."""
    keys = Keys(tmp_path / "keys.json")
    keys.write(Ring().rotated(PURPOSES))
    sealing.seal_history(database, keys, tmp_path)
    for n in range(2):
        keys.write(keys.ring().rotated([SEALS]))
        assert one_more(database, town, keys, tmp_path, f"{n}") == 1
    return keys


def walk(database: Database, keys: Keys | str) -> list[Broken | Seal]:
    with database.transaction() as session:
        return list(sealing.verify_history(session, keys))


def run(database: Database, statement: str, **values: object) -> None:
    with database.transaction() as session:
        assert session.execute(text(statement), values).rowcount > 0  # type: ignore[attr-defined]


def only(keys: Keys, *places: int) -> Keys:
    """A ring with some of the sealing keys, as somebody else's file holds it."""
    ring = keys.ring().of(SEALS)
    other = Keys(Path("/nonexistent/keys.json"), text=Ring(tuple(ring[place] for place in places)).as_text())
    assert len(other.of(SEALS)) == len(places)
    return other


def test_the_newest_key_alone_verifies_the_seals_of_all(database: Database, keys: Keys) -> None:
    ids = [one.id for one in keys.of(SEALS)]
    for ring in (keys, only(keys, 2), only(keys, 0, 2), only(keys, 1, 2)):
        found = walk(database, ring)
        assert [one.key_id for one in found if isinstance(one, Seal)] == ids


def test_another_servers_key_verifies_nothing(database: Database, keys: Keys) -> None:
    found = walk(database, "another server's secret")[-1]
    assert isinstance(found, Broken) and found.why == "not signed by this server"


def test_a_stolen_old_key_neither_adds_a_seal_nor_makes_one_anew(
    database: Database, keys: Keys, town: Town, tmp_path: Path
) -> None:
    """The thief writes in the database, too: every way they have to make their key count."""
    thief = only(keys, 0)
    run(database, "DELETE FROM sealing_key")
    run(database, "DELETE FROM sealed_row WHERE seal_number > 1")
    run(database, "DELETE FROM seal WHERE number > 1")
    assert one_more(database, town, thief, tmp_path, "false") > 0
    held = walk(database, keys)
    # A chain cut short is what witnesses are for; then the server seals again, and the thief's key has ended
    # for good.
    assert all(isinstance(one, Seal) for one in held)
    assert one_more(database, town, keys, tmp_path, "true") == 1
    run(
        database,
        "UPDATE sealing_key SET successor = NULL, endorsement = NULL WHERE id = :id",
        id=thief.of(SEALS)[0].id,
    )
    assert one_more(database, town, thief, tmp_path, "false again") == 1
    found = walk(database, keys)[-1]
    assert isinstance(found, Broken)
    assert found.row == ("sealing_key", thief.of(SEALS)[0].id, 0)


def test_a_seal_by_a_key_that_ended_is_named(
    database: Database, keys: Keys, town: Town, tmp_path: Path
) -> None:
    thief = only(keys, 1)
    known = text("SELECT * FROM sealing_key WHERE id = :id")
    with database.transaction() as session:
        kept = session.execute(known, {"id": thief.of(SEALS)[0].id}).mappings().one()
    run(database, "DELETE FROM sealing_key WHERE id = :id", id=kept["id"])
    assert one_more(database, town, thief, tmp_path, "false") == 1
    run(database, "DELETE FROM sealing_key WHERE id = :id", id=kept["id"])
    run(
        database,
        """
        INSERT INTO sealing_key
        VALUES (:id, :public_key, :successor, :last_number, :last_hash, :endorsement)
        """,
        **kept,
    )
    found = walk(database, keys)[-1]
    assert isinstance(found, Broken) and (found.seal, found.why) == (4, "signed with a key that had ended")


@pytest.mark.parametrize(
    "change",
    [
        "public_key = set_byte(public_key, 5, get_byte(public_key, 5) # 1)",
        "endorsement = set_byte(endorsement, 5, get_byte(endorsement, 5) # 1)",
        "last_hash = set_byte(last_hash, 5, get_byte(last_hash, 5) # 1)",
        "last_number = last_number + 1",
        "successor = 'x' || substr(successor, 2)",
        "id = 'x' || substr(id, 2)",
        "successor = NULL",
    ],
)
def test_whatever_is_changed_in_a_keys_row_is_named(database: Database, keys: Keys, change: str) -> None:
    for ring, place in ((keys, 0), (keys, 1), (only(keys, 2), 0), (only(keys, 2), 1)):
        key_id = keys.of(SEALS)[place].id
        with database.engine.connect() as connection, connection.begin() as undone:
            connection.execute(text(f"UPDATE sealing_key SET {change} WHERE id = :id"), {"id": key_id})
            found = list(sealing.verify_history(Session(connection), ring))[-1]
            undone.rollback()
        assert isinstance(found, Broken), (place, change)


def test_the_key_that_seals_and_what_a_seal_says_of_its_key(database: Database, keys: Keys) -> None:
    run(database, "UPDATE seal SET key_id = NULL WHERE number = 3")
    found = walk(database, keys)[-1]
    assert isinstance(found, Broken) and (found.seal, found.why) == (3, "it does not name its key")
    run(database, "UPDATE seal SET key_id = :id WHERE number = 3", id=keys.of(SEALS)[1].id)
    found = walk(database, keys)[-1]
    assert isinstance(found, Broken) and (found.seal, found.why) == (3, "not signed by this server")


def test_a_server_with_an_old_ring_does_not_seal(
    database: Database, keys: Keys, town: Town, tmp_path: Path
) -> None:
    assert one_more(database, town, only(keys, 0, 1), tmp_path, "by the old") == 0
    assert one_more(database, town, keys, tmp_path, "by the new") == 2
    assert all(isinstance(one, Seal) for one in walk(database, keys))


def test_seals_cut_off_behind_a_key_that_followed_are_missed(database: Database, keys: Keys) -> None:
    run(database, "DELETE FROM sealed_row WHERE seal_number > 1")
    run(database, "DELETE FROM seal WHERE number > 1")
    found = walk(database, keys)[-1]
    assert isinstance(found, Broken)
    assert found == Broken(2, "the seal is gone, and the key that followed has seen it")
