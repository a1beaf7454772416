"""A home of commit 8bd9847, upgraded: its seals are verified, its cursor goes on, its links open.

They do so after each rotation too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from backend import migrations
from backend.app import make_context
from backend.core import config
from backend.core.actor import system
from backend.core.db import Database, make_engine
from backend.core.keys import CURSORS, PURPOSES, SEALS
from backend.core.services import record_writer
from backend.evidence.kinds.seal import Seal, SealingKey
from backend.evidence.services import sealing
from backend.local.cluster import Cluster
from sync.cursor import CursorSeal
from tests import factories
from tests.factories import Town, uid

KEPT = Path(__file__).parents[1] / "fixtures/home_8bd9847"
TOLD: dict[str, Any] = json.loads((KEPT / "kept.json").read_text())


@dataclass
class OldHome:
    """The upgraded home: its settings, its database, and the web application on both."""

    settings: config.Settings
    database: Database
    app: Flask

    def pull(self) -> Any:
        """What the phone gets with the cursor of before."""
        with self.database.transaction() as session:
            token = factories.token_for(session, self.settings, "rep")
        body = {"store": TOLD["store"], "cursor": TOLD["cursor"]}
        headers = {"Authorization": f"Bearer {token}"}
        return self.app.test_client().post("/api/v1/sync/pull", json=body, headers=headers)

    def seals(self) -> list[Any]:
        """The walk over the seals, with the witness of before."""
        with self.database.transaction() as session:
            return list(sealing.verify_history(session, self.settings.keys, [KEPT / sealing.WITNESS]))

    def need_links(self) -> None:
        """Each kind of link opens."""
        anybody, links = self.app.test_client(), TOLD["links"]
        assert anybody.get(f"/api/v1/shared-papers/{links['paper']}").data.startswith(b"%PDF")
        assert anybody.get(f"/api/v1/shared-photos/{links['picture']}").mimetype == "image/jpeg"
        sheet = anybody.post("/api/v1/public/confirmations/sheet", json={"token": links["confirmation"]})
        assert sheet.status_code == 200, sheet.text
        job = anybody.post(
            "/api/v1/contractors/job", headers={"Authorization": f"Bearer {links['contractor']}"}
        )
        assert job.status_code == 200, job.text

    def need_whole(self) -> None:
        """Nothing that was signed has ended."""
        found = self.seals()
        assert all(isinstance(one, Seal) for one in found), found[-1]
        assert sum(one.rows for one in found[:2]) == TOLD["rows"]
        answer = self.pull()
        assert answer.status_code == 200, answer.text
        self.need_links()

    def rotate(self, purpose: str) -> None:
        """A new key for one purpose."""
        self.settings.keys.write(self.settings.keys.ring().rotated([purpose]))


def _restore(cluster: Cluster, name: str) -> None:
    """The dump as it is, and transaction ids as far as they were there."""
    cluster.psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    cluster.ensure_database(name)
    program, environment = cluster.where("pg_restore")
    command = [
        program,
        "--no-owner",
        "--exit-on-error",
        f"--dbname={cluster.url(name)}",
        str(KEPT / "database.dump"),
    ]
    subprocess.run(command, env=environment, check=True)
    reached = CursorSeal((KEPT / "secret-key").read_text()).open(TOLD["cursor"])[0].highest_xid
    cluster.psql(
        name,
        f"DO $$ BEGIN WHILE pg_snapshot_xmax(pg_current_snapshot())::text::bigint < {reached + 3} "
        "LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
    )


@pytest.fixture
def old_home(cluster: Cluster, tmp_path: Path, web: Flask) -> Iterator[OldHome]:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("secret-key", sealing.WITNESS):
        shutil.copy(KEPT / name, home / name)
    shutil.copytree(KEPT / "objects", home / "objects")
    _restore(cluster, "copy_old_home")
    environment = {"WANGGE_HOME": str(home), "WANGGE_FONTS": os.environ["WANGGE_FONTS"]}
    settings = replace(config.read(environment), limits_enabled=False)
    settings.keys.ensure(home)
    database = Database(make_engine(cluster.url("copy_old_home")))
    migrations.upgrade(database.engine)
    assert migrations.differences(database.engine) == []
    web.extensions["wangge"] = make_context(settings, database)
    yield OldHome(settings, database, web)
    database.engine.dispose()
    cluster.psql("postgres", "DROP DATABASE copy_old_home WITH (FORCE)")


def test_what_was_signed_before_stays_good_whatever_key_is_rotated(old_home: OldHome, town: Town) -> None:
    assert old_home.pull().get_json()["lines"] == []
    old_home.need_whole()
    with old_home.database.transaction() as session:
        record_writer.change(
            session, system(town["north"]), "customer", town["customer 0"], {"note": "after the upgrade"}
        )
    lines = old_home.pull().get_json()["lines"]
    # The change, and the contractor's job, which was opened by its link.
    assert {(one["kind"], one["id"]) for one in lines} == {
        ("customer", town["customer 0"]),
        ("work_order", uid("errand")),
    }
    for n, purpose in enumerate(PURPOSES):
        old_home.rotate(purpose)
        old_home.need_whole()
        with old_home.database.transaction() as session:
            record_writer.change(
                session, system(town["north"]), "customer", town["customer 0"], {"note": f"{n}"}
            )
        assert sealing.seal_history(old_home.database, old_home.settings.keys, old_home.settings.home) > 0
    old_home.need_whole()
    assert len(old_home.seals()) == 2 + len(PURPOSES)


def test_old_seals_are_verified_without_their_secret(old_home: OldHome, town: Town) -> None:
    ring = old_home.settings.keys.ring()
    first = ring.of(SEALS)[0]
    with old_home.database.transaction() as session:
        record_writer.change(session, system(town["north"]), "customer", town["customer 0"], {"note": "new"})
    assert sealing.seal_history(old_home.database, old_home.settings.keys, old_home.settings.home) > 0
    old_home.settings.keys.write(ring.without(first.id))
    found = old_home.seals()
    assert [one.key_id for one in found] == [None, None, ring.of(SEALS)[-1].id]
    with old_home.database.transaction() as session:
        kept = session.get(SealingKey, first.id)
        assert kept is not None and (kept.last_number, kept.successor) == (2, found[-1].key_id)
        session.execute(
            text("UPDATE sealing_key SET public_key = set_byte(public_key, 0, get_byte(public_key, 0) # 1)")
        )
    assert old_home.seals()[0].row is not None


def test_a_forgotten_key_ends_what_it_signed(old_home: OldHome) -> None:
    ring = old_home.settings.keys.ring()
    for one in ring.of(CURSORS)[:-1]:
        ring = ring.without(one.id)
    old_home.settings.keys.write(ring)
    answer = old_home.pull()
    assert (answer.status_code, answer.get_json()["code"]) == (409, "start_compare")
