"""Homes of every release before, upgraded: seals verify, links open, phones' queues arrive, waiting facts are
served."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pyrage
import pytest
from flask import Flask
from sqlalchemy import text

from backend import migrations
from backend.app import make_context
from backend.core import config
from backend.core.blobs.store import key_of
from backend.core.db import Database, make_engine
from backend.core.services import record_writer
from backend.evidence.kinds.seal import Seal
from backend.evidence.services import checking, picturing, sealing
from backend.evidence.services.sealing import Broken
from backend.local.cluster import Cluster
from backend.local.drilling import drill
from backend.local.machine import Machine
from backend.local.restoring import Ways, restore
from backend.local.safekeeping import Wanted, backup
from backend.local.sealed_secrets import Opener
from backend.phones.services.syncing import retry_held
from backend.queue import serving
from mobile_api_spec.phone import Clock, Link, Phone, Refused
from tests.factories import PASSWORD, PEOPLE, Town, uid

RELEASES = sorted((Path(__file__).parents[1] / "fixtures").glob("release_*"))


@dataclass
class Home:
    """The upgraded home: what was kept of it, its settings, its database, and the web application on both."""

    kept: Path
    told: dict[str, Any]
    settings: config.Settings
    database: Database
    app: Flask

    def phone(self, name: str) -> Phone:
        """A phone as it was left, its work unsent, still signed in."""
        link = Link("http://localhost", transport=httpx.WSGITransport(app=self.app))
        return Phone(self.settings.home / "phones" / name, link, Clock())

    def stored(self, kind: str, record: str) -> dict[str, Any]:
        """A record as the server has it."""
        with self.database.transaction() as session:
            return record_writer.read(session, kind, record).values

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        with self.database.snapshot() as session:
            return [tuple(row) for row in session.execute(text(sql), values)]

    def at_its_database(self, cluster: Cluster) -> config.Settings:
        """Its settings with where its database is, as a command has them."""
        return replace(self.settings, database_url=cluster.url(str(self.database.engine.url.database)))

    def need_verified_history(self) -> list[Broken | Seal]:
        """Seals hold, those too that were kept elsewhere; returns them."""
        with self.database.transaction() as session:
            found = list(sealing.verify_history(session, self.settings.keys, [self.kept / sealing.WITNESS]))
        assert all(isinstance(one, Seal) for one in found), found[-1]
        return found

    def need_verified(self) -> int:
        """Nothing that `wangge verify` looks at differs; returns how many rows the seals cover."""
        found = self.need_verified_history()
        blobs = self.app.extensions["wangge"].blobs
        assert [str(one) for one in checking.check_all(self.database, blobs, lambda *_: None)] == []
        return sum(one.rows for one in found if isinstance(one, Seal))


def _restore(cluster: Cluster, name: str, kept: Path, highest_xid: int) -> None:
    """The dump as it is, and transaction ids as far as they were there."""
    cluster.psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    cluster.ensure_database(name)
    program, environment = cluster.where("pg_restore")
    command = [
        program,
        "--no-owner",
        "--exit-on-error",
        f"--dbname={cluster.url(name)}",
        str(kept / "database.dump"),
    ]
    subprocess.run(command, env=environment, check=True)
    cluster.psql(
        name,
        f"DO $$ BEGIN WHILE pg_snapshot_xmax(pg_current_snapshot())::text::bigint < "
        f"{highest_xid + 3} "
        "LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
    )


@pytest.fixture(params=RELEASES, ids=lambda kept: kept.name)
def home(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path, web: Flask) -> Iterator[Home]:
    kept, folder = request.param, tmp_path / "home"
    told = json.loads((kept / "kept.json").read_text("utf-8"))
    name = f"copy_{kept.name}"
    folder.mkdir()
    for name in ("keys.json", "seals.jsonl"):
        shutil.copy(kept / name, folder / name)
    (folder / "keys.json").chmod(0o600)
    for name in ("objects", "phones"):
        shutil.copytree(kept / name, folder / name)
    _restore(cluster, name, kept, told["highest_xid"])
    environment = {"WANGGE_HOME": str(folder), "WANGGE_FONTS": os.environ["WANGGE_FONTS"]}
    settings = replace(config.read(environment), limits_enabled=False)
    database = Database(make_engine(cluster.url(name)))
    migrations.upgrade(database.engine)
    assert migrations.differences(database.engine) == []
    web.extensions["wangge"] = make_context(settings, database)
    yield Home(kept, told, settings, database, web)
    database.engine.dispose()
    cluster.psql("postgres", f"DROP DATABASE {name} WITH (FORCE)")


def test_its_seals_verify(home: Home) -> None:
    assert home.need_verified() == home.told["rows"]
    # History that waited for its seal while the release was changed gets one that fits to those before it.
    assert sealing.seal_history(home.database, home.settings.keys, home.settings.home) > 0
    assert home.need_verified() > home.told["rows"]


def test_its_links_open(home: Home) -> None:
    anybody, links = home.app.test_client(), home.told["links"]
    assert anybody.get(f"/api/v1/shared-papers/{links['paper']}").data.startswith(b"%PDF")
    assert anybody.get(f"/api/v1/shared-photos/{links['picture']}").mimetype == "image/jpeg"
    shown = anybody.post("/api/v1/public/confirmations/sheet", json={"token": links["confirmation"]})
    assert shown.get_json()["sheet"]["result"] == "修好了", shown.text
    job = anybody.post("/api/v1/contractors/job", headers={"Authorization": f"Bearer {links['contractor']}"})
    assert job.get_json()["job"]["number"] == "A2", job.text


def test_its_signed_sheet_is_genuine(home: Home) -> None:
    signature = home.stored("signature", home.told["sheet"]["signed"])
    body = {"signature_id": home.told["sheet"]["signed"], "sheet": signature["sheet"]}
    told = home.app.test_client().post("/api/v1/public/sheets/verification", json=body).get_json()
    assert (told["verdict"], signature["device_check"]) == ("genuine", "valid")


def test_its_phones_queues_arrive_once(home: Home) -> None:
    before = home.rows("SELECT id::text FROM sync_mutation")
    with home.database.transaction() as session:
        session.execute(text("UPDATE token SET expires_at = now() WHERE use = 'access'"))
    for name in ("rep", "leader"):
        phone = home.phone(name)
        cursor, waits = phone.store.meta("cursor"), [one["id"] for one in phone.store.waiting(-1)]
        assert waits == home.told["unsent"][name]["mutations"] != []
        # The access token has ended and is refreshed; the reply to the push is lost: all is sent twice.
        phone.link.plan.extend(["ok", "ok", "lose_reply"])
        assert not phone.try_sync()
        phone.sync()
        assert phone.store.waiting(-1) == phone.store.photos_to_send() == []
        assert {one["status"] for _, one in phone.store.journal() if one and one["id"] in waits} <= {
            "applied",
            "merged",
        }
        assert phone.store.meta("cursor") != cursor
        phone.close()
    new = {one for names in ("rep", "leader") for one in home.told["unsent"][names]["mutations"]}
    assert {row[0] for row in home.rows("SELECT id::text FROM sync_mutation")} == new | {
        row[0] for row in before
    }
    twice = (
        "SELECT mutation_id FROM sync_history WHERE mutation_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
    )
    assert home.rows(twice) == []
    _need_arrived(home)


@pytest.mark.long
def test_it_is_backed_up_drilled_and_restored_and_its_phones_send_again(
    home: Home, cluster: Cluster, tmp_path: Path
) -> None:
    """What its phones had handed in since the backup is sent again, and arrives once."""
    machine, identity = Machine(home.at_its_database(cluster), cluster), pyrage.x25519.Identity.generate()
    ways = Ways([identity])
    backup(machine, tmp_path / "backups", Wanted(closer=Opener(keys=[identity.to_public()])))
    found = drill(machine, tmp_path / "backups", ways)
    seals = home.rows("SELECT count(*) FROM seal")
    assert (found.held.records > 10, [(found.seals,)], found.files > 0) == (True, seals, True)
    for name in ("rep", "leader"):
        phone = home.phone(name)
        phone.sync()
        assert phone.store.waiting(-1) == []
        phone.close()
    _need_arrived(home)
    rows = home.rows("SELECT count(*) FROM sync_document WHERE kind = 'visit'")
    home.database.engine.dispose()
    shutil.rmtree(home.settings.home / "objects")
    assert restore(machine, tmp_path / "backups", ways).lacking == []
    assert home.rows("SELECT count(*) FROM sync_document WHERE kind = 'visit'") < rows
    for name in ("rep", "leader"):
        phone = home.phone(name)
        # Signed in anew since the backup, which that does not know of.
        with pytest.raises(Refused, match="refresh_ended"):
            phone.sync()
        phone.sign_in(f"T{list(PEOPLE).index(name):03d}", PASSWORD)
        phone.sync()
        assert phone.store.waiting(-1), "told of the new epoch, it has put its work back into the queue"
        phone.sync()
        assert phone.store.waiting(-1) == []
        phone.close()
    assert home.rows("SELECT count(*) FROM sync_document WHERE kind = 'visit'") == rows
    visit = home.stored("visit", home.told["unsent"]["made"])
    assert (visit["state"], visit["summary"]) == ("done", "查看水表")
    photo = home.stored("photo", home.told["unsent"]["arrives"])
    blobs = home.app.extensions["wangge"].blobs
    assert len(blobs.get(key_of(photo["sha256"]))) == photo["size_bytes"]
    home.need_verified_history()


def _need_arrived(home: Home) -> None:
    """The visit, the customer, the photo and the signed job stand as they were made on the phones."""
    serving.serve(home.database)
    blobs, photo = home.app.extensions["wangge"].blobs, home.stored("photo", home.told["unsent"]["arrives"])
    assert photo["arrived_at"]
    assert len(blobs.get(key_of(photo["sha256"]))) == photo["size_bytes"]
    picturing.look_at_waiting(home.database, blobs)
    visit = home.stored("visit", home.told["unsent"]["made"])
    assert (visit["state"], visit["summary"], visit["photo_ids"]) == (
        "done",
        "查看水表",
        [home.told["unsent"]["arrives"]],
    )
    assert visit["truth_grade"]
    assert home.stored("customer", uid("customer 0"))["note"] == "门铃坏了"
    job = home.stored("work_order", home.told["sheet"]["unsent_job"])
    assert (job["state"], job["pressure_kpa"], job["signature_id"]) == (
        "done",
        300,
        home.told["sheet"]["unsent"],
    )
    signature = home.stored("signature", home.told["sheet"]["unsent"])
    assert (signature["sheet_check"], signature["device_check"]) == ("kept", "valid")
    sealing.seal_history(home.database, home.settings.keys, home.settings.home)
    home.need_verified()


def test_its_parked_work_is_still_there_and_its_held_work_goes_on(home: Home) -> None:
    waiting = (
        "SELECT mutation_id::text, status, code FROM sync_waiting WHERE decided_at IS NULL ORDER BY place"
    )
    parked, held = home.told["waiting"]["parked"], home.told["waiting"]["held"]
    assert home.rows(waiting) == [(parked, "parked", "invalid"), (held, "held", "waits_for")]
    phone = home.phone("rep")
    phone.sync()
    with home.database.transaction() as session:
        retry_held(session)
    assert home.stored("visit", home.told["waiting"]["visit"])["state"] == "done"
    assert [row[0] for row in home.rows(waiting)] == [parked]
    phone.close()


def test_its_waiting_facts_are_served(home: Home, town: Town) -> None:
    waiting = "SELECT DISTINCT fact FROM outbox WHERE done_at IS NULL ORDER BY fact"
    assert [row[0] for row in home.rows(waiting)] == home.told["facts"]
    assert len(home.told["facts"]) >= 5
    serving.serve(home.database)
    assert home.rows(waiting) == []
    assert home.stored("customer", town["customer 1"])["pinyin"] == "ouyangfeng oyf"
    job = home.stored("work_order", uid("waiting job"))
    assert job["number"]
    assert job["due_at"]
    assert job["site_card"]["phone"] == "13777777777"
    assert job["cell_id"] == town["cell 1"]
    assert home.stored("service_point", uid("waiting point"))["cell_id"] == town["cell 1"]
    item = home.stored("item", uid("waiting item"))
    assert (item["is_priority"], item["cell_id"]) == (True, town["cell 0"])
