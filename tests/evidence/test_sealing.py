"""History under seals: whatever is changed, taken away or rewritten whole is found.

What is erased by law is not.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import system
from backend.core.db import Database
from backend.core.queries.scopes import values_at
from backend.core.services import record_writer
from backend.evidence.kinds.seal import Seal
from backend.evidence.services import sealing
from backend.evidence.services.sealing import Broken
from mobile_api_spec.phone import Phone
from sync.postgres.push import deadline_passed
from tests.conftest import Person
from tests.factories import Town

SECRET = "of this test"


@pytest.fixture
def sealed(database: Database, town: Town, tmp_path: Path) -> Database:
    """The town's history under one seal, and a change to a customer under a second."""
    assert sealing.seal_history(database, SECRET, tmp_path) > 30
    with database.transaction() as session:
        record_writer.change(
            session, system(town["north"]), "customer", town["customer 0"], {"phone": "13900000000"}
        )
    assert sealing.seal_history(database, SECRET, tmp_path) == 1
    return database


def walk(database: Database, *witnesses: Path, secret: str = SECRET) -> list[Broken | Seal]:
    with database.transaction() as session:
        return list(sealing.verify_history(session, secret, witnesses))


def broken(database: Database, *witnesses: Path, secret: str = SECRET) -> Broken:
    found = walk(database, *witnesses, secret=secret)[-1]
    assert isinstance(found, Broken), found
    return found


def run(database: Database, *statements: str) -> None:
    with database.transaction() as session:
        for one in statements:
            session.execute(text(one))


def test_a_history_nobody_touched_holds(sealed: Database, tmp_path: Path) -> None:
    found = walk(sealed, tmp_path / sealing.WITNESS)
    assert [one.number for one in found if isinstance(one, Seal)] == [1, 2]
    assert sealing.seal_history(sealed, SECRET, tmp_path) == 0


@pytest.mark.parametrize(
    ("tampering", "seal", "why"),
    [
        (
            "UPDATE sync_history SET changed = jsonb_set(changed, '{name,1}', '\"李四\"') "
            "WHERE kind = 'customer' AND op = 'create'",
            1,
            "the row was changed",
        ),
        (
            "UPDATE sync_history SET changed = jsonb_set(changed, '{phone,1}', '\"1\"') "
            "WHERE kind = 'customer' AND version = 2",
            2,
            "the row was changed",
        ),
        (
            "UPDATE sync_history SET happened_at = happened_at - interval '1 second' "
            "WHERE kind = 'customer' AND version = 2",
            2,
            "the row was changed",
        ),
        (
            "UPDATE sync_history SET actor_id = id WHERE kind = 'customer' AND version = 2",
            2,
            "the row was changed",
        ),
        ("DELETE FROM sync_history WHERE kind = 'customer' AND version = 2", 2, "the row is gone"),
        (
            "DELETE FROM sealed_row WHERE kind = 'customer' AND version = 2",
            2,
            "its rows are not those that were sealed",
        ),
        (
            "UPDATE seal SET sealed_at = sealed_at - interval '1 day' WHERE number = 1",
            1,
            "the seal itself was changed",
        ),
        ("DELETE FROM seal WHERE number = 1", 1, "the seal is gone"),
        ("UPDATE seal SET signature = previous || previous WHERE number = 2", 2, "not signed by this server"),
    ],
)
def test_what_was_tampered_with_is_named(sealed: Database, tampering: str, seal: int, why: str) -> None:
    run(sealed, tampering)
    found = broken(sealed)
    assert (found.seal, found.why) == (seal, why)
    assert (found.row is not None) == why.startswith("the row")


def test_the_row_is_named(sealed: Database, town: Town) -> None:
    run(sealed, "DELETE FROM sync_history WHERE kind = 'customer' AND version = 2")
    assert broken(sealed).row == ("customer", town["customer 0"], 2)


def rewritten(database: Database, home: Path) -> None:
    """Somebody with the server's own secret changes the past and seals everything anew."""
    run(
        database,
        """
        UPDATE sync_history
        SET changed = jsonb_set(changed, '{phone,1}', '"1"')
        WHERE kind = 'customer'
          AND version = 2
        """,
        "DELETE FROM sealed_row",
        "DELETE FROM seal",
    )
    sealing.seal_history(database, SECRET, home, everything=True)


def test_a_copy_rewritten_whole_does_not_fit_what_a_witness_has_seen(
    sealed: Database, tmp_path: Path
) -> None:
    kept = tmp_path / "elsewhere.jsonl"
    shutil.copy(tmp_path / sealing.WITNESS, kept)
    (tmp_path / sealing.WITNESS).unlink()
    rewritten(sealed, tmp_path)
    assert not [one for one in walk(sealed) if isinstance(one, Broken)]
    assert broken(sealed, kept) == Broken(1, "a witness has seen another seal")


def test_a_chain_cut_short_is_found_by_its_witness(sealed: Database, tmp_path: Path) -> None:
    run(sealed, "DELETE FROM sealed_row WHERE seal_number = 2", "DELETE FROM seal WHERE number = 2")
    assert broken(sealed, tmp_path / sealing.WITNESS) == Broken(
        2, "the seal is gone, and a witness has seen it"
    )


def test_seals_by_another_secret_are_not_this_servers(sealed: Database) -> None:
    assert broken(sealed, secret="another").why == "not signed by this server"


def test_what_the_law_asks_to_erase_goes_and_the_chain_holds(
    sealed: Database, town: Town, tmp_path: Path, as_: Callable[[str], Person]
) -> None:
    with sealed.transaction() as session:
        sealing.erase_values(session, "customer", town["customer 0"])
    sealing.seal_history(sealed, SECRET, tmp_path)
    with sealed.transaction() as session:
        assert sealing.erase_from_history(session, "customer", town["customer 0"]) == 3
    with sealed.engine.connect() as connection:
        left = connection.execute(
            text("SELECT changed::text FROM sync_history WHERE id = CAST(:id AS uuid)"),
            {"id": town["customer 0"]},
        )
        told = " ".join(row[0] for row in left)
    assert "13900000000" not in told
    assert "王小一" not in told
    assert not [one for one in walk(sealed, tmp_path / sealing.WITNESS) if isinstance(one, Broken)]
    # And the erased hash is still part of the seal.
    history = as_("dispatcher").get(f"/customers/{town['customer 0']}/history")
    assert all(one["changed"].get("phone", [None, None]) == [None, None] for one in history)
    run(sealed, "UPDATE sync_history SET changed = changed - 'phone' WHERE kind = 'customer' AND version = 2")
    assert broken(sealed).why == "the row was changed"


def test_work_on_what_was_erased_is_judged_all_the_same(sealed: Database, town: Town, tmp_path: Path) -> None:
    began = datetime.now(UTC)
    with sealed.transaction() as session:
        sealing.erase_values(session, "customer", town["customer 0"])
    sealing.seal_history(sealed, SECRET, tmp_path)
    with sealed.transaction() as session:
        sealing.erase_from_history(session, "customer", town["customer 0"])
        stood = values_at(session, ("customer", town["customer 0"]), began)
    assert stood is not None
    assert stood["cell_id"] == town["cell 0"]


def test_parked_work_and_disputes_forget_too(
    sealed: Database, town: Town, tmp_path: Path, phone_of: Callable[..., Phone], as_: Callable[[str], Person]
) -> None:
    stranger = phone_of("south_rep")
    stranger.sync()
    stranger.change("customer", town["customer 0"], {"phone": "13811112222", "note": "换表"})
    stranger.sync()
    with sealed.transaction() as session:
        assert deadline_passed(session.connection(), datetime.now(UTC) + timedelta(hours=73)) == 1
        sealing.erase_values(session, "customer", town["customer 0"])
    sealing.seal_history(sealed, SECRET, tmp_path)
    with sealed.transaction() as session:
        sealing.erase_from_history(session, "customer", town["customer 0"])
        kept = session.execute(text("SELECT verbatim FROM sync_waiting")).scalars().all()
        assert len(kept) == 1
        assert b"13811112222" not in bytes(kept[0]) and "换表" in bytes(kept[0]).decode()
    assert len(as_("admin").get("/inbox/parked")) == 1


def test_a_row_that_commits_late_is_under_the_next_seal(sealed: Database, town: Town, tmp_path: Path) -> None:
    """A long transaction began before a seal and ends after it.

    The sealer neither waits for it nor forgets it.
    """
    with Session(sealed.engine) as late:
        record_writer.change(late, system(town["north"]), "customer", town["customer 1"], {"note": "late"})
        with sealed.transaction() as session:
            record_writer.change(
                session, system(town["north"]), "customer", town["customer 2"], {"note": "soon"}
            )
        assert sealing.seal_history(sealed, SECRET, tmp_path) == 1
        late.commit()
    assert sealing.seal_history(sealed, SECRET, tmp_path) == 1
    assert not [one for one in walk(sealed) if isinstance(one, Broken)]


def test_two_sealers_make_one_chain(database: Database, tmp_path: Path) -> None:
    made: list[int] = []
    threads = [
        threading.Thread(target=lambda: made.append(sealing.seal_history(database, SECRET, tmp_path)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.engine.connect() as connection:
        assert sum(made) == connection.execute(text("SELECT count(*) FROM sync_history")).scalar_one()
    assert not [one for one in walk(database) if isinstance(one, Broken)]


@pytest.mark.parametrize("leaves", [0, 1, 2, 3, 5, 8, 13])
def test_every_leaf_and_its_place_counts(leaves: int) -> None:
    given = [bytes([n]) * 32 for n in range(leaves)]
    root = sealing.root_of(given)
    for n in range(leaves):
        assert sealing.root_of([*given[:n], b"x" * 32, *given[n + 1 :]]) != root
    if leaves > 1:
        assert sealing.root_of(given[::-1]) != root
        assert sealing.root_of(given[:-1]) != root


@pytest.fixture
def held(sealed: Database, as_: Callable[[str], Person]) -> list[dict[str, object]]:
    """What the leader's phone holds: the seals it was given."""
    with sealed.transaction() as session:
        rows = session.execute(text("SELECT number, encode(hash, 'hex') FROM seal ORDER BY number")).all()
    newest = as_("leader")("POST", "/evidence/seals/witness", {"seals": []}).get_json()["newest"]
    assert newest == {"number": rows[-1][0], "hash": rows[-1][1]}
    return [{"number": number, "hash": digest} for number, digest in rows]


def test_a_phone_that_holds_the_same_seals_alarms_nobody(
    sealed: Database, held: list[dict[str, object]], as_: Callable[[str], Person]
) -> None:
    assert as_("leader")("POST", "/evidence/seals/witness", {"seals": held}).get_json()["differ"] == []
    assert notices(sealed) == 0


def test_a_history_sealed_anew_is_noticed_by_the_next_phone(
    sealed: Database, held: list[dict[str, object]], as_: Callable[[str], Person], town: Town, tmp_path: Path
) -> None:
    """Everything on the server was rewritten, its witness file too.

    `wangge verify` finds nothing, a phone does.
    """
    with sealed.transaction() as session:
        session.execute(
            text("UPDATE account SET unit_id = CAST(:unit AS uuid) WHERE staff_id = CAST(:admin AS uuid)"),
            {"unit": town["north"], "admin": town["admin"]},
        )
    run(
        sealed,
        "DELETE FROM sealed_row",
        "DELETE FROM seal",
        """
        UPDATE sync_history
        SET changed = jsonb_set(changed, '{phone,1}', '"1"')
        WHERE kind = 'customer'
          AND version = 2
        """,
    )
    (tmp_path / sealing.WITNESS).unlink()
    while sealing.seal_history(sealed, SECRET, tmp_path, everything=True):
        pass
    assert isinstance(walk(sealed, tmp_path / sealing.WITNESS)[-1], Seal)
    phone = as_("leader")
    assert phone("POST", "/evidence/seals/witness", {"seals": held}).get_json()["differ"] == [1, 2]
    assert phone("POST", "/evidence/seals/witness", {"seals": held}).get_json()["differ"] == [1, 2]
    assert notices(sealed) == 1


def test_a_phone_keeps_what_it_is_given(sealed: Database, phone_of: Callable[..., Phone]) -> None:
    phone = phone_of("leader")
    assert phone.witness_seals() == []
    assert [one["number"] for one in phone.store.meta("seals")] == [2]
    assert phone.witness_seals() == []
    run(sealed, "UPDATE seal SET hash = previous WHERE number = 2")
    assert phone.witness_seals() == [2]


def notices(database: Database) -> int:
    with database.transaction() as session:
        return int(
            session.execute(
                text("SELECT count(*) FROM notice WHERE text_zh LIKE '%封印与服务器不同%'")
            ).scalar_one()
        )
