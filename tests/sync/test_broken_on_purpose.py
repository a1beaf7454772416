"""Mutation checks of tests: the promises P1, P5, P6 and P9 broken on purpose.

What their tests look at does change when the promise is not kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import Any

import pytest
from sqlalchemy import text

from backend.core.actor import system
from backend.core.blobs.upload_files import Parts
from backend.core.db import Database
from backend.core.services import record_writer
from backend.phones.queries.rights import StaffRights
from backend.queue import serving
from mobile_api_spec.phone import Phone
from sync.cursor import Snapshot
from sync.postgres import pull as postgres_pull
from sync.postgres.push import PostgresPush
from sync.prefetch import Look
from tests.conftest import Person
from tests.factories import Town, hand_in, mutation, uid
from tests.sync.test_races import Reader


def _visit(town: Town, customer: str) -> Any:
    values = {"customer_id": town[customer], "representative_id": town["rep"], "method": "phone"}
    return mutation("visit", record_writer.new_id(), "create", values, base_version=0)


def _after_a_slow_writer(database: Database, town: Town) -> Reader:
    """A reader that pulled while one transaction was open and another had ended.

    It pulled once more when both had ended.
    """
    reader, north = Reader(database, f"cell:{town['cell 0']}"), system(town["north"])
    while reader.pull(100):
        pass
    with database.transaction() as slow:
        record_writer.change(slow, north, "customer", town["customer 0"], {"note": "slow"})
        with database.transaction() as quick:
            record_writer.change(quick, north, "customer", town["customer 4"], {"note": "quick"})
        reader.pull(100)
    reader.pull(100)
    return reader


def test_p1_a_snapshot_read_as_a_number_loses_the_slow_writer(
    database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row of a transaction that was open when the phone pulled is never sent."""
    original = Snapshot.parse
    monkeypatch.setattr(
        Snapshot, "parse", classmethod(lambda _cls, t: Snapshot(original(t).xmax, original(t).xmax))
    )
    monkeypatch.setattr(Snapshot, "clamped", lambda self, _highest: self)
    reader = _after_a_slow_writer(database, town)
    assert reader.versions["customer", town["customer 4"]] == 2
    assert reader.versions["customer", town["customer 0"]] == 1, "the promise was broken and nobody noticed"


def test_p1_entries_older_than_the_walk_s_beginning_are_lost_without_the_open_ones(
    database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement without its branch for transactions that were open."""
    monkeypatch.setattr(postgres_pull, "_CHANGES", postgres_pull._CHANGES_SIMPLE)
    reader = _after_a_slow_writer(database, town)
    assert reader.versions["customer", town["customer 0"]] == 1


def test_p5_a_store_that_shows_everything_tells_what_is_there(
    database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endings() -> list[str]:
        with database.transaction() as session:
            found = hand_in(session, town.actor("rep"), [_visit(town, "customer 3"), _visit(town, "nowhere")])
        return [one["status"] for one in found]

    assert endings() == ["held", "held"]
    monkeypatch.setattr(PostgresPush, "visible", lambda self, keys, _scopes, **_: self.present(keys))
    assert endings() == ["applied", "held"]


def test_p5_rights_that_are_not_asked_let_a_stranger_write(
    database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = mutation("customer", town["customer 2"], "change", {"note": "not mine"})

    def ending(id_: str) -> Any:
        with database.transaction() as session:
            (found,) = hand_in(session, town.actor("rep"), [change | {"id": id_}])
        return found["status"], found["code"]

    assert ending(uid("1")) == ("held", "waits_for")

    monkeypatch.setattr(StaffRights, "now", lambda _self: _Everything())
    assert ending(uid("2"))[0] == "applied"


def test_p5_a_push_that_knows_every_record_tells_what_is_there(
    database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endings() -> list[str]:
        records = (town["customer 3"], record_writer.new_id())
        batch = [mutation("customer", one, "change", {"note": "x"}) for one in records]
        with database.transaction() as session:
            return [one["status"] for one in hand_in(session, town.actor("rep"), batch)]

    assert endings() == ["held", "held"]
    monkeypatch.setattr(Look, "_known", lambda _self, _batch, stored: set(stored))
    assert endings() == ["parked", "held"]


def test_p3_predecessors_that_are_anybodys_tell_what_others_have_sent(
    database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = mutation("customer", town["customer 2"], "change", {"note": "x"})
    with database.transaction() as session:
        hand_in(session, town.actor("other_rep"), [theirs])

    def ending() -> str:
        one = mutation("customer", town["customer 0"], "change", {"note": "x"}, after=theirs["id"])
        with database.transaction() as session:
            return str(hand_in(session, town.actor("rep"), [one])[0]["status"])

    assert ending() == "held"
    monkeypatch.setattr(Look, "_ended", lambda _self, afters, _answers: set(afters))
    assert ending() == "applied"


class _Everything(Collection[str]):
    """Every scope there is."""

    def __contains__(self, _one: object) -> bool:
        return True

    def __iter__(self) -> Any:
        return iter((f"cell:{uid('cell 2')}", f"office:{uid('north')}"))

    def __len__(self) -> int:
        return 2


def test_p6_outcomes_that_are_not_stored_make_a_retry_write(
    database: Database, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = [_visit(town, "customer 0")]

    def counted() -> int:
        with database.transaction() as session:
            hand_in(session, town.actor("rep"), batch)
        with database.engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM sync_waiting")).scalar_one())

    assert [counted(), counted()] == [0, 0]
    batch[0] = _visit(town, "customer 0")
    monkeypatch.setattr(PostgresPush, "answered", lambda _self, _ids: {})
    monkeypatch.setattr(PostgresPush, "answer", lambda _self, _author, found: {one.id for one, _ in found})
    assert [counted(), counted()] == [0, 1]


def test_p9_bytes_that_changed_on_the_way_never_count_unless_nobody_looks(
    phone_of: Callable[..., Phone],
    as_: Callable[[str], Person],
    database: Database,
    town: Town,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A disk or a link that turns bytes round: no photo arrives.

    Without the look at the hash a wrong one does.
    """
    data, original = bytes(range(256)) * 2_000, Parts._write
    monkeypatch.setattr(
        Parts, "_write", lambda self, id_, f, t, chunk: original(self, id_, f, t, chunk[::-1])
    )
    rep = phone_of("rep")
    rep.sync()
    photo = rep.take_photo("customer", town["customer 0"], "site", data, {"cell_id": town["cell 0"]})
    rep.sync()
    serving.serve(database)
    assert rep.store.photos_waiting()
    assert rep.store.photos_in_trouble()[photo]["code"] == "wrong_hash"
    assert as_("dispatcher").get(f"/photos/{photo}")["arrived_at"] is None
    monkeypatch.setattr(Parts, "sha256", lambda _self, _id: hashlib.sha256(data).hexdigest())
    rep.sync()
    serving.serve(database)
    assert as_("dispatcher").get(f"/photos/{photo}")["arrived_at"] is not None
    assert as_("dispatcher")("GET", f"/photo-content/{photo}").data != data
