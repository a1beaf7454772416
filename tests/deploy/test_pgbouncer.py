"""The web processes behind Debian's PgBouncer in transaction mode, set up as the operator's page says."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from backend.app import make_context
from backend.core.config import Settings
from backend.core.db import SESSION, make_engine
from backend.local.cluster import Cluster
from backend.local.processes import free_port, wait_for_port
from tests.conftest import own_port
from tests.deploy.debian import program
from tests.deploy.units import ROOT
from tests.factories import PASSWORD, Town, uid

PAGE = (ROOT / "docs/operating.md").read_text()
CONNECTIONS = 3


def block(beginning: str) -> str:
    """The block of code on the operator's page that begins so."""
    found = re.search(rf"```\w*\n({re.escape(beginning)}.*?)```", PAGE, re.S)
    assert found, beginning
    return found[1]


@pytest.fixture(scope="module")
def pooled(cluster: Cluster, town_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a pooler in front of a town, with a role prepared as the page says."""
    pgbouncer = program("pgbouncer", ["pgbouncer", "libc-ares2", "libevent-2.1-7"])
    folder, port = tmp_path_factory.mktemp("pooler"), free_port(own_port(19960))
    owner = cluster.socket.stat().st_uid
    user = cluster.url().split("//")[1].split("@")[0]
    cluster.ensure_database("copy_pooled", town_template)
    statements = block("ALTER ROLE wangge").replace("wangge", user)
    for statement in filter(None, (one.strip() for one in statements.split(";"))):
        cluster.psql("postgres", statement)
    written = (
        block("[pgbouncer]")
        .replace("6432", str(port))
        .replace("default_pool_size = 40", f"default_pool_size = {CONNECTIONS}")
    )
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={cluster.socket.resolve()} port=5432\n{written}\n"
        f"auth_type = trust\nauth_file = {folder}/users\nunix_socket_dir =\n"
        f"logfile = {folder}/log\npidfile = {folder}/pid\n"
    )
    (folder / "users").write_text(f'"{user}" ""\n')
    if os.geteuid() == 0:
        os.chown(folder, owner, owner)
        for one in (folder, *folder.parents):
            if one.stat().st_uid == os.geteuid() and one != Path("/"):
                one.chmod(one.stat().st_mode | 0o011)
    with subprocess.Popen(
        [str(pgbouncer.path), str(folder / "pgbouncer.ini")],
        env={**os.environ, **pgbouncer.environment},
        stderr=subprocess.DEVNULL,
        user=owner if os.geteuid() == 0 else None,
        extra_groups=[] if os.geteuid() == 0 else None,
    ) as process:
        try:
            wait_for_port(port)
            yield f"postgresql://{user}@127.0.0.1:{port}/copy_pooled"
        finally:
            process.terminate()
    for name in SESSION:
        cluster.psql("postgres", f'ALTER ROLE "{user}" RESET {name}')
    cluster.psql("postgres", "DROP DATABASE copy_pooled WITH (FORCE)")


def test_the_page_names_everything_that_a_session_goes_by() -> None:
    said = dict(re.findall(r"ALTER ROLE wangge SET (\w+) = '?(\w+)'?;", block("ALTER ROLE wangge")))
    assert said == SESSION


def test_web_processes_work_through_a_pooler(pooled: str, app: Flask, settings: Settings, town: Town) -> None:
    """Eight people at once over three connections, each of which every one of them is given in turn."""
    found = replace(settings, database_url=pooled, database_prepare_after=0)
    app.extensions["wangge"] = make_context(found)
    body = {"login": "T001", "password": PASSWORD, "device": {"id": uid("d"), "name": "desk"}}
    token = app.test_client().post("/api/v1/sessions", json=body).get_json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    def at_work(number: int) -> set[int]:
        http, path = app.test_client(), f"/api/v1/customers/{town[f'customer {1 + number % 2}']}"
        statuses = set()
        for turn in range(3):
            version = http.get(path, headers=headers).headers["ETag"]
            note = {"note": f"{number} {turn}"}
            written = http.patch(path, json=note, headers={**headers, "If-Match": version})
            statuses |= {written.status_code, http.get("/api/v1/work-orders", headers=headers).status_code}
            statuses.add(http.get("/readyz").status_code)
        return statuses

    with ThreadPoolExecutor(8) as pool:
        seen = set().union(*pool.map(at_work, range(8)))
    # 412: another one was faster, as it is without a pooler.
    assert seen <= {200, 412}
    app.extensions["wangge"].database.engine.dispose()


def test_sessions_behind_a_pooler_go_by_the_role_s_settings(pooled: str) -> None:
    engine = make_engine(pooled, prepare_after=None, poolclass=NullPool)
    with engine.connect() as connection:
        found = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in SESSION}
    assert found == SESSION


def test_prepared_statements_are_what_does_not_work(pooled: str) -> None:
    """Why the page asks for WANGGE_DATABASE_PREPARE_AFTER=0: this pooler keeps none for whom they are."""
    engine = make_engine(pooled, prepare_after=1, pool_size=CONNECTIONS * 2)

    def ask(number: int) -> bool:
        try:
            with engine.connect() as connection:
                for turn in range(20):
                    connection.execute(text("SELECT :n, pg_sleep(0.002)"), {"n": number + turn})
                    connection.commit()
        except (OperationalError, DBAPIError):
            return False
        return True

    with ThreadPoolExecutor(CONNECTIONS * 2) as pool:
        assert not all(pool.map(ask, range(CONNECTIONS * 2)))
    engine.dispose()
