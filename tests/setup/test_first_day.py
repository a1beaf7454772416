"""The guide `docs/first_day.md`, command by command: from an empty database to a job on a phone."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.demo.story_actors import until
from backend.local.cluster import Cluster
from mobile_api_spec.phone import Link, Phone
from tests.conftest import own_port

GUIDE = Path(__file__).parents[2] / "docs" / "first_day.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AFTERWARDS = '\necho "$SERVER" > server.pid\n'


def blocks(kind: str) -> list[str]:
    """What the guide says in one language."""
    return [said for of, said in BLOCK.findall(GUIDE.read_text("utf-8")) if of == kind]


@pytest.fixture
def day(cluster: Cluster, empty_template: str, tmp_path: Path) -> Iterator[subprocess.CompletedProcess[str]]:
    """All the guide's commands, one after the other, in a folder with its files; the server runs on."""
    assert shutil.which("curl"), "the guide's commands need curl"
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_first_day WITH (FORCE)")
    cluster.ensure_database("copy_first_day", empty_template)
    (file,), (cells,) = blocks("toml"), blocks("json")
    (tmp_path / "city.toml").write_text(file)
    (tmp_path / "cells.geojson").write_text(cells)
    (tmp_path / "day.sh").write_text("".join(blocks("sh")) + AFTERWARDS)
    own = {name: value for name, value in os.environ.items() if not name.startswith("WANGGE_")}
    own |= {
        "WANGGE_HOME": str(tmp_path / "home"),
        "WANGGE_DATABASE_URL": cluster.url("copy_first_day"),
        "WANGGE_FONTS": os.environ["WANGGE_FONTS"],
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PORT": str(own_port(19850)),
        "no_proxy": "*",
    }
    command = ["bash", "-euo", "pipefail", "day.sh"]
    done = subprocess.run(command, cwd=tmp_path, env=own, capture_output=True, text=True, check=False)
    yield done
    if (tmp_path / "server.pid").exists():
        server = int((tmp_path / "server.pid").read_text())
        os.kill(server, signal.SIGTERM)
        assert until(lambda: not Path(f"/proc/{server}").exists())
    cluster.psql("postgres", "DROP DATABASE copy_first_day WITH (FORCE)")


def test_the_guides_commands_lead_to_a_job_on_a_phone(
    day: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    log = tmp_path / "run.log"
    assert day.returncode == 0, f"{day.stdout}\n{day.stderr}\n{log.exists() and log.read_text()}"
    # Nobody works with what the demo prints, and the setup page is gone.
    assert "wangge-demo" not in log.read_text()
    assert "/setup#" not in log.read_text()
    port = own_port(19850)
    with_work = {
        "L001": ("granite-ribbon-24-quiet-otter", "work_order", "job.txt"),
        "R001": ("orchard-window-58-silver-kite", "customer", "customer.txt"),
    }
    for number, (password, kind, file) in with_work.items():
        phone = Phone(tmp_path / number, Link(f"http://127.0.0.1:{port}"))
        phone.sign_in(number, password)
        phone.sync()
        assert (tmp_path / file).read_text().strip() in phone.records(kind), number
        phone.close()
    lines = {one["code"]: one for one in json.loads((tmp_path / "checklist.json").read_text())}
    done = {code for code, one in lines.items() if one["state"] == "ok"}
    assert done >= {"hotline", "calendars", "matters", "cells", "accounts", "passwords", "crews", "customers",
                    "points", "demo", "keys"}  # fmt: skip
    assert lines["phones"]["missing"] == 2, "nobody had signed in on a phone yet"
    assert {code for code, one in lines.items() if one["state"] == "fail"} >= {"phones", "on_call", "backup"}
