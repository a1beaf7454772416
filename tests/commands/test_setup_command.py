"""Command `setup`: by flags, by a file, by answers; and what a server says that nobody has set up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from backend.cli import main
from backend.commands import serving
from backend.commands import setup as command
from backend.core import config
from backend.core.db import Database, make_engine
from backend.core.installation import USUAL, installed_as
from backend.local.cluster import Cluster
from backend.local.machine import Machine
from backend.setup.services.page_token import need_token

Run = Callable[..., Result]
FLAGS = ("--group", "清河水务", "--branch", "城东营业所", "--language", "zh", "--currency", "CNY",
         "--time-zone", "Asia/Shanghai", "--country", "CN", "--administrator", "A001",
         "--administrator-name", "王芳")  # fmt: skip
CELL = {"type": "Polygon", "coordinates": [[[120.3, 36.0], [120.4, 36.0], [120.4, 36.1], [120.3, 36.0]]]}
MAP = {
    "type": "FeatureCollection",
    "features": [{"type": "Feature", "properties": {"name": "一号", "code": "C1"}, "geometry": CELL}],
}


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What is set up here holds for this process: not so in the tests after it."""
    with installed_as(USUAL):
        yield


@pytest.fixture
def empty(cluster: Cluster, empty_template: str) -> Iterator[Database]:
    """An operator's own database, migrated, with nothing in it."""
    cluster.psql("postgres", "DROP DATABASE IF EXISTS copy_setup WITH (FORCE)")
    cluster.ensure_database("copy_setup", empty_template)
    engine = make_engine(cluster.url("copy_setup"), pool_size=2)
    yield Database(engine)
    engine.dispose()
    cluster.psql("postgres", "DROP DATABASE copy_setup WITH (FORCE)")


@pytest.fixture
def run(cluster: Cluster, empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("--group", …)` is the command, typed where nobody answers questions."""
    monkeypatch.setenv("WANGGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WANGGE_DATABASE_URL", cluster.url("copy_setup"))
    monkeypatch.setattr(command, "is_at_terminal", lambda: False)
    return lambda *arguments, **options: CliRunner().invoke(main, ["setup", *arguments], **options)


def names(database: Database, asked: str) -> list[str]:
    with database.snapshot() as session:
        return [str(one) for one in session.execute(text(asked)).scalars()]


def test_flags_say_all_of_it(run: Run, empty: Database) -> None:
    said = run(*FLAGS)
    assert said.exit_code == 0, said.output
    assert "A001" in said.output
    assert names(empty, "SELECT name FROM unit ORDER BY level DESC") == ["清河水务", "城东营业所"]
    again = run(*FLAGS)
    assert again.exit_code == 1
    assert "已经设置过了" in again.output
    assert "has been set up already" in again.output


def test_what_is_missing_is_named_and_nothing_is_written(run: Run, empty: Database) -> None:
    said = run("--group", "清河水务", "--time-zone", "Mars/Olympus")
    assert said.exit_code == 1
    for field in ("language", "time_zone", "currency", "administrator"):
        assert f"{field}:" in said.output, field
    assert names(empty, "SELECT name FROM unit") == []


def test_questions_ask_for_what_no_flag_says(
    run: Run, empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "is_at_terminal", lambda: True)
    answers = ["清河水务", "-", "", "", "", "-", "A7", "王芳", "城东，城西、城北"]
    said = run("--no-matters", input="\n".join(answers) + "\n")
    assert said.exit_code == 0, said.output
    assert names(empty, "SELECT name FROM unit WHERE level = 'branch' ORDER BY created_at, id") == [
        "城东", "城西", "城北"]  # fmt: skip
    assert names(empty, "SELECT hotline FROM unit WHERE level = 'group'") == ["None"]
    assert names(empty, "SELECT staff_number FROM staff") == ["A7"]
    assert names(empty, "SELECT count(*) FROM matter") == ["0"]
    assert names(empty, "SELECT is_published FROM calendar") == ["False", "False"]


def test_a_flag_is_not_asked_for_again(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "is_at_terminal", lambda: True)
    said = run(*FLAGS, input="-\n")
    assert said.exit_code == 0, said.output
    assert "货币" not in said.output


def test_a_file_says_it_and_flags_say_otherwise(run: Run, empty: Database, tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text(
        'language = "en"\ntime_zone = "America/Los_Angeles"\ncurrency = "USD"\n'
        '[group]\nname = "Harbor Water"\n[administrator]\nnumber = "A1"\nname = "Ann Lee"\n'
        '[calendar]\ncountry = "US"\n'
        '[territory]\nfile = "cells.geojson"\nname_field = "name"\ncode_field = "code"\n'
    )
    (tmp_path / "cells.geojson").write_text(json.dumps(MAP))
    said = run("--file", str(tmp_path / "city.toml"), "--group", "Bay Water", "--json")
    assert said.exit_code == 0, said.output
    made = json.loads(said.stdout)
    assert list(made["units"]) == ["Bay Water"]
    assert made["staff_number"] == "A1"
    # The map's cells are the group's: there is no branch.
    assert names(empty, "SELECT unit_id::text FROM cell") == [made["units"]["Bay Water"]]
    assert names(empty, "SELECT settings->>'currency' FROM installation") == ["USD"]


def test_cells_go_to_the_only_branch(run: Run, empty: Database, tmp_path: Path) -> None:
    (tmp_path / "cells.geojson").write_text(json.dumps(MAP))
    said = run(*FLAGS, "--territory", str(tmp_path / "cells.geojson"), "--json")
    assert said.exit_code == 0, said.output
    assert names(empty, "SELECT unit_id::text FROM cell") == [json.loads(said.stdout)["units"]["城东营业所"]]


@pytest.mark.parametrize("text_", ['{"type": "FeatureCollection", "features": []}', "no map at all"])
def test_a_map_that_cannot_be_read_leaves_nothing_half_set_up(
    run: Run, empty: Database, tmp_path: Path, text_: str
) -> None:
    (tmp_path / "cells.geojson").write_text(text_)
    said = run(*FLAGS, "--territory", str(tmp_path / "cells.geojson"))
    assert said.exit_code == 1
    assert "A001" not in said.output, "there is no password of nobody"
    for table in ("unit", "account", "cell"):
        assert names(empty, f"SELECT count(*) FROM {table}") == ["0"], table
    # With another file it goes on as if nothing had been.
    (tmp_path / "cells.geojson").write_text(json.dumps(MAP))
    assert run(*FLAGS, "--territory", str(tmp_path / "cells.geojson")).exit_code == 0
    assert names(empty, "SELECT count(*) FROM ground_plan WHERE state = 'applied'") == ["1"]
    assert names(empty, "SELECT count(*) FROM ground_plan") == ["1"]


def test_cells_of_a_unit_that_is_not_named_are_told_before_anything_is_written(
    run: Run, empty: Database, tmp_path: Path
) -> None:
    (tmp_path / "cells.geojson").write_text(json.dumps(MAP))
    said = run(*FLAGS, "--territory", str(tmp_path / "cells.geojson"), "--territory-unit", "城南")
    assert said.exit_code == 1
    assert "城南" in said.output
    assert names(empty, "SELECT count(*) FROM unit") == ["0"]


def test_a_map_that_is_not_there_is_told_before_anything_is_written(
    run: Run, empty: Database, tmp_path: Path
) -> None:
    (tmp_path / "city.toml").write_text('[territory]\nfile = "nowhere.geojson"\n')
    said = run(*FLAGS, "--file", str(tmp_path / "city.toml"))
    assert said.exit_code == 1
    assert "nowhere.geojson" in said.output
    assert names(empty, "SELECT count(*) FROM unit") == ["0"]


def test_a_file_that_is_no_toml_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "city.toml").write_text("group = ")
    said = run("--file", str(tmp_path / "city.toml"))
    assert said.exit_code == 1
    assert "first_day.md" in said.output


def test_the_page_gets_a_token_that_opens_it(run: Run, empty: Database) -> None:
    said = run("--page")
    assert said.exit_code == 0, said.output
    token = said.output.rpartition("#")[2].strip()
    with empty.glance_at_models() as session:
        need_token(session, token)
    run(*FLAGS)
    late = run("--page")
    assert late.exit_code == 1
    assert "已经设置过了" in late.output


def test_a_server_says_where_its_setup_page_is_until_it_is_set_up(
    run: Run, empty: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    token = serving._token_of_setup(empty)
    assert token
    machine = Machine(config.read())
    serving._greet("http://here", machine, token, False)
    assert f"http://here/setup#{token}" in capsys.readouterr().out
    run(*FLAGS)
    assert serving._token_of_setup(empty) is None
    assert serving._is_demo(empty, "empty") is False
    serving._greet("http://here", machine, None, False)
    said = capsys.readouterr().out
    assert "http://here/m/" in said
    assert "setup" not in said
    assert "wangge-demo" not in said


def test_the_demo_city_is_no_beginning_for_a_real_one(database: Database) -> None:
    assert serving._is_demo(database, "demo") is False
    with database.transaction() as session:
        session.execute(text("UPDATE account SET is_demo = true"))
    assert serving._is_demo(database, "demo") is True
    with pytest.raises(serving.click.ClickException, match="WANGGE_HOME"):
        serving._is_demo(database, "empty")
