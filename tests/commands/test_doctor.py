"""Command `doctor`: a whole report, whatever is broken, with an exit status for whoever watches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.cli import main
from backend.core.keys import PURPOSES, Ring, keys_at
from backend.local import fonts as own_fonts
from backend.local.broker import Broker
from backend.local.cluster import Cluster


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", *arguments])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own, with nothing in it."""
    for name in ("DATABASE_URL", "BROKER_URL", "PUBLIC_URL", "KEYS_FILE"):
        monkeypatch.delenv(f"WANGGE_{name}", raising=False)
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path))
    return tmp_path


def test_a_machine_with_nothing_gets_a_whole_report(home: Path) -> None:
    said = doctor()
    assert said.exit_code == 1
    for name in ("database", "postgis", "pages", "fonts", "broker", "disk", "keys", "gateway", "certificate"):
        assert name in said.output
    assert "make run" in said.output
    # Looking makes nothing.
    assert [one.name for one in home.iterdir() if one.name not in ("logs", "locks")] == []


def test_a_database_that_refuses_is_one_line_of_several(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    said = doctor("--json")
    assert said.exit_code == 1
    found = {one["check"]: one for one in json.loads(said.output)}
    assert found["database"]["state"] == "fail"
    assert "WANGGE_DATABASE_URL" in found["database"]["remedy"]["zh"]
    assert found["postgis"]["state"] == "skipped"
    assert found["fonts"]["state"] == "ok"


def test_a_url_that_is_none_is_told_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_DATABASE_URL", "carrier://pigeon")
    assert doctor().exit_code == 1


def test_a_server_that_stands_passes(
    home: Path, cluster: Cluster, empty_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_doctor WITH (FORCE)")
    cluster.ensure_database("copy_doctor", empty_template)
    broker = Broker(home / "broker")
    broker.start()
    program, _ = cluster.where("pg_dump")
    monkeypatch.setenv("PATH", str(Path(program).parent), prepend=":")
    monkeypatch.setenv("WANGGE_DATABASE_URL", cluster.url("copy_doctor"))
    monkeypatch.setenv("WANGGE_BROKER_URL", broker.url)
    keys_at(home / "keys.json", "", "").write(Ring().rotated(PURPOSES))
    for app in ("console", "phone"):
        (home / "web" / app).mkdir(parents=True)
        (home / "web" / app / "index.html").write_text("<p>")
    said = doctor("--json")
    states = {one["check"]: one["state"] for one in json.loads(said.output)}
    # Only what nobody has done yet on a new server.
    assert {name for name, state in states.items() if state == "fail"} == {"backup"}
    assert said.exit_code == 1
    assert "1 failed" in doctor().output
    broker.stop()
    cluster.psql("postgres", "DROP DATABASE copy_doctor WITH (FORCE)")


def test_a_broker_of_a_running_server_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(home / "broker")
    broker.start()
    states = {one["check"]: one["state"] for one in json.loads(doctor("--json").output)}
    assert states["broker"] == "ok"
    broker.stop()


def test_fonts_are_looked_for_where_papers_find_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_FONTS", str(home))
    assert own_fonts.places(home, home) == (home,)
    monkeypatch.delenv("WANGGE_FONTS")
    assert own_fonts.places(home, home)[-1] == home
    assert len(own_fonts.places(home, home)) > 2
