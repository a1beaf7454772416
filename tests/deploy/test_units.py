"""The systemd units as written: verified, confined, and a whole server started by what they name."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import httpx
import pytest

from backend.core import config
from backend.demo.story_actors import until
from backend.local.cluster import Cluster
from backend.local.processes import free_port, ready_or_why
from tests.conftest import own_port
from tests.deploy.broker import OwnBroker
from tests.deploy.units import DEPLOY, ROOT, UNITS, VENV, Host, environment_of, read_unit, unprivileged

MOST_EXPOSURE = 4.0
needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")


def here(folder: Path) -> list[Path]:
    """The units with the paths of this checkout."""
    for name in UNITS:
        text = (DEPLOY / f"{name}.service").read_text()
        text = text.replace("/opt/wangge/.wangge/venv", str(VENV)).replace("/opt/wangge", str(ROOT))
        (folder / f"{name}.service").write_text(text)
    return [folder / f"{name}.service" for name in UNITS]


@needs_analyze
def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", *here(tmp_path)], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "wangge" in line]
    assert (done.returncode, ours) == (0, [])


@needs_analyze
@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_exposed_to_little(name: str) -> None:
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(DEPLOY / f"{name}.service")]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found, said
    assert float(found[1]) <= MOST_EXPOSURE


def test_the_units_are_confined_alike_and_may_open_files_from_outside_behind_walls() -> None:
    walls = [{(key, value) for _, key, value in read_unit(name).lines if key in CONFINING} for name in UNITS]
    assert walls[0] == walls[1] == walls[2]
    allowed = " ".join(read_unit("wangge-web").all("SystemCallFilter"))
    assert set(read_unit("wangge-web").one("RestrictNamespaces").split()) == {"user", "net", "ipc"}
    for call in ("seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"):
        assert call in allowed
    assert not [one for one in read_unit("wangge-web").lines if one[1] == "MemoryDenyWriteExecute"]


CONFINING = {
    "User", "UMask", "NoNewPrivileges", "CapabilityBoundingSet", "ProtectSystem", "ReadWritePaths",
    "RestrictAddressFamilies", "RestrictNamespaces", "SystemCallFilter", "SystemCallArchitectures",
}  # fmt: skip


def test_every_setting_of_the_example_is_one() -> None:
    example = environment_of((DEPLOY / "environment.example").read_text())
    known = {f"WANGGE_{one.name.upper()}" for one in fields(config.Settings)}
    assert set(example) <= known
    found = config.read(example)
    assert (str(found.home), found.proxies) == ("/opt/wangge/.wangge", 1)


def test_services_wait_for_the_schema_and_are_started_again_for_good() -> None:
    for name in ("wangge-web", "wangge-worker"):
        unit = read_unit(name)
        assert "wangge-migrate.service" in unit.one("Requires")
        assert "wangge-migrate.service" in unit.one("After")
        assert (unit.one("Restart"), unit.one("StartLimitIntervalSec")) == ("always", "0")
    migrate = read_unit("wangge-migrate")
    assert (migrate.one("Type"), migrate.one("TimeoutStartSec")) == ("oneshot", "infinity")
    # Whoever starts it again for an upgrade would otherwise stop the services that require it.
    assert migrate.one("RemainAfterExit") == ""


@pytest.fixture
def host(cluster: Cluster) -> Iterator[Host]:
    """A machine on an empty database that belongs to an ordinary role, with a broker."""
    owner = cluster.socket.stat().st_uid
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_units WITH (FORCE)")
    cluster.psql("postgres", "DROP ROLE IF EXISTS utility")
    cluster.psql("postgres", "CREATE ROLE utility LOGIN")
    cluster.psql("postgres", "CREATE DATABASE copy_units OWNER utility TEMPLATE template0")
    for extension in ("postgis", "pg_trgm"):
        cluster.psql("copy_units", f"CREATE EXTENSION {extension}")
    url = re.sub(r"//[^@]*@", "//utility@", cluster.url("copy_units"))
    port = free_port(own_port(19820))
    with OwnBroker(free_port(own_port(19870))) as broker:
        environment = {"WANGGE_DATABASE_URL": url, "WANGGE_BROKER_URL": broker.url}
        with Host(port, environment, unprivileged(owner)) as found:
            yield found
    cluster.psql("postgres", "DROP DATABASE copy_units WITH (FORCE)")
    cluster.psql("postgres", "DROP ROLE utility")


@pytest.mark.long
def test_a_server_started_by_its_units(host: Host) -> None:
    """On an empty database: schema, web and worker; ready when it answers; metrics of both web processes."""
    host.start("wangge-web")
    url = f"http://127.0.0.1:{host.port}"
    # ExecStartPost has ended: not a moment later than this it answers.
    assert ready_or_why(url) is None
    host.start("wangge-worker")
    assert host.starts == {"wangge-migrate": 2, "wangge-web": 1, "wangge-worker": 1}
    asked = 60
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: httpx.get(f"{url}/healthz", trust_env=False), range(asked)))
    assert {one.status_code for one in answers} == {200}
    # Whichever process answers tells what both have counted.
    for _ in range(6):
        metrics = httpx.get(f"{url}/metrics", trust_env=False).text
        found = re.search(r'wangge_requests_total\{[^}]*route="/healthz"[^}]*\} ([\d.]+)', metrics)
        assert found, metrics
        assert float(found[1]) == asked
    os.kill(host.pid("wangge-worker"), signal.SIGKILL)
    assert until(lambda: host.starts["wangge-worker"] == 2, 30)
